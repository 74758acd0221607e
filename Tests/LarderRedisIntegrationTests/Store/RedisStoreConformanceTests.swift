import Larder
import LarderRedis
import LarderTesting
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisStoreConformanceTests {
    @Test(arguments: StoreConformance.checks, Manner.allCases)
    func redisStoreConforms(_ check: StoreCheck, _ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let subject = StoreUnderTest(redis.store, drift: .seconds(29), passTime: redis.pass)
            try await check.run(on: subject)
        }
    }
}
