import Larder
import LarderRedis
import LarderTesting
import Testing

/// Random histories on a server whose slots are as good as servers of their own.
@Suite(.timeLimit(.minutes(5))) struct RedisHistoryTests {
    private static func histories(_ seeds: Range<UInt64>, isFenced: Bool = true) async throws -> [HistoryViolation] {
        var violations: [HistoryViolation] = []
        try await withRedis(.init(), .apart) { redis in
            for seed in seeds {
                let namespace = try CacheNamespace("history\(seed)")
                let history = try await HistoryRun.live(seed: seed, namespace: namespace) { _, count in
                    let shown: any CacheStore = isFenced ? redis.store : UnfencedStore(redis.store)
                    return Array(repeating: shown, count: count)
                }
                #expect(history.calls.count >= 200)
                violations += HistoryChecker(.realTime).violations(in: history)
            }
        }
        return violations
    }

    @Test func noHistoryBreaksAPromiseWhereGenerationsLieApart() async throws {
        let violations = try await Self.histories(1..<41)
        #expect(violations.isEmpty, "\(violations.first.map { "\($0)" } ?? "")")
    }

    @Test func withoutTheFenceSomeDo() async throws {
        try await #expect(!Self.histories(1..<41, isFenced: false).isEmpty)
    }
}
