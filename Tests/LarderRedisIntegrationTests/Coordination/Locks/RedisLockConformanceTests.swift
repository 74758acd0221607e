import Larder
import LarderRedis
import LarderTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct RedisLockConformanceTests {
    @Test(arguments: [Manner.together, .cluster]) func conforms(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let subject = LockStoreUnderTest(RedisLockStore(redis.client), drift: .seconds(20)) {
                try await ageLocks(redis.server, by: $0)
            }
            for check in LockConformance.checks {
                do {
                    try await check.run(on: subject)
                } catch {
                    Issue.record(error, "\(check)")
                }
            }
        }
    }
}
