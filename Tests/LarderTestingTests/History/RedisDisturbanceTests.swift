import Larder
@_spi(Testing) import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// Histories on a real server that is disturbed.
@Suite struct RedisDisturbanceTests {
    private static func histories(
        _ seeds: Range<UInt64>,
        _ kinds: Set<RedisDisturbance.Kind>,
        isFenced: Bool = true,
        isApart: Bool = false
    ) async throws -> [History] {
        try await withRedisServer { server in
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            configuration.commandTimeout = .milliseconds(100)
            configuration.reconnect = .init(base: .milliseconds(2), maximum: .milliseconds(20))
            let client = try RedisClient(configuration)
            var histories: [History] = []
            for seed in seeds {
                let namespace = try CacheNamespace("history\(seed)")
                let disturbance = RedisDisturbance(kinds, server: server, namespace: namespace) {
                    try await client.info(["server"]).runID ?? ""
                }
                let history = try await HistoryRun.live(seed: seed, .disturbed, namespace: namespace) { _, count in
                    let store = RedisStore(client, spreadsKeys: isApart)
                    let shown: any CacheStore = isFenced ? store : UnfencedStore(store)
                    return Array(repeating: shown, count: count)
                } disturbance: {
                    try await disturbance.run($0)
                }
                histories.append(history)
            }
            await client.shutdown()
            return histories
        }
    }

    private static func expectNoViolation(_ history: History) {
        let violations = HistoryChecker(.disturbed).judgement(of: history).violations
        #expect(violations.isEmpty, "\(violations.first.map { "\($0)" } ?? "")")
    }

    @Test(arguments: [false, true])
    func noDisturbanceBreaksAPromise(_ isApart: Bool) async throws {
        let kinds: Set<RedisDisturbance.Kind> = [.pause, .connections, .scripts, .evictions]
        let histories = try await Self.histories(1..<6, kinds, isApart: isApart)
        for history in histories {
            #expect(history.calls.count >= 200)
            #expect(history.restart == nil)
            Self.expectNoViolation(history)
        }
        #expect(histories.reduce(0) { $0 + $1.disturbances } >= 10)
        #expect(histories.contains { $0.outages.contains { $0.losesEntries } })
        #expect(histories.contains { $0.calls.contains { $0.error == "unavailable" } })
        #expect(histories.contains { $0.calls.contains { $0.settled != nil } })
    }

    @Test(arguments: [RedisDisturbance.Kind.kill, .restore])
    func noPromiseIsBrokenOnceTheNewServerIsSeen(_ kind: RedisDisturbance.Kind) async throws {
        let histories = try await Self.histories(1..<6, [kind])
        #expect(histories.contains { $0.calls.contains { $0.error == "unavailable" } })
        for history in histories {
            let restart = try #require(history.restart)
            #expect(history.calls.contains { $0.begin > restart && $0.hasSucceeded })
            Self.expectNoViolation(history)
        }
    }

    @Test func storeWithoutAFenceIsFoundOutAmongDisturbances() async throws {
        let histories = try await Self.histories(1..<6, [.pause, .connections, .scripts, .evictions], isFenced: false)
        let checker = HistoryChecker(.disturbed)
        #expect(histories.contains { checker.violations(in: $0).contains { $0.rule == .resurrection } })
    }

    @Test func sameSeedIsTheSameDisturbance() async throws {
        try await withRedisServer { server in
            let disturbance = RedisDisturbance(
                Set(RedisDisturbance.Kind.allCases),
                server: server,
                namespace: "history"
            ) { "" }
            var kinds = Set<RedisDisturbance.Kind?>()
            for seed in 0..<50 as Range<UInt64> {
                let events = disturbance.events(seed: seed)
                #expect(events == disturbance.events(seed: seed))
                #expect(events != disturbance.events(seed: seed + 1))
                #expect(events.map(\.call) == events.map(\.call).sorted())
                #expect(events.count { $0.kind == .kill || $0.kind == .restore } == 1)
                kinds.formUnion(events.map(\.kind))
            }
            #expect(kinds == Set(RedisDisturbance.Kind.allCases.map { $0 }).union([nil]))
        }
    }
}
