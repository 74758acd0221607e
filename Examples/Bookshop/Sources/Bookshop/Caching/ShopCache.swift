import Larder
import LarderRedis
import LarderRedisClient
import Logging
import ServiceLifecycle

/// The shop's cache, on the store that the settings name.
///
/// Everything is in one namespace: what a fill fetches hands its tags up within a namespace only.
struct ShopCache: Sendable {
    let larder: Cache

    /// What has to run while the cache is used, in the order of starting.
    let services: [any Service]

    /// What is known of the Redis beneath; `nil` where there is none.
    private let redis: (@Sendable () -> RedisStatistics)?

    private static let namespace: CacheNamespace = "bookshop"

    /// How many entries are kept in memory; a whole shop of books, shelves and searches fits.
    private static let memoryEntries = 100_000

    /// How long a visitor waits for Redis before the database is asked instead.
    private static let patience = Duration.milliseconds(250)

    /// Opens the cache on the store that the settings name.
    ///
    /// - Parameters:
    ///   - settings: Where the values are, and how many of them are in this process as well.
    ///   - logger: Where an unavailable store is reported.
    ///   - clock: What values in memory get old by, and what fills are timed by.
    /// - Throws: `RedisError` for a URL that cannot be used.
    init(_ settings: Settings, logger: Logger, clock: CacheClock = .system) throws {
        switch settings.store {
        case .memory:
            let memory = MemoryStore(limit: .entries(Self.memoryEntries), clock: clock)
            self.init(on: memory, logger: logger, clock: clock)
        case .redis(let url):
            var configuration = try RedisConfiguration(url: url)
            // The database answers within milliseconds, so nobody should wait seconds for its cache when that hangs.
            // `socket_timeout` in the URL overrules it.
            if configuration.commandTimeout == RedisConfiguration().commandTimeout {
                configuration.commandTimeout = Self.patience
            }
            let client = try RedisClient(configuration)
            // Kept in this process, a value is there without a round trip; Redis tells of whatever happens to it.
            let nearCache = settings.nearCache == 0 ? nil : MemoryStore.Limit.entries(settings.nearCache)
            let store = RedisStore(client, RedisStoreOptions(nearCache: nearCache, clock: clock, logger: logger))
            self.init(on: store, services: [client], logger: logger, clock: clock) {
                RedisStatistics(
                    topology: client.describeTopology(),
                    nearCache: store.nearCacheStatistics(of: Self.namespace)
                )
            }
        }
    }

    private init(
        on store: some CacheStore,
        services: [any Service] = [],
        logger: Logger,
        clock: CacheClock,
        redis: (@Sendable () -> RedisStatistics)? = nil
    ) {
        // A shop that stays open when the store does not answer.
        let defaults = CacheDefaults(fetchPolicy: .lists, failurePolicy: .missing)
        self.larder = Cache(
            store,
            namespace: Self.namespace,
            defaults: defaults,
            clock: clock,
            logger: logger,
            onEvent: ReadTrace.note
        )
        self.services = services + [self.larder]
        self.redis = redis
    }

    /// Makes what is in the cache absent, by key and by tag.
    func invalidate(keys: [String], tags: [String]) async throws {
        // The tags first: one that is none is refused before anything has happened.
        try await self.larder.invalidate(tags: tags)
        // Removing asks only for names; of which type the values are does not matter.
        try await self.larder.removeMany(keys.map { CacheKey<Never>($0) })
    }

    /// Removes everything.
    func clear() async throws {
        try await self.larder.clear()
    }

    /// What there is of a key, and why it is or is not of use.
    func explain(key: String) async throws -> KeyExplanation {
        try await self.larder.explain(CacheKey<Never>(key))
    }

    /// What the cache did since the start.
    func statistics() async -> CacheStatistics {
        CacheStatistics(
            self.larder.counters,
            entries: await self.entryCount(),
            store: self.larder.storeKind,
            redis: self.redis?()
        )
    }

    /// The number of entries; `nil` where the store cannot be asked, because statistics are wanted then most of all.
    private func entryCount() async -> Int? {
        do {
            return try await self.larder.entryCount()
        } catch {
            return nil
        }
    }
}
