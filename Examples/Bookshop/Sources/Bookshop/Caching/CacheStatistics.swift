import Larder
import LarderRedis
import LarderRedisClient
import LarderSQLite

/// What the caches did since the start.
struct ShopStatistics: Sendable {
    /// By name.
    let caches: [CacheStatistics]
    /// What is known of the Redis beneath; `nil` where there is none.
    let topology: RedisTopologyDescription?
}

/// What one cache did since the start.
struct CacheStatistics: Sendable {
    let name: String
    let counters: CacheCounters
    /// How many entries the store holds; `nil` where it cannot tell.
    let entries: Int?
    let store: String
    /// How the copies in this process are doing; `nil` where none are kept.
    let nearCache: NearCacheStatistics?
    /// What was read of the catalogue through it, and written; `nil` where it holds nothing of the catalogue.
    let catalogue: CachedDatabaseStatistics?
}

extension Storefront {
    /// What the caches did since the start.
    func statistics() async throws -> ShopStatistics {
        var caches: [CacheStatistics] = []
        for name in self.caches.all.names {
            let cache = try self.caches.all[name]
            let store = self.caches.all.store(of: name) as? RedisStore
            let database = [self.repository.books, self.repository.searches].first { $0.cache === cache }
            caches.append(
                CacheStatistics(
                    name: name,
                    counters: cache.counters,
                    entries: await Self.entryCount(of: cache),
                    store: cache.storeKind,
                    nearCache: store?.nearCacheStatistics(of: cache.namespace),
                    catalogue: database?.statistics
                )
            )
        }
        return ShopStatistics(caches: caches, topology: self.caches.redis?.client?.describeTopology())
    }

    /// The number of entries; `nil` where the store cannot be asked, because statistics are wanted then most of all.
    private static func entryCount(of cache: Cache) async -> Int? {
        do {
            return try await cache.entryCount()
        } catch {
            return nil
        }
    }
}

// MARK: As JSON

extension ShopStatistics: Encodable {
    private enum CodingKeys: CodingKey {
        case caches, topology
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let caches = self.caches.map { ($0.name, $0) }
        try container.encode(Dictionary(uniqueKeysWithValues: caches), forKey: .caches)
        // Where there is none, there is nothing to be known of it.
        try container.encodeIfPresent(self.topology, forKey: .topology)
    }
}

extension CacheStatistics: Encodable {
    private enum CodingKeys: CodingKey {
        case hits, misses, stale, unavailable, fills, refreshes, failedFills, staleServes, hitRatio, entries, store
        case nearCache, catalogue
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.counters.hits, forKey: .hits)
        try container.encode(self.counters.misses, forKey: .misses)
        try container.encode(self.counters.stale, forKey: .stale)
        try container.encode(self.counters.unavailable, forKey: .unavailable)
        try container.encode(self.counters.fills, forKey: .fills)
        try container.encode(self.counters.refreshes, forKey: .refreshes)
        try container.encode(self.counters.failedFills, forKey: .failedFills)
        try container.encode(self.counters.staleServes, forKey: .staleServes)
        try container.encode(self.counters.hitRatio, forKey: .hitRatio)
        // Unlike the synthesized code, this writes `null` rather than leave the key out.
        try container.encode(self.entries, forKey: .entries)
        try container.encode(self.store, forKey: .store)
        // Where there are none, there is nothing to be known of them.
        try container.encodeIfPresent(self.nearCache.map(NearCacheBody.init), forKey: .nearCache)
        try container.encodeIfPresent(self.catalogue.map(CatalogueBody.init), forKey: .catalogue)
    }
}

/// What was read of the catalogue through a cache, and written, as JSON.
private struct CatalogueBody: Encodable {
    let reads: Int
    let passedBy: Int
    let transactions: Int
    let invalidations: Int
    let changesByOthers: Int
    let untold: Int

    init(_ statistics: CachedDatabaseStatistics) {
        self.reads = statistics.readsOfDatabase
        self.passedBy = statistics.passedBy
        self.transactions = statistics.commits
        self.invalidations = statistics.invalidations
        self.changesByOthers = statistics.foreignWrites
        self.untold = statistics.pending
    }
}

extension CachedDatabaseStatistics {
    /// How often the database itself was read, whatever became of it.
    var readsOfDatabase: Int { self.fills + self.passedBy + self.unwatched }
}
