import Foundation
import Synchronization

/// A page that takes 300 ms to make, and what is known of its making.
final class ColdPage: Sendable {
    /// How long the handler takes.
    static let duration: Duration = .milliseconds(300)

    private struct Making {
        var runs = 0
        var end: ContinuousClock.Instant?
    }

    private let making = Mutex(Making())

    /// What the handler does.
    func make() async throws {
        self.making.withLock { $0.runs += 1 }
        try await Task.sleep(for: Self.duration)
        let end = ContinuousClock.now
        self.making.withLock { $0.end = end }
    }

    /// How often the handler ran since it was asked the last time, and when it ended.
    func take() -> (runs: Int, end: ContinuousClock.Instant?) {
        self.making.withLock { making in
            defer { making = Making() }
            return (making.runs, making.end)
        }
    }
}
