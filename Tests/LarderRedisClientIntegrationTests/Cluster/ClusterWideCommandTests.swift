import LarderRedisClient
import LarderTesting
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
