@testable import LarderSQLite

extension Settlement {
    /// Whether nothing waits or is under way, after a moment: who waits for the last change hears of it before the task that told the
    /// store ends.
    var isIdleSoon: Bool {
        get async throws {
            let deadline = ContinuousClock.now.advanced(by: .seconds(5))
            while !self.isIdle, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(1)) }
            return self.isIdle
        }
    }
}
