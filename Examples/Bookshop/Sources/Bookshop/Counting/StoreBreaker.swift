import Larder
import Logging
import Synchronization

/// Asks the store for what the shop can do without: counts, limits, what somebody has looked at.
///
/// While the store does not answer, nobody is to wait for that on each page. So after a failure it is left alone for a
/// moment, in which everybody does without at once. (The cache has a circuit breaker of its own.)
final class StoreBreaker: Sendable {
    private struct State {
        var isClosed = true
        /// Until when the store is left alone.
        var restsUntil: ContinuousClock.Instant?

        /// Whether the store may be asked.
        func mayAsk(at now: ContinuousClock.Instant) -> Bool {
            self.restsUntil.map { now >= $0 } ?? true
        }

        /// Notes that the store has answered.
        ///
        /// - Returns: Whether it did not before.
        mutating func succeed() -> Bool {
            defer { self = State() }
            return !self.isClosed
        }

        /// Notes that the store has not answered.
        ///
        /// - Returns: Whether it did before.
        mutating func fail(at now: ContinuousClock.Instant, rest: Duration) -> Bool {
            defer { self.isClosed = false }
            self.restsUntil = now + rest
            return self.isClosed
        }
    }

    private let rest: Duration
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - rest: How long the store is left alone after a failure.
    ///   - logger: Where the beginning and the end of an outage are reported.
    init(rest: Duration = .milliseconds(500), logger: Logger) {
        self.rest = rest
        self.logger = logger
    }

    /// Asks the store.
    ///
    /// - Parameter body: What it is asked for.
    /// - Returns: Its answer; `nil` where there was none, or where it was not asked.
    /// - Throws: `CancellationError`.
    func ask<Answer: Sendable>(_ body: () async throws -> Answer) async throws -> Answer? {
        guard self.state.withLock({ $0.mayAsk(at: .now) }) else { return nil }
        do {
            let answer = try await body()
            if self.state.withLock({ $0.succeed() }) { self.logger.notice("counts and limits are back") }
            return answer
        } catch let error as CancellationError {
            throw error
        } catch {
            if self.state.withLock({ $0.fail(at: .now, rest: self.rest) }) {
                self.logger.warning(
                    "the shop does without counts and limits",
                    metadata: ["error": "\(Self.kind(of: error))"]
                )
            }
            return nil
        }
    }

    /// What went wrong, without the key: names of visitors and addresses are no business of a log's.
    private static func kind(of error: any Error) -> String {
        guard let error = error as? CacheError else { return "\(type(of: error))" }
        return "\(error.code)"
    }
}
