import Larder
import LarderRedis
import LarderRedisClient

/// Where the shop keeps what it counts: in the Redis of its caches, on the same connections, or in the memory of this
/// process where they are in none.
struct ShopStore: Sendable {
    private enum Place: Sendable {
        case memory(CacheClock)
        case redis(RedisClient)
    }

    /// What all names begin with.
    private static let namespace: CacheNamespace = "bookshop"

    private let place: Place

    /// - Parameters:
    ///   - caches: The caches.
    ///   - clock: What goes by in memory.
    init(besides caches: ShopCaches, clock: CacheClock) {
        self.place = caches.redis?.client.map { .redis($0) } ?? .memory(clock)
    }

    /// Collections that are shared by everybody who uses the store.
    func collections() -> Collections {
        switch self.place {
        case .memory(let clock): Collections(.memory(clock: clock), namespace: Self.namespace)
        case .redis(let client): Collections(.redis(client), namespace: Self.namespace)
        }
    }

    /// A rate limiter that counts for everybody who uses the store and asks for the same limits.
    ///
    /// - Parameters:
    ///   - limits: What it holds.
    ///   - policy: What happens while the store is unavailable.
    /// - Returns: The limiter.
    /// - Throws: `CacheError` for a limit that is none.
    func limiter(_ limits: [RateLimit], onUnavailable policy: RateLimitFailurePolicy = .allowing) throws -> RateLimiter
    {
        switch self.place {
        case .memory(let clock):
            try RateLimiter(.memory(clock: clock), namespace: Self.namespace, limits: limits, onUnavailable: policy)
        case .redis(let client):
            try RateLimiter(.redis(client), namespace: Self.namespace, limits: limits, onUnavailable: policy)
        }
    }
}
