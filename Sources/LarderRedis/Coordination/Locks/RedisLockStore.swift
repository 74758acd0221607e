public import Larder
public import LarderRedisClient
public import Logging

/// Locks in Redis, shared by all processes that use the same server and namespace.
///
/// ```swift
/// let client = try RedisClient(url: "redis://localhost:6379/1")
/// let locks = Locks(.redis(client), namespace: "bookshop")
/// ```
///
/// A lock is one key, `@namespace:lock:name`, permits are `@namespace:permits:name`, a fenced value is `@namespace:fenced:name`;
/// all expire. Each call is one script, so one round trip, at the key's server: locks work on every topology alike, names
/// with braces included. Leases end by the server's clock.
///
/// What is given back is published on the channel that is named like the key. All who wait in a process hear of it on one
/// connection; a user (ACL) who may not listen to or publish on `@namespace:*` finds out within 50 ms or at the end of the lease.
///
/// What a failover or an eviction can do to locks, `Locks` in the documentation of Larder tells.
public struct RedisLockStore: LockStore {
    /// The clock by which this process measures how long its leases have stood.
    public let clock: CacheClock
    private let client: any RedisCommandSender
    private let serverTime = ServerTime()
    private let logger: Logger

    /// Makes a store on a client, which stays its maker's to run and to shut down.
    ///
    /// - Parameters:
    ///   - client: The client. Its command timeout is how long a call can take while the server hangs.
    ///   - clock: The clock by which this process measures how long its leases have stood.
    ///   - logger: Where it is said why nobody can listen.
    public init(
        _ client: any RedisCommandSender,
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder.redis")
    ) {
        // What a lock protects must not be read from a replica that is behind.
        switch client {
        case let client as RedisClient: self.client = client.reading(from: .primary)
        case let view as RedisClientView: self.client = view.reading(from: .primary)
        default: self.client = client
        }
        self.clock = clock
        self.logger = logger
    }

    /// The part of the server that belongs to one namespace.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: Its locks.
    public func open(_ namespace: CacheNamespace) -> any LockNamespace {
        RedisLockNamespace(
            client: self.client,
            namespace: namespace,
            clock: self.clock,
            serverTime: self.serverTime,
            logger: self.logger
        )
    }
}

extension LockStore where Self == RedisLockStore {
    /// Locks in Redis.
    ///
    /// - Parameter client: The client, which stays its maker's to run and to shut down.
    /// - Returns: The store.
    public static func redis(_ client: any RedisCommandSender) -> RedisLockStore { RedisLockStore(client) }
}
