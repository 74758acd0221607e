import Synchronization

/// Where the calls of a history wait while a disturbance holds them up.
///
/// A server that is gone answers at once: without a gate a history would be over before its server is back.
final class HistoryGate: Sendable {
    private struct State {
        /// How many calls may still begin; `nil`, all.
        var allowance: Int?
        var waiters: [CheckedContinuation<Void, Never>] = []

        /// - Returns: Whether the call may begin at once.
        mutating func pass(_ waiter: CheckedContinuation<Void, Never>) -> Bool {
            guard let allowance = self.allowance else { return true }
            if allowance == 0 {
                self.waiters.append(waiter)
                return false
            }
            self.allowance = allowance - 1
            return true
        }

        mutating func open() -> [CheckedContinuation<Void, Never>] {
            self.allowance = nil
            defer { self.waiters = [] }
            return self.waiters
        }
    }

    private let state = Mutex(State())

    /// Waits until a call may begin.
    func pass() async {
        await withCheckedContinuation { waiter in
            if self.state.withLock({ $0.pass(waiter) }) { waiter.resume() }
        }
    }

    /// Lets so many more calls begin, until it is opened.
    func narrow(to calls: Int) {
        self.state.withLock { $0.allowance = max(0, calls) }
    }

    /// Lets all calls begin.
    func open() {
        let waiters = self.state.withLock { $0.open() }
        for waiter in waiters { waiter.resume() }
    }
}
