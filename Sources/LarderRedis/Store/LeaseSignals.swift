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
        let channel = try self.keys.lease(of: self.keys.entry(key), key)
        return try await RedisLeaseSignal(on: self.client, channel: channel, logger: self.logger)
    }
}

/// Somebody who listens for the ends of leases that are published on one channel.
struct RedisLeaseSignal: LeaseSignal {
    private let wake: LeaseWakeUp
    private let subscription: Subscription

    /// Begins to listen; `nil` where `client` is none that listens, or the server does not let it.
    ///
    /// - Throws: `CancellationError`.
    init?(on client: any RedisCommandSender, channel: String, logger: Logger) async throws {
        guard let client = client as? any RedisSubscriber else { return nil }
        let wake = LeaseWakeUp()
        do {
            self.subscription = try await client.listen(to: channel) { wake.heard($0) }
            self.wake = wake
        } catch let error as RedisError {
            logger.debug("Nobody can listen for leases", metadata: ["larder.error": "\(error)"])
            return nil
        }
    }

    func wait(atMost duration: Duration) async throws { try await self.wake.wait(atMost: duration) }

    func cancel() { self.subscription.cancel() }
}

/// Where those who wait for one lease meet what is heard of it.
final class LeaseWakeUp: Sendable {
    private let wake = WakeUp()
    /// Nothing can be heard now.
    private let isDeaf = Atomic(false)

    /// How long a wait lasts while nothing can be heard: that of one who has to ask again and again.
    static let deafWait = Duration.milliseconds(50)
    /// Nobody shall set a timer for a thousand years.
    private static let longestWait = Duration.seconds(3600)

    /// Takes what the subscription says.
    func heard(_ event: SubscriptionEvent) {
        switch event {
        case .message: break
        case .interrupted, .ended: self.isDeaf.store(true, ordering: .releasing)
        case .resumed: self.isDeaf.store(false, ordering: .releasing)
        }
        self.wake.ring()
    }

    /// Waits until something is heard, or for `duration`; only for a moment while nothing can be heard.
    ///
    /// - Throws: `CancellationError`.
    func wait(atMost duration: Duration) async throws {
        let limit = self.isDeaf.load(ordering: .acquiring) ? Self.deafWait : Self.longestWait
        try await self.wake.wait(atMost: min(duration, limit))
    }
}
