import Larder
import LarderRedisClient

/// What the cache did since the start.
struct CacheStatistics: Encodable, Sendable {
    let counters: CacheCounters
    /// How many entries the store holds; `nil` where it cannot tell.
    let entries: Int?
    let store: String
    /// What is known of the Redis beneath; `nil` where there is none.
    let redis: RedisStatistics?

    init(_ counters: CacheCounters, entries: Int?, store: String, redis: RedisStatistics? = nil) {
        self.counters = counters
        self.entries = entries
        self.store = store
        self.redis = redis
    }

    private enum CodingKeys: CodingKey {
        case hits, misses, stale, unavailable, fills, refreshes, failedFills, staleServes, hitRatio, entries, store
        case topology, nearCache
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
        try container.encodeIfPresent(self.redis?.topology, forKey: .topology)
        try container.encodeIfPresent(self.redis?.nearCache.map(NearCacheBody.init), forKey: .nearCache)
    }
}
