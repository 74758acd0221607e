import Larder
import LarderRedis
import LarderTesting
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisStoreConformanceTests {
    @Test(arguments: StoreConformance.checks)
    func redisStoreConforms(_ check: StoreCheck) async throws {
        try await withRedis { redis in
            let subject = StoreUnderTest(RedisStore(redis.client), drift: .seconds(29), passTime: redis.pass)
            try await check.run(on: subject)
        }
    }
}
