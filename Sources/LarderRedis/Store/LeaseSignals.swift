import Larder
import LarderRedisClient
import Logging
import Synchronization

extension RedisNamespace {
    /// Begins to listen for the end of the lease on a key, on the channel that is named like the lease.
    ///
    /// - Returns: What to wait on; `nil` where `client` is none that listens, such as a single connection, or the server
    ///   does not let it: whoever waits asks from time to time then. That is no sign of a store that is unavailable.
    /// - Throws: `CacheError` with `.invalidKey`; `CancellationError`.
    func listen(for key: StoreKey) async throws -> (any LeaseSignal)? {
        guard let client = self.client as? any RedisSubscriber else { return nil }
        let channel = try self.keys.lease(of: self.keys.entry(key), key)
        let wake = LeaseWakeUp()
        do {
            let subscription = try await client.listen(to: channel) { wake.heard($0) }
            return RedisLeaseSignal(wake: wake, subscription: subscription)
        } catch let error as RedisError {
            self.logger.debug("Nobody can listen for leases", metadata: ["larder.error": "\(error)"])
            return nil
        }
    }
}

/// A lease that is listened for.
private struct RedisLeaseSignal: LeaseSignal {
    let wake: LeaseWakeUp
    let subscription: Subscription

    func wait(atMost duration: Duration) async throws { try await self.wake.wait(atMost: duration) }

    func cancel() { self.subscription.cancel() }
}

/// Where those who wait for one lease meet what is heard of it.
///
/// What is heard while nobody waits is kept for the next who does: between looking at the key and waiting, nothing gets
/// lost.
final class LeaseWakeUp: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    private struct State {
        /// Something was heard that nobody has been woken for.
        var isDue = false
        /// Nothing can be heard now.
        var isDeaf = false
        var waiters: [UInt64: Waiter] = [:]
        var nextTicket: UInt64 = 0

        mutating func makeTicket() -> UInt64 {
            self.nextTicket += 1
            return self.nextTicket
        }

        /// Takes all who wait; with nobody there, the next to wait will not have to.
        mutating func wakeAll() -> [Waiter] {
            defer { self.waiters = [:] }
            self.isDue = self.waiters.isEmpty
            return Array(self.waiters.values)
        }

        /// - Returns: Whether the waiter has to wait.
        mutating func enqueue(_ waiter: Waiter, _ ticket: UInt64) -> Bool {
            if self.isDue {
                self.isDue = false
                return false
            }
            self.waiters[ticket] = waiter
            return true
        }
    }

    private let state = Mutex(State())

    /// How long a wait lasts while nothing can be heard: that of one who has to ask again and again.
    static let deafWait = Duration.milliseconds(50)
    /// Nobody shall set a timer for a thousand years.
    private static let longestWait = Duration.seconds(3600)

    /// Takes what the subscription says.
    func heard(_ event: SubscriptionEvent) {
        let waiters = self.state.withLock { state in
            switch event {
            case .message: break
            case .interrupted, .ended: state.isDeaf = true
            case .resumed: state.isDeaf = false
            }
            return state.wakeAll()
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until something is heard, or for `duration`; only for a moment while nothing can be heard.
    ///
    /// - Throws: `CancellationError`.
    func wait(atMost duration: Duration) async throws {
        try Task.checkCancellation()
        let limit = min(duration, self.state.withLock { $0.isDeaf } ? Self.deafWait : Self.longestWait)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.untilHeard() }
            group.addTask { try await Task.sleep(for: max(limit, .zero)) }
            defer { group.cancelAll() }
            try await group.next()
        }
        // Cancelled, the group's tasks end with an error, but one may have ended without just before.
        try Task.checkCancellation()
    }

    private func untilHeard() async throws {
        let ticket = self.state.withLock { $0.makeTicket() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                guard self.state.withLock({ $0.enqueue(waiter, ticket) }) else { return waiter.resume() }
                // The handler may have come too early to find anything.
                if Task.isCancelled { self.giveUp(ticket) }
            }
        } onCancel: {
            self.giveUp(ticket)
        }
    }

    private func giveUp(_ ticket: UInt64) {
        let waiter = self.state.withLock { $0.waiters.removeValue(forKey: ticket) }
        waiter?.resume(throwing: CancellationError())
    }
}
