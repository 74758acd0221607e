import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

// What a hit costs, beside one on a memory store.
extension NearMeasurement {
    private struct Book: Codable, Sendable {
        var id: Int
        var title: String
        var author: String
        var isAvailable: Bool
    }

    private static let keyCount = 1_000
    private static let passes = 500

    func hits() async throws {
        try await withRedisServer { server in
            let client = try RedisClient(url: server.url)
            let store = RedisStore(client, RedisStoreOptions(nearCache: .entries(10_000)))
            let near = Cache(store, namespace: Self.namespace)
            let memory = Cache(.memory(entries: 10_000), namespace: Self.namespace)
            for tags in [[], ["books", "shop"]] {
                let keys = (0..<Self.keyCount).map { CacheKey<Book>("book:of:the:shop:\(1_000 + $0):\(tags.count)") }
                for (index, key) in keys.enumerated() {
                    let book = Book(id: index, title: "Frankenstein", author: "Mary Shelley", isAvailable: true)
                    try await near.set(key, to: book, ttl: .hours(1), tags: tags)
                    try await memory.set(key, to: book, ttl: .hours(1), tags: tags)
                }
                try await Self.waitUntilCovered(store)
                try await self.warm(near, keys, store)
                try await self.compare(near, memory, keys, tags: tags.count)
            }
            await near.shutdown()
            await store.shutdown()
            await client.shutdown()
        }
    }

    /// Reads until every key is read from memory: the pushes of the writes may come late.
    private func warm(_ near: Cache, _ keys: [CacheKey<Book>], _ store: RedisStore) async throws {
        try await FetchMeasurement.wait(for: "a copy of each key") {
            let before = store.nearCacheStatistics(of: Self.namespace)?.misses ?? 0
            for key in keys where try await near.get(key) == nil { throw MissingHit() }
            return store.nearCacheStatistics(of: Self.namespace)?.misses == before
        }
    }

    private func compare(_ near: Cache, _ memory: Cache, _ keys: [CacheKey<Book>], tags: Int) async throws {
        var ours: [Double] = []
        var theirs: [Double] = []
        for _ in 0..<self.runs {
            theirs.append(try await Self.nanosecondsPerHit(memory, keys))
            ours.append(try await Self.nanosecondsPerHit(near, keys))
        }
        var line = BenchLine("near.hit")
        line.set("tasks", 1)
        line.set("tags", tags)
        line.set("ns_per_op", median(ours))
        line.set("ops_per_s", 1e9 / median(ours))
        line.set("peer", "Cache over MemoryStore")
        line.set("peer_ns_per_op", median(theirs))
        line.set("peer_ops_per_s", 1e9 / median(theirs))
        line.set("ratio", median(zip(theirs, ours).map { $0 / $1 }))
        line.set("times_the_cost", median(zip(theirs, ours).map { $1 / $0 }))
        line.print()
    }

    private static func nanosecondsPerHit(_ cache: Cache, _ keys: [CacheKey<Book>]) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<Self.passes {
            for key in keys where try await cache.get(key) == nil { throw MissingHit() }
        }
        return start.duration(to: clock.now).nanoseconds / Double(keys.count * Self.passes)
    }
}
