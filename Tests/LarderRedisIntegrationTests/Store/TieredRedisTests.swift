import Larder
import LarderRedis
import LarderTesting
import Testing

/// Memory over Redis.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TieredRedisTests {
    @Test(arguments: StoreConformance.checks)
    func memoryOverRedisConforms(_ check: StoreCheck) async throws {
        try await withRedis { redis in
            let clock = ManualClock()
            let upper = MemoryStore(limit: .entries(1_000), clock: CacheClock(clock))
            let store = TieredStore(upper: upper, lower: RedisStore(redis.client))
            let subject = StoreUnderTest(store, drift: .seconds(29)) { duration in
                try await redis.pass(duration)
                clock.advance(by: duration)
            }
            try await check.run(on: subject)
        }
    }

    @Test func hitsAskTheServerNothingAndOthersSeeTheSameEntries() async throws {
        struct Book: Codable, Sendable, Equatable { var title: String }
        try await withRedis { redis in
            let upper = MemoryStore(limit: .entries(1_000))
            let cache = Cache(.tiered(upper: upper, over: .redis(redis.client)), namespace: "ns")
            let key = CacheKey<Book>("dune")
            #expect(try await cache.fetch(key) { Book(title: "Dune") } == Book(title: "Dune"))
            let other = redis.cache()
            #expect(try await other.get(key) == Book(title: "Dune"))
            // The first read copies; a stamp, an entry and its time are one round trip.
            let copying = try await redis.commands { _ = try await cache.get(key) }
            #expect(copying["pttl"] == 1)
            let hits = try await redis.commands {
                for _ in 0..<100 { _ = try await cache.get(key) }
            }
            #expect(hits == [:])
            #expect(cache.counters.hits == 101)
            #expect(try await cache.get(key) == Book(title: "Dune"))
            try await cache.remove(key)
            #expect(try await cache.get(key) == nil)
            #expect(try await other.get(key) == nil)
        }
    }
}
