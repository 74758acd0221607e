import Larder
import LarderRedis
import LarderTesting
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisCollectionsConformanceTests {
    private static let checks =
        CollectionConformance.checks + LeaderboardConformance.checks + DistinctCountConformance.checks
        + StreamConformance.checks

    @Test func redisCollectionsConform() async throws {
        try await withRedis(.init()) { redis in
            try await Self.check(RedisCollections(redis.client), passTime: redis.pass)
        }
    }

    @Test(arguments: Spread.allCases)
    func collectionsOnSeveralServersConform(_ spread: Spread) async throws {
        try await withSpreadRedis(spread) { redis in
            try await redis.withClient { client in
                try await Self.check(RedisCollections(client), passTime: redis.pass)
            }
        }
    }

    private static func check(
        _ store: RedisCollections,
        passTime: @escaping @Sendable (Duration) async throws -> Void
    ) async throws {
        for check in Self.checks {
            do {
                try await check.run(on: CollectionStoreUnderTest(store, drift: .seconds(29), passTime: passTime))
            } catch {
                Issue.record("\(check): \(error)")
            }
        }
    }
}
