import Larder
import LarderRedis
import LarderRedisClient
import Logging

/// The shop's cache.
struct ShopCache: Sendable {
    let larder: Cache

    /// What is known of the Redis beneath; `nil` where there is none.
    private let redis: (@Sendable () -> RedisStatistics)?

    /// How many entries are kept in memory; a whole shop of books, shelves and searches fits.
    private static let memoryEntries = 100_000

    /// Opens the cache.
    ///
    /// - Parameters:
    ///   - store: Where the values are.
    ///   - nearCache: How many entries of Redis are kept in this process as well; 0 for none.
    ///   - logger: Where an unavailable store is reported.
    init(on store: ShopStore, nearCache: Int, logger: Logger) {
        switch store.place {
        case .memory:
            let memory = MemoryStore(limit: .entries(Self.memoryEntries), clock: store.clock)
            self.init(on: memory, logger: logger, clock: store.clock)
        case .redis(let client):
            // Kept in this process, a value is there without a round trip; Redis tells of whatever happens to it.
            let limit = nearCache == 0 ? nil : MemoryStore.Limit.entries(nearCache)
            let redis = RedisStore(
                client,
                RedisStoreOptions(nearCache: limit, clock: store.clock, logger: logger)
            )
            self.init(on: redis, logger: logger, clock: store.clock) {
                RedisStatistics(
                    topology: client.describeTopology(),
                    nearCache: redis.nearCacheStatistics(of: ShopStore.namespace)
                )
            }
        }
    }

    private init(
        on store: some CacheStore,
        logger: Logger,
        clock: CacheClock,
        redis: (@Sendable () -> RedisStatistics)? = nil
    ) {
        // A shop that stays open when the store does not answer.
        let defaults = CacheDefaults(fetchPolicy: .lists, failurePolicy: .missing)
        self.larder = Cache(
            store,
            namespace: ShopStore.namespace,
            defaults: defaults,
            clock: clock,
            logger: logger,
            onEvent: ReadTrace.note
        )
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
