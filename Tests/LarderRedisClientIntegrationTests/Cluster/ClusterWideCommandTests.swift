import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

/// Commands on the data of all primaries; on a cluster of their own, for they see everybody's keys.
@Suite(.timeLimit(.minutes(3))) struct ClusterWideCommandTests {
    @Test func commandsForAllServersReachAllAndAreMerged() async throws {
        try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
            try await withClient(cluster.configuration(seed: 5)) { client in
                let keys = Set((0..<300).map { "wide:\($0)" })
                for key in keys { try await client.set(key, "x") }
                #expect(try await client.send(RedisCommand("DBSIZE"), as: Int.self) == 300)
                #expect(try await Set(client.send(RedisCommand("KEYS", "wide:*"), as: [String].self)) == keys)

                var scanned: Set<String> = []
                for try await key in client.scan(matching: "wide:*", count: 20) { scanned.insert(key) }
                #expect(scanned == keys)
                let error = try await redisError { _ = try await client.send(RedisCommand("SCAN", "1234")) }
                #expect(error?.code == .invalidCommand)
                let page = try await client.pipeline([
                    RedisCommand("SCAN", "0"), RedisCommand("DBSIZE"), RedisCommand("SET", "wide:0", "y"),
                    RedisCommand("FLUSHALL"), RedisCommand("SET", "wide:new", "z"), RedisCommand("DBSIZE"),
                ])
                #expect(try page[0].get() != .null)
                #expect(try Int(resp: page[1].get()) == 300)
                #expect(try String(resp: page[3].get()) == "OK")
                #expect(try Int(resp: page[5].get()) == 1)
                #expect(try await client.get("wide:new", as: String.self) == "z")
            }
        }
    }

    @Test func commandsThatWereExecutedKeepTheirResultsAlsoIfThePrimariesAreLost() async throws {
        typealias Fake = ClusterRedirectionTests
        let state = Mutex((port: 0, hasSlots: true))
        let answer: FakeServer.Answer = { command in
            switch command.first {
            case "CLUSTER":
                let (port, hasSlots) = state.withLock { $0 }
                return hasSlots ? Fake.slots(0...16_383, port: port) : "*0\r\n"
            case "GET": return "$5\r\nvalue\r\n"
            case "DBSIZE": return ":5\r\n"
            case "SET":
                state.withLock { $0.hasSlots = false }
                return "-CLUSTERDOWN The cluster is down\r\n"
            default: return "+OK\r\n"
            }
        }
        try await FakeServer.run(answer: answer) { _, fake in
            state.withLock { $0.port = Fake.port(fake) }
            try await withClient(Fake.configuration(Fake.port(fake), timeout: .milliseconds(800))) { client in
                let results = try await client.pipeline([
                    RedisCommand("GET", "a"), RedisCommand("DBSIZE"), RedisCommand("SET", "b", "c"),
                ])
                #expect(try String(resp: results[0].get()) == "value")
                let errors = results.dropFirst().map { result -> RedisError? in
                    if case .failure(let error) = result { error } else { nil }
                }
                #expect(errors.map { $0?.code } == [.server("CLUSTERDOWN"), .server("CLUSTERDOWN")])
                #expect(errors[0]?.command == "DBSIZE")
                #expect(errors[0]?.message.contains("have executed the command") == true)
            }
        }
    }

    @Test func scanFindsAllAlthoughAPrimaryIsReplaced() async throws {
        try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
            try await withClient(cluster.configuration()) { client in
                let keys = Set((0..<300).map { "scanned:\($0)" })
                for key in keys { try await client.set(key, "x") }
                var scanned: Set<String> = []
                var pages = 0
                for try await page in client.scan(count: 10).pages {
                    scanned.formUnion(page)
                    pages += 1
                    // In the middle of the first one, and of what comes then.
                    if pages == 3 { try await cluster.failover(0) }
                    if pages == 9 { try await cluster.failover(2) }
                }
                #expect(pages > 9)
                #expect(scanned == keys)
            }
        }
    }

    @Test func oneNodeWithAllSlotsIsACluster() async throws {
        try await withRedisCluster(primaries: 1, replicas: 0) { cluster in
            try await withClient(cluster.configuration()) { client in
                try await client.set("single", "1")
                #expect(
                    try await client.send(RedisCommand("MGET", "single", "a", "b"), as: [String?].self) == [
                        "1", nil, nil,
                    ]
                )
                #expect(client.routeChanges == 1)
            }
        }
    }
}
