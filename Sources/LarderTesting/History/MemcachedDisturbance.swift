import Larder

/// Breaks the memcached servers that a history stands on, again and again, at calls that the seed picks.
///
/// ```swift
/// let disturbance = MemcachedDisturbance([.kill, .evictions], servers: servers) {
///     for key in probes { _ = try await client.get(key) }
/// }
/// let history = try await HistoryRun.live(seed: 7, .disturbed, namespace: namespace) { _, count in
///     Array(repeating: .memcached(client), count: count)
/// } disturbance: {
///     try await disturbance.run($0)
/// }
/// ```
///
/// Nothing that was invalidated may come back whatever is done: a server that is started anew is empty, and has forgotten nothing that
/// another could still have.
public struct MemcachedDisturbance: Sendable {
    /// What is done to a server.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// It is frozen for up to a quarter of a second (SIGSTOP, SIGCONT).
        case pause
        /// Up to a third of its items go: entries with their leases, records of tags, the stamp.
        case evictions
        /// It is killed (SIGKILL), and starts anew after up to a fifth of a second, empty.
        case kill
    }

    /// What happens when so many calls have begun.
    public struct Event: Sendable, Hashable {
        /// What happens.
        public let kind: Kind
        /// How many calls have begun.
        public let call: Int
        /// What else is to be drawn for it.
        let seed: UInt64
    }

    private let kinds: [Kind]
    private let servers: [MemcachedServer]
    private let drain: @Sendable () async throws -> Void

    /// Describes how servers are broken.
    ///
    /// - Parameters:
    ///   - kinds: What is done to them.
    ///   - servers: The servers; each event picks one.
    ///   - drain: Waits, on each connection of the history's clients, for the answer to a request that is sent now: then the servers have
    ///     dealt with what was sent before. It may throw while a server is away, and is called again.
    public init(
        _ kinds: Set<Kind>,
        servers: [MemcachedServer],
        drain: @escaping @Sendable () async throws -> Void
    ) {
        self.kinds = Kind.allCases.filter(kinds.contains)
        self.servers = servers
        self.drain = drain
    }

    /// What happens to a history, in order; the same for the same seed.
    ///
    /// - Parameter seed: The history's seed.
    /// - Returns: The events.
    public func events(seed: UInt64) -> [Event] {
        if self.kinds.isEmpty { return [] }
        var random = SeededGenerator(seed: seed, 0x3E3CAC4E)
        var events: [Event] = []
        for _ in 0..<Int.random(in: 3...6, using: &random) {
            let call = Int.random(in: 8..<190, using: &random)
            events.append(Event(kind: random.pick(self.kinds), call: call, seed: random.next()))
        }
        return events.sorted { ($0.call, $0.seed) < ($1.call, $1.seed) }
    }

    /// Disturbs a history until all has happened.
    ///
    /// - Parameter history: The history.
    /// - Throws: `TestServerError` where a server does not do what it is told; `CancellationError` at the history's end. The servers
    ///   are awake and running then.
    public func run(_ history: HistoryControl) async throws {
        for event in self.events(seed: history.seed) {
            try await history.reached(event.call)
            var random = SeededGenerator(seed: event.seed)
            let server = random.pick(self.servers)
            switch event.kind {
            case .pause: try await self.pause(server, history, &random)
            case .evictions: try await self.evict(server, history, &random)
            case .kill: try await self.kill(server, history, &random)
            }
            history.noteDisturbance()
        }
    }

    private func pause(
        _ server: MemcachedServer,
        _ history: HistoryControl,
        _ random: inout SeededGenerator
    ) async throws {
        let duration = Duration.milliseconds(Int64.random(in: 20...250, using: &random))
        history.narrowGate(to: Int.random(in: 6...20, using: &random))
        defer { history.openGate() }
        // Of a server that did not answer in time nothing is read any more that it had then.
        history.canLoseEntries(from: history.now)
        server.pause()
        // At the history's end it has slept long enough.
        try? await Task.sleep(for: duration)
        server.resume()
        try await self.settle(history)
    }

    private func evict(
        _ server: MemcachedServer,
        _ history: HistoryControl,
        _ random: inout SeededGenerator
    ) async throws {
        let listing = try await server.command("lru_crawler metadump hash")
        let names = listing.split(whereSeparator: \.isNewline).compactMap { line -> String? in
            guard line.hasPrefix("key="), let name = line.dropFirst(4).split(separator: " ").first else { return nil }
            // Names that the server had to escape are left alone.
            return name.contains("%") ? nil : String(name)
        }.sorted()
        let count = Int.random(in: 1...max(1, names.count / 3), using: &random)
        let begin = history.now
        for name in names.shuffled(using: &random).prefix(count) {
            // The stamp is one of many, and without it all goes: it has its own chance.
            if name.hasSuffix(":stamp"), !random.happens(30) { continue }
            try await server.command("md \(name)")
        }
        history.lostEntries(since: begin)
    }

    private func kill(
        _ server: MemcachedServer,
        _ history: HistoryControl,
        _ random: inout SeededGenerator
    ) async throws {
        let pause = Duration.milliseconds(Int64.random(in: 0...200, using: &random))
        let begin = history.now
        history.canLoseEntries(from: begin)
        history.narrowGate(to: Int.random(in: 6...20, using: &random))
        defer { history.openGate() }
        await server.kill()
        // Nothing that was sent before reaches anybody any more.
        let bound = history.now
        try? await Task.sleep(for: pause)
        try await server.restart()
        history.lostEntries(since: begin)
        // Of one server's connections; the others have dealt with what came before this.
        try await self.settle(history, endedBy: bound)
    }

    /// Waits until those who have called in a disturbance have heard what has become of it, and servers have dealt with what they have been
    /// sent by then, and writes that down.
    private func settle(_ history: HistoryControl, endedBy known: Int64? = nil) async throws {
        if known == nil { try? await Task.sleep(for: .milliseconds(15)) }
        let bound = known ?? history.now
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while true {
            do {
                try await self.drain()
                break
            } catch {
                // Its failures are part of the disturbance.
                guard ContinuousClock.now < deadline else { throw error }
                // At the history's end, too.
                try? await Task.sleep(for: .milliseconds(5))
                if Task.isCancelled { return }
            }
        }
        history.settle(endedBy: bound)
    }
}
