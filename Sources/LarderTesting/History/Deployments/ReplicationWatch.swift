import Synchronization

/// Looks at a primary every few milliseconds, so that one can tell afterwards what its successor did not get, and until when it
/// could still answer somebody.
///
/// A primary has put a write into its stream before it acknowledges it. So a successor that has as much of the stream as the
/// primary had at a moment has all that was acknowledged before. How much it had when it became a primary, a server says
/// exactly (`second_repl_offset`).
final class ReplicationWatch: Sendable {
    private struct Sample {
        /// A moment before the server was asked.
        var asked: Int64
        /// A moment after it had answered.
        var answered: Int64
        var status: RedisServer.ReplicationStatus
        /// Whether clients were connected.
        var hasCallers: Bool
    }

    private let server: RedisServer
    private let history: HistoryControl
    private let samples = Mutex<[Sample]>([])

    /// Watches nothing yet.
    ///
    /// - Parameters:
    ///   - server: The primary.
    ///   - history: Whose moments are noted.
    init(_ server: RedisServer, _ history: HistoryControl) {
        self.server = server
        self.history = history
    }

    /// Watches until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let asked = self.history.now
            let commands = [["INFO", "replication"], ["CLIENT", "LIST", "TYPE", "NORMAL"]]
            // Of one that is killed or paused there is nothing to note.
            if let replies = try? await self.server.order(commands, atMost: .milliseconds(500)) {
                let sample = Sample(
                    asked: asked,
                    answered: self.history.now,
                    status: RedisServer.ReplicationStatus(lines: replies[0].lines),
                    hasCallers: Self.namesCallers(replies[1].text ?? "")
                )
                self.samples.withLock { $0.append(sample) }
            }
            // Who is cancelled stops at the next look.
            try? await Task.sleep(for: .milliseconds(4))
        }
    }

    /// Whether a list of connections names others than those of Sentinels, and those through which tests look at the server.
    private static func namesCallers(_ list: String) -> Bool {
        list.split(separator: "\n").contains { line in
            let words = line.split(separator: " ")
            let isLocal = words.contains { $0.hasPrefix("flags=") && $0.contains("U") }
            return !isLocal && !words.contains { $0.hasPrefix("name=sentinel-") }
        }
    }

    /// Waits until there is something to compare with.
    ///
    /// - Throws: `TestServerError` where the server does not call itself a primary.
    func awaitFirst() async throws {
        try await AwaitedState.hold("A primary at port \(self.server.port)", within: .seconds(10)) {
            self.samples.withLock { $0.contains { $0.status.isPrimary } }
        }
    }

    /// The last moment before which nothing was acknowledged that the successor does not have.
    ///
    /// - Parameter successor: What the new primary says of itself.
    /// - Returns: The moment.
    /// - Throws: `TestServerError` where it did not even have what there was at the first look.
    func lastMoment(keptBy successor: RedisServer.ReplicationStatus) throws -> Int64 {
        let sample = self.samples.withLock { samples in
            samples.last {
                $0.status.isPrimary && $0.status.streamID == successor.formerStreamID
                    && $0.status.offset <= successor.formerOffset
            }
        }
        guard let sample else {
            throw TestServerError(.notReady, "The successor of the server at port \(self.server.port) lacks too much.")
        }
        return sample.asked
    }

    /// Waits until the server does not call itself a primary any more.
    ///
    /// - Throws: `TestServerError` where it takes longer than ten seconds.
    func awaitDemotion() async throws {
        try await AwaitedState.hold("A primary at port \(self.server.port) that gives up", within: .seconds(10)) {
            self.samples.withLock { $0.last?.status.isPrimary == false }
        }
    }

    /// The moment after which the server, as a primary, answered no client any more.
    ///
    /// - Parameter start: A moment.
    /// - Returns: The moment; `nil` where no client was connected after `start`.
    func lastAnswer(after start: Int64) -> Int64? {
        self.samples.withLock { samples in
            let last = samples.lastIndex { $0.answered > start && $0.status.isPrimary && $0.hasCallers }
            guard let last else { return nil }
            // They may have stayed until just before the next look.
            return last + 1 < samples.count ? samples[last + 1].answered : self.history.now
        }
    }
}
