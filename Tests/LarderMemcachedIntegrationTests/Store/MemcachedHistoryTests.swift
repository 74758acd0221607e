import Larder
import LarderMemcached
import LarderTesting
import Testing

/// Random histories on real servers, some of which are killed meanwhile and return.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MemcachedHistoryTests {
    private static func histories(
        _ seeds: Range<UInt64>,
        servers: Int,
        isFenced: Bool = true
    ) async throws -> [HistoryViolation] {
        var violations: [HistoryViolation] = []
        try await withMemcached(servers: servers) { memcached in
            for seed in seeds {
                let namespace = try CacheNamespace("history\(seed)")
                let history = try await HistoryRun.live(seed: seed, namespace: namespace) { _, count in
                    let shown: any CacheStore = isFenced ? memcached.store : UnfencedStore(memcached.store)
                    return Array(repeating: shown, count: count)
                }
                #expect(history.calls.count >= 200)
                violations += HistoryChecker(.realTime).violations(in: history)
            }
        }
        return violations
    }

    @Test(arguments: [1, 3]) func noHistoryBreaksAPromise(_ servers: Int) async throws {
        let violations = try await Self.histories(1..<31, servers: servers)
        #expect(violations.isEmpty, "\(violations.first.map { "\($0)" } ?? "")")
    }

    @Test func withoutTheFenceSomeDo() async throws {
        let violations = try await Self.histories(1..<41, servers: 1, isFenced: false)
        #expect(!violations.isEmpty)
    }

    @Test(arguments: [(1, false), (3, false), (3, true)])
    func noneDoesWithServersKilledAndReturning(_ servers: Int, _ failover: Bool) async throws {
        let configure = { (configuration: inout MemcachedConfiguration) in
            // Shorter than the longest pause, so that servers are lost and return with what they held.
            configuration.requestTimeout = .milliseconds(150)
            configuration.reconnect = .init(base: .milliseconds(2), maximum: .milliseconds(20))
            configuration.failover = failover
            configuration.failoverPause = .milliseconds(100)
        }
        try await withMemcached(servers: servers, .init(), configure) { memcached in
            let client = memcached.client
            // One key of each server.
            var probes: [String: String] = [:]
            for index in 0..<1_000 { probes[client.server(ofKey: "probe\(index)")] = "probe\(index)" }
            #expect(probes.count == servers)
            let keys = Array(probes.values)
            let disturbance = MemcachedDisturbance(
                Set(MemcachedDisturbance.Kind.allCases),
                servers: memcached.servers
            ) {
                for key in keys { _ = try await client.get(key) }
            }
            var disturbances = 0
            for seed in UInt64(1)..<16 {
                let namespace = try CacheNamespace("history\(seed)")
                let history = try await HistoryRun.live(seed: seed, .disturbed, namespace: namespace) { _, count in
                    Array(repeating: memcached.store, count: count)
                } disturbance: {
                    try await disturbance.run($0)
                }
                disturbances += history.disturbances
                let violations = HistoryChecker(.disturbed).violations(in: history)
                #expect(violations.isEmpty, "seed \(seed): \(violations.first.map { "\($0)" } ?? "")")
            }
            #expect(disturbances > 20)
        }
    }
}
