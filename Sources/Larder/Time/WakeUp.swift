import Synchronization

/// Where those who wait for something meet who tells that it may have happened.
///
/// What is told while nobody waits is kept for the next who does, as one bit: between looking and waiting, nothing gets lost.
package final class WakeUp: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    private struct State {
        /// Something was told that nobody has been woken for.
        var isDue = false
        var waiters: [UInt64: Waiter] = [:]
        var nextTicket: UInt64 = 0

        mutating func makeTicket() -> UInt64 {
            defer { self.nextTicket += 1 }
            return self.nextTicket
        }

        mutating func takeDue() -> Bool {
            defer { self.isDue = false }
            return self.isDue
        }

        /// Takes all who wait; with nobody there, the next to wait will not have to.
        mutating func wakeAll() -> [Waiter] {
            if self.waiters.isEmpty { self.isDue = true }
            defer { self.waiters = [:] }
            return Array(self.waiters.values)
        }
    }

    private let clock: CacheClock
    private let state = Mutex(State())

    /// - Parameter clock: What waits are timed by.
    package init(clock: CacheClock = .system) {
        self.clock = clock
    }

    /// Wakes all who wait, or the next who will.
    ///
    /// Called without any lock: those who wait may go on at once.
    package func ring() {
        for waiter in self.state.withLock({ $0.wakeAll() }) { waiter.resume() }
    }

    /// Waits until somebody rings, or for `duration`.
    ///
    /// - Throws: `CancellationError`.
    package func wait(atMost duration: Duration) async throws {
        try Task.checkCancellation()
        if self.state.withLock({ $0.takeDue() }) { return }
        let deadline = self.clock.now.advanced(by: max(duration, .zero))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.untilRung() }
            group.addTask { try await self.clock.sleep(until: deadline) }
            defer { group.cancelAll() }
            try await group.next()
        }
        // Cancelled, the group's tasks end with an error, but one may have ended without just before.
        try Task.checkCancellation()
    }

    private func untilRung() async throws {
        let ticket = self.state.withLock { $0.makeTicket() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                let result = self.state.withLock { state -> Result<Void, any Error>? in
                    if state.takeDue() { return .success(()) }
                    // Asked under the lock: a later cancellation finds the waiter.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters[ticket] = waiter
                    return nil
                }
                if let result { waiter.resume(with: result) }
            }
        } onCancel: {
            let waiter = self.state.withLock { $0.waiters.removeValue(forKey: ticket) }
            waiter?.resume(throwing: CancellationError())
        }
    }
}
