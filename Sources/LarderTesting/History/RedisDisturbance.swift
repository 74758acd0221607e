public import Larder

/// Breaks the Redis server that a history stands on, again and again, at calls that the seed picks.
///
/// ```swift
/// let disturbance = RedisDisturbance([.pause, .evictions], server: server, namespace: namespace) {
///     try await client.info("server").runID ?? ""
/// }
/// let history = try await HistoryRun.live(seed: 7, .disturbed, namespace: namespace) { _, count in
///     Array(repeating: .redis(client), count: count)
/// } disturbance: {
///     try await disturbance.run($0)
/// }
/// ```
public struct RedisDisturbance: Sendable {
    /// What is done to the server.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// It is frozen for up to a quarter of a second (SIGSTOP, SIGCONT).
        case pause
        /// All connections are killed.
        case connections
        /// It forgets its scripts.
        case scripts
        /// Up to a third of the namespace's keys go: entries, leases, records of tags and the stamp alike.
        case evictions
        /// It is killed (SIGKILL) and starts empty; once in a history.
        case kill
        /// It is killed and starts from a snapshot that was saved earlier in the history; once in a history.
        case restore
    }

    /// What happens when so many calls have begun.
    public struct Event: Sendable, Hashable {
        /// What happens; `nil`, a snapshot is saved.
        public let kind: Kind?
        /// How many calls have begun.
        public let call: Int
        /// What else is to be drawn for it.
        let seed: UInt64
    }

    /// How long the server may take to come back, and the client to see it.
    private static let patience = Duration.seconds(10)

    private let kinds: [Kind]
    private let server: RedisServer
    private let namespace: CacheNamespace
    private let runID: @Sendable () async throws -> String

    /// Describes what is done to a server.
    ///
    /// - Parameters:
    ///   - kinds: What is done to it.
    ///   - server: The server, which nobody else uses.
    ///   - namespace: The history's namespace, whose keys are evicted.
    ///   - runID: Asks the server for its run id (`INFO server`) with the client of the history's caches: a server that
    ///     is killed counts as gone until that answers with another one.
    public init(
        _ kinds: Set<Kind>,
        server: RedisServer,
        namespace: CacheNamespace,
        runID: @escaping @Sendable () async throws -> String
    ) {
        self.kinds = Kind.allCases.filter(kinds.contains)
        self.server = server
        self.namespace = namespace
        self.runID = runID
    }

    /// What happens to a history, in order; the same for the same seed.
    ///
    /// - Parameter seed: The history's seed.
    /// - Returns: The events.
    public func events(seed: UInt64) -> [Event] {
        var random = SeededGenerator(seed: seed, 0xD157)
        var events: [Event] = []
        let repeatable = self.kinds.filter { $0 != .kill && $0 != .restore }
        if !repeatable.isEmpty {
            for _ in 0..<Int.random(in: 3...6, using: &random) {
                let call = Int.random(in: 8..<190, using: &random)
                events.append(Event(kind: random.pick(repeatable), call: call, seed: random.next()))
            }
        }
        let final = self.kinds.filter { $0 == .kill || $0 == .restore }
        if !final.isEmpty {
            let kind = random.pick(final)
            if kind == .restore {
                let call = Int.random(in: 10..<60, using: &random)
                events.append(Event(kind: nil, call: call, seed: random.next()))
            }
            let call = Int.random(in: 70..<130, using: &random)
            events.append(Event(kind: kind, call: call, seed: random.next()))
        }
        return events.sorted { ($0.call, $0.seed) < ($1.call, $1.seed) }
    }

    /// Disturbs a history until all has happened.
    ///
    /// - Parameter history: The history.
    /// - Throws: `TestServerError` where the server does not do what it is told; `CancellationError` at the history's end. The
    ///   server is awake and running then.
    public func run(_ history: HistoryControl) async throws {
        for event in self.events(seed: history.seed) {
            try await history.reached(event.call)
            var random = SeededGenerator(seed: event.seed)
            switch event.kind {
            case .pause: try await self.pause(history, &random)
            case .connections: try await self.killConnections(history, &random)
            case .scripts: try await self.expect("+OK", "SCRIPT", "FLUSH")
            case .evictions: try await self.evict(history, &random)
            case .kill, .restore: try await self.replace(history, &random)
            case nil: try await self.expect("+OK", "SAVE")
            }
            history.noteDisturbance()
        }
    }

    private func drain(_ history: HistoryControl) async throws {
        try await history.settle(on: [self.server])
    }

    // MARK: What happens

    private func pause(_ history: HistoryControl, _ random: inout SeededGenerator) async throws {
        let duration = Duration.milliseconds(Int64.random(in: 20...250, using: &random))
        history.narrowGate(to: Int.random(in: 6...20, using: &random))
        defer { history.openGate() }
        self.server.pause()
        // At the history's end it has slept long enough.
        try? await Task.sleep(for: duration)
        self.server.resume()
        try await self.drain(history)
    }

    private func killConnections(_ history: HistoryControl, _ random: inout SeededGenerator) async throws {
        history.narrowGate(to: Int.random(in: 4...12, using: &random))
        defer { history.openGate() }
        for type in ["normal", "pubsub"] {
            try await self.expect(":", "CLIENT", "KILL", "TYPE", type, "SKIPME", "yes")
        }
        try await self.drain(history)
    }

    private func evict(_ history: HistoryControl, _ random: inout SeededGenerator) async throws {
        let keys = try await self.keys()
        let count = Int.random(in: 1...max(1, keys.count / 3), using: &random)
        var victims = keys.shuffled(using: &random).prefix(count)
        // Stamp and serial are two of many, and without them all goes: they have their own chance. Without the serial alone
        // all would go too, but only when somebody writes the next time, which nobody here could tell.
        let metadata = ["{@\(self.namespace.name)}:stamp", "{@\(self.namespace.name)}:serial"]
        victims.removeAll { metadata.contains($0) }
        if random.happens(30) { victims += metadata }
        let begin = history.now
        for victim in victims { try await self.expect(":", "UNLINK", victim) }
        history.lostEntries(since: begin)
    }

    /// Kills the server and starts it anew, with what it finds in its directory.
    private func replace(_ history: HistoryControl, _ random: inout SeededGenerator) async throws {
        let old = try await self.seenRunID(otherThan: nil)
        let begin = history.now
        history.narrowGate(to: Int.random(in: 6...20, using: &random))
        defer { history.openGate() }
        await self.server.kill()
        let bound = history.now
        try await self.server.restart()
        do {
            _ = try await self.seenRunID(otherThan: old)
        } catch {
            // The history has ended before.
            history.restarted(since: begin, endedBy: bound)
            throw error
        }
        history.restarted(since: begin, endedBy: bound)
        try await self.drain(history)
    }

    // MARK: Asking the server

    /// The server's run id as the caches' client sees it, once that is another one than before.
    private func seenRunID(otherThan old: String?) async throws -> String {
        let deadline = ContinuousClock.now.advanced(by: Self.patience)
        while true {
            // Its failures are part of the disturbance.
            if let seen = try? await self.runID(), !seen.isEmpty, seen != old { return seen }
            guard ContinuousClock.now < deadline else {
                throw TestServerError(.noAnswer, "The client has not seen the server within \(Self.patience).")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private func expect(_ prefix: String, _ words: String...) async throws {
        let reply = try await self.server.command(words)
        guard reply.hasPrefix(prefix) else {
            throw TestServerError(.noAnswer, "Redis answered \(words[0]) with \(reply.prefix(40)).")
        }
    }

    /// All keys of the namespace, leases included, in order.
    private func keys() async throws -> [String] {
        let reply = try await self.server.command(["KEYS", "*\(GlobPattern.escaping(self.namespace.name).text)*"])
        let name = "\(self.namespace.name):"
        let metadata = "{@\(self.namespace.name)}:"
        return reply.split(separator: "\r\n").map(String.init)
            .filter { $0.hasPrefix(name) || $0.hasPrefix("{\(name)") || $0.hasPrefix(metadata) }.sorted()
    }
}
