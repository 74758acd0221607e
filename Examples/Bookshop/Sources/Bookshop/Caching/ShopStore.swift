import Larder
import LarderRedis
import LarderRedisClient
import Logging
import ServiceLifecycle

/// Where the shop keeps what is not in the catalogue: in the memory of this process, or in Redis.
///
/// The cache, the collections and the rate limits all live there, on Redis with one client.
struct ShopStore: Sendable {
    enum Place: Sendable {
        case memory
        case redis(RedisClient)
    }

    /// Everything of the shop is in one namespace; what a fill fetches hands its tags up within a namespace only.
    static let namespace: CacheNamespace = "bookshop"

    let place: Place

    /// What values in memory get old by.
    let clock: CacheClock

    /// How long a visitor waits for Redis before the shop does without.
    private static let patience = Duration.milliseconds(250)

    /// Opens the store that the settings name.
    ///
    /// - Parameters:
    ///   - settings: Where it is.
    ///   - clock: What values in memory get old by.
    /// - Throws: `RedisError` for a URL that cannot be used.
    init(_ settings: Settings, clock: CacheClock = .system) throws {
        self.clock = clock
        switch settings.store {
        case .memory:
            self.place = .memory
        case .redis(let url):
            var configuration = try RedisConfiguration(url: url)
            // The database answers within milliseconds, so nobody should wait seconds for its cache when that hangs.
            // `socket_timeout` in the URL overrules it.
            if configuration.commandTimeout == RedisConfiguration().commandTimeout {
                configuration.commandTimeout = Self.patience
            }
            self.place = .redis(try RedisClient(configuration))
        }
    }

    /// What has to run while the store is used.
    var services: [any Service] {
        switch self.place {
        case .memory: []
        case .redis(let client): [client]
        }
    }

    /// Collections that are shared by everybody who uses the store.
    func collections() -> Collections {
        switch self.place {
        case .memory: Collections(.memory(clock: self.clock), namespace: Self.namespace)
        case .redis(let client): Collections(.redis(client), namespace: Self.namespace)
        }
    }

    /// A rate limiter that counts for everybody who uses the store and asks for the same limits.
    ///
    /// - Parameter limits: What it holds.
    /// - Returns: The limiter, which throws while the store is unavailable.
    /// - Throws: `CacheError` for a limit that is none.
    func limiter(_ limits: [RateLimit]) throws -> RateLimiter {
        switch self.place {
        case .memory: try RateLimiter(.memory(clock: self.clock), namespace: Self.namespace, limits: limits)
        case .redis(let client): try RateLimiter(.redis(client), namespace: Self.namespace, limits: limits)
        }
    }
}
