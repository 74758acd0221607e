public import Larder
public import LarderRedisClient

/// Counts of rate limiters in Redis, shared by all processes that use the same server, namespace and limits.
///
/// ```swift
/// let limiter = try RateLimiter(.redis(client), namespace: "bookshop", limits: [.tokenBucket(10, per: .seconds(1))])
/// ```
///
/// A call is one script on one key, one round trip, by the server's clock. Calls that come while others of the same limiter are under
/// way leave together, as one script; in a cluster only those for the same subject. A subject's state is a string named
/// `@namespace:limit:limits:subject`, such as `@bookshop:limit:b10/1s:user:42`, and expires when it says nothing any more, or a little
/// later: by a second, or an eighth of the time for which it can say anything. A call that is refused writes nothing. Limits are part of
/// the name: a process that has others, during a deployment for instance, counts apart from the old ones.
///
/// Give the keys a server that does not evict them, or a policy that evicts others first: whose state is evicted begins anew.
public struct RedisRateLimitStore: RateLimitStore {
    private let client: any RedisCommandSender
    private let time: (@Sendable () -> Int64)?

    /// Makes a store on a client, which stays its maker's to run and to shut down.
    ///
    /// - Parameter client: The client, or a connection of one.
    public init(_ client: any RedisCommandSender) {
        self.client = Self.askingPrimaries(client)
        self.time = nil
    }

    /// Makes a store whose scripts take the time as an argument instead of the server's.
    ///
    /// What expires still does so by the server's clock.
    ///
    /// - Parameters:
    ///   - client: The client.
    ///   - time: The time in microseconds.
    @_spi(Testing)
    public init(_ client: any RedisCommandSender, time: @escaping @Sendable () -> Int64) {
        self.client = Self.askingPrimaries(client)
        self.time = time
    }

    /// What a peek reads must not come from a replica that is behind, and has a clock of its own.
    private static func askingPrimaries(_ client: any RedisCommandSender) -> any RedisCommandSender {
        switch client {
        case let client as RedisClient: client.reading(from: .primary)
        case let view as RedisClientView: view.reading(from: .primary)
        default: client
        }
    }

    /// `redis`.
    public var kind: String { "redis" }

    /// The counts of one limiter.
    ///
    /// - Parameters:
    ///   - namespace: What the subjects' names belong to.
    ///   - limits: What is held.
    /// - Returns: The counts.
    public func open(_ namespace: CacheNamespace, _ limits: RateLimitSet) -> any RateLimitLedger {
        RedisRateLimitLedger(namespace, limits, client: self.client, time: self.time)
    }
}

extension RateLimitStore where Self == RedisRateLimitStore {
    /// Counts in Redis.
    ///
    /// - Parameter client: The client, which stays its maker's to run and to shut down.
    /// - Returns: The store.
    public static func redis(_ client: any RedisCommandSender) -> RedisRateLimitStore {
        RedisRateLimitStore(client)
    }
}
