import Synchronization

/// Tells that a collection may have changed.
public protocol CollectionSignal: Sendable {
    /// Waits until the collection may have changed since this was last asked, or for `duration`.
    ///
    /// What happens while nobody waits is kept for the next who does. It may return early; the caller looks at the collection
    /// in any case.
    ///
    /// - Throws: `CancellationError`.
    func wait(atMost duration: Duration) async throws

    /// Stops listening.
    ///
    /// Called exactly once.
    func cancel()
}

/// Wakes those who wait for collections in the memory of this process.
package final class CollectionWakeUps: Sendable {
    private struct State: Sendable {
        var listeners: [CollectionKey: [UInt64: MemorySignal]] = [:]
        var nextTicket: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - key: The collection.
    ///   - clock: What waits are measured by.
    /// - Returns: The signal, which its owner has to cancel.
    package func listen(to key: CollectionKey, clock: CacheClock) -> any CollectionSignal {
        self.state.withLock { state in
            state.nextTicket += 1
            let signal = MemorySignal(self, key: key, ticket: state.nextTicket, clock: clock)
            state.listeners[key, default: [:]][state.nextTicket] = signal
            return signal
        }
    }

    /// Tells all who listen that a collection may have changed.
    ///
    /// - Parameter key: The collection.
    package func wake(_ key: CollectionKey) {
        let signals = self.state.withLock { state -> [MemorySignal] in
            // Nearly always: nobody waits for anything.
            guard !state.listeners.isEmpty, let listeners = state.listeners[key] else { return [] }
            return Array(listeners.values)
        }
        for signal in signals { signal.fire() }
    }

    fileprivate func forget(_ key: CollectionKey, _ ticket: UInt64) {
        self.state.withLock { state in
            state.listeners[key]?[ticket] = nil
            if state.listeners[key]?.isEmpty ?? false { state.listeners[key] = nil }
        }
    }
}

/// What one listener hears.
private final class MemorySignal: CollectionSignal {
    private struct State: Sendable {
        /// Something has happened that nobody was woken for.
        var isDue = false
        var waiter: CheckedContinuation<Void, any Error>?
    }

    private let state = Mutex(State())
    private let wakeUps: CollectionWakeUps
    private let key: CollectionKey
    private let ticket: UInt64
    private let clock: CacheClock

    init(_ wakeUps: CollectionWakeUps, key: CollectionKey, ticket: UInt64, clock: CacheClock) {
        self.wakeUps = wakeUps
        self.key = key
        self.ticket = ticket
        self.clock = clock
    }

    func fire() {
        let waiter = self.state.withLock { state in
            state.isDue = state.waiter == nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    func cancel() { self.wakeUps.forget(self.key, self.ticket) }

    func wait(atMost duration: Duration) async throws {
        try Task.checkCancellation()
        let deadline = self.clock.now.advanced(by: max(duration, .zero))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.untilFired() }
            group.addTask { try await self.clock.sleep(until: deadline) }
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
    }

    /// Waits for the signal; one task at a time.
    private func untilFired() async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
                let isDue = self.state.withLock { state in
                    if state.isDue {
                        state.isDue = false
                        return true
                    }
                    state.waiter = waiter
                    return false
                }
                if isDue { return waiter.resume() }
                // The handler may have come too early to find anything.
                if Task.isCancelled { self.giveUp() }
            }
        } onCancel: {
            self.giveUp()
        }
    }

    private func giveUp() {
        let waiter = self.state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(throwing: CancellationError())
    }
}
