import Synchronization

/// Where the calls of a history wait while a disturbance holds them up.
///
/// A server that is gone answers at once: without a gate a history would be over before its server is back.
final class HistoryGate: Sendable {
    private struct State {
        /// How many calls may still begin; `nil`, all.
        var allowance: Int?
        /// Whether no call may begin any more.
        var isClosed = false
        var waiters: [CheckedContinuation<Bool, Never>] = []

        /// - Returns: Whether the call may begin; `nil`, it waits.
        mutating func pass(_ waiter: CheckedContinuation<Bool, Never>) -> Bool? {
            if self.isClosed { return false }
            guard let allowance = self.allowance else { return true }
            if allowance == 0 {
                self.waiters.append(waiter)
                return nil
            }
            self.allowance = allowance - 1
            return true
        }

        mutating func open(closing isClosed: Bool) -> [CheckedContinuation<Bool, Never>] {
            self.allowance = nil
            if isClosed { self.isClosed = true }
            defer { self.waiters = [] }
            return self.waiters
        }
    }

    private let state = Mutex(State())

    /// Waits until a call may begin.
    ///
    /// - Returns: Whether it may; if not, the history is over.
    func pass() async -> Bool {
        await withCheckedContinuation { waiter in
            if let mayBegin = self.state.withLock({ $0.pass(waiter) }) { waiter.resume(returning: mayBegin) }
        }
    }

    /// Lets so many more calls begin, until it is opened.
    func narrow(to calls: Int) {
        self.state.withLock { $0.allowance = max(0, calls) }
    }

    /// Lets all calls begin.
    func open() {
        let waiters = self.state.withLock { $0.open(closing: false) }
        for waiter in waiters { waiter.resume(returning: true) }
    }

    /// Lets no call begin any more, whatever comes.
    func close() {
        let waiters = self.state.withLock { $0.open(closing: true) }
        for waiter in waiters { waiter.resume(returning: false) }
    }
}
