import Larder
import Synchronization

/// Commands that are sent beside a history through the clients of its caches, one by one, so that one can tell when writing
/// works again and whether a command ends in time.
///
/// Each adds a member of its own to a set, so what a server has of them tells which it has carried out.
final class HistoryProbe: Sendable {
    /// Adds a member to a set with the client of a process.
    typealias Write = @Sendable (_ process: Int, _ key: String, _ member: String) async throws -> Void

    private struct Attempt {
        var process: Int
        var key: String
        var member: String
        var begin: ContinuousClock.Instant
        var end: ContinuousClock.Instant
        var hasSucceeded: Bool
    }

    private struct State {
        /// The set that is written to; `nil`, none.
        var key: String?
        var lastMember = 0
        var attempts: [Attempt] = []
    }

    /// How long a probe waits after each of its commands.
    private static let rest = Duration.milliseconds(8)

    private let write: Write
    private let state = Mutex(State())

    /// Sends nothing yet.
    init(_ write: @escaping Write) {
        self.write = write
    }

    /// Sends from now on to a set.
    func aim(at key: String) {
        self.state.withLock { $0.key = key }
    }

    /// Sends commands of a process one after the other, until the task is cancelled.
    func run(process: Int) async {
        while !Task.isCancelled {
            let next = self.state.withLock { state -> (key: String, member: String)? in
                state.lastMember += 1
                return state.key.map { ($0, "\(state.lastMember)") }
            }
            if let next { await self.send(next.key, next.member, process) }
            // Who is cancelled stops at the next look.
            try? await Task.sleep(for: Self.rest)
        }
    }

    private func send(_ key: String, _ member: String, _ process: Int) async {
        let begin = ContinuousClock.now
        var hasSucceeded = true
        do {
            try await self.write(process, key, member)
        } catch is CancellationError {
            return
        } catch {
            // The servers are being disturbed.
            hasSucceeded = false
        }
        let attempt = Attempt(
            process: process,
            key: key,
            member: member,
            begin: begin,
            end: .now,
            hasSucceeded: hasSucceeded
        )
        self.state.withLock { $0.attempts.append(attempt) }
    }

    /// Waits until a write has succeeded that began after a promotion, and that the new primary has.
    ///
    /// A write that the old one has acknowledged meanwhile is none.
    ///
    /// - Parameters:
    ///   - promotion: The promotion.
    ///   - limit: How long after the call it may take.
    /// - Returns: How long after the promotion it had succeeded.
    /// - Throws: `TestServerError` where it takes longer.
    func firstSuccess(after promotion: RedisPromotion, atMost limit: Duration) async throws -> Duration {
        try await AwaitedState.reach("A write after the failover", within: limit) {
            let candidates = self.state.withLock { state in
                state.attempts.filter { $0.hasSucceeded && $0.begin > promotion.moment }
            }
            for attempt in candidates.sorted(by: { $0.end < $1.end }) {
                let reply = try await promotion.primary.command("SISMEMBER", attempt.key, attempt.member)
                if reply.hasPrefix(":1") { return promotion.moment.duration(to: attempt.end) }
            }
            return nil
        }
    }

    /// Waits until each process has written something that the new primary has.
    ///
    /// - Parameters:
    ///   - promotion: The promotion.
    ///   - processes: How many processes there are.
    ///   - limit: How long it may take.
    /// - Throws: `TestServerError` where it takes longer.
    func awaitAcquaintance(
        with promotion: RedisPromotion,
        processes: Int,
        atMost limit: Duration
    ) async throws {
        var met: Set<Int> = []
        try await AwaitedState.hold("Every client's acquaintance with the new primary", within: limit) {
            let candidates = self.state.withLock { state in
                state.attempts.filter { $0.hasSucceeded && $0.begin > promotion.moment && !met.contains($0.process) }
            }
            for attempt in candidates where !met.contains(attempt.process) {
                let reply = try await promotion.primary.command("SISMEMBER", attempt.key, attempt.member)
                if reply.hasPrefix(":1") { met.insert(attempt.process) }
            }
            return met.count == processes
        }
    }

    /// How many commands there were, and the ends of those that did not end within a time, each with how late it was.
    ///
    /// - Parameter timeout: The time.
    /// - Returns: The figures.
    func lateness(after timeout: Duration) -> (commands: Int, late: [(end: ContinuousClock.Instant, by: Duration)]) {
        self.state.withLock { state in
            let late = state.attempts.compactMap { attempt in
                let excess = attempt.begin.duration(to: attempt.end) - timeout
                return excess > .zero ? (end: attempt.end, by: excess) : nil
            }
            return (state.attempts.count, late)
        }
    }
}
