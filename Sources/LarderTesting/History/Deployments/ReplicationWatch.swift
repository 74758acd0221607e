import Synchronization

/// Notes how much of its stream a primary has, every few milliseconds, so that one can tell afterwards what its successor did not get.
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
            // Of one that is killed or paused there is nothing to note.
            if let status = try? await self.server.replicationStatus(atMost: .milliseconds(500)) {
                let sample = Sample(asked: asked, answered: self.history.now, status: status)
                self.samples.withLock { $0.append(sample) }
            }
            // Who is cancelled stops at the next look.
            try? await Task.sleep(for: .milliseconds(4))
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
    /// - Returns: A moment by which that was so.
    /// - Throws: `TestServerError` where it takes longer than ten seconds.
    func demotion() async throws -> Int64 {
        try await AwaitedState.reach("A primary at port \(self.server.port) that gives up", within: .seconds(10)) {
            self.samples.withLock { samples in samples.last.flatMap { $0.status.isPrimary ? nil : $0.answered } }
        }
    }
}
