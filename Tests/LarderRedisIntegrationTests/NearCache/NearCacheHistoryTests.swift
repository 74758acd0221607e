import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// Random histories on near caches, held to what they promise.
@Suite(.serialized, .timeLimit(.minutes(5))) struct NearCacheHistoryTests {
    /// What one process changes it sees at once, through all its caches.
    @Test func cachesOfOneProcessBreakNoPromise() async throws {
        try await withRedis { redis in
            var rules = HistoryRules.realTime
            rules.readsAreMonotonic = false
            for seed in 1...20 as ClosedRange<UInt64> {
                let store = RedisStore(redis.client, RedisStoreOptions(nearCache: .entries(1_000)))
                let namespace = try CacheNamespace("history\(seed)")
                let history = try await HistoryRun.live(seed: seed, namespace: namespace) { _, count in
                    Array(repeating: store, count: count)
                }
                await store.shutdown()
                #expect(HistoryChecker(rules).violations(in: history) == [], "seed \(seed)")
            }
        }
    }

    /// What others change a process sees when it is told.
    @Test func cachesOfSeveralProcessesBreakNoPromiseOncePushesHaveCome() async throws {
        try await withRedis { redis in
            var rules = HistoryRules.realTime
            rules.readsAreMonotonic = false
            // A counter is read from copies, too: what others added may be missing for as long.
            rules.keepsEntries = false
            rules.othersAreSeenAfter = .milliseconds(500)
            for seed in 1...10 as ClosedRange<UInt64> {
                let clients = try (0..<3).map { _ in
                    var configuration = RedisConfiguration(port: redis.server.port)
                    configuration.commandTimeout = .seconds(60)
                    return try RedisClient(configuration)
                }
                let namespace = try CacheNamespace("history\(seed)")
                let history = try await HistoryRun.live(seed: seed, namespace: namespace) { _, count in
                    let options = RedisStoreOptions(nearCache: .entries(1_000))
                    return (0..<count).map { RedisStore(clients[$0 % clients.count], options) }
                }
                for client in clients { await client.shutdown() }
                #expect(HistoryChecker(rules).violations(in: history) == [], "seed \(seed)")
            }
        }
    }
}
