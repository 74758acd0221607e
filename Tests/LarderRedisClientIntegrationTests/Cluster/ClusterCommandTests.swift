import LarderRedisClient
import LarderTesting
import NIOCore
import Testing

/// Commands of all shapes against three primaries with a replica each.
@Suite(.timeLimit(.minutes(3))) struct ClusterCommandTests {
    @Test func slotsOfKeysAreTheServers() async throws {
        try await SharedCluster.use { _, client in
            for key in [
                "", "a", "foo{bar}", "{}x", "foo{}{bar}", "{a}{b}", "ключ", "{user1000}.following", "x{", "x}y{z}",
            ] {
                let slot = try await client.send(RedisCommand("CLUSTER", "KEYSLOT", key), as: Int.self)
                #expect(slot == RedisKeySlot.slot(of: key), "\(key)")
            }
        }
    }

    @Test func everyKeyIsReadWhereItWasWritten() async throws {
        try await SharedCluster.use { cluster, client in
            for index in 0..<500 { try await client.set("everywhere:\(index)", "\(index)") }
            for index in 0..<500 {
                #expect(try await client.get("everywhere:\(index)", as: Int.self) == index)
            }
            for server in try await cluster.primaries() {
                #expect(try await server.command("DBSIZE") != ":0\r\n")
            }
            // Nothing was sent to the wrong server.
            #expect(client.routeChanges == 1)
        }
    }

    @Test func commandsOnKeysOfManySlotsAreTakenApartAndPutTogether() async throws {
        try await SharedCluster.use { _, client in
            let keys = (0..<50).map { "many:\($0)" }
            var set = RedisCommand("MSET")
            for (index, key) in keys.enumerated() {
                set.append(key)
                set.append(index)
            }
            #expect(try await client.send(set, as: String.self) == "OK")
            let values = try await client.send(RedisCommand("MGET", arguments: keys + ["many:none"]), as: [Int?].self)
            #expect(values == (0..<50).map { $0 } + [nil])
            #expect(try await client.send(RedisCommand("EXISTS", arguments: keys + keys), as: Int.self) == 100)
            #expect(try await client.send(RedisCommand("TOUCH", arguments: keys), as: Int.self) == 50)
            #expect(try await client.send(RedisCommand("DEL", arguments: Array(keys.prefix(20))), as: Int.self) == 20)
            #expect(try await client.send(RedisCommand("UNLINK", arguments: keys), as: Int.self) == 30)
        }
    }

    @Test func commandThatNeedsItsKeysTogetherSaysSo() async throws {
        try await SharedCluster.use { _, client in
            let error = try await redisError {
                _ = try await client.send(RedisCommand("SUNION", "apart:a", "apart:b"))
            }
            #expect(error?.code == .server("CROSSSLOT"))
            #expect(try await client.send(RedisCommand("SUNION", "{apart}a", "{apart}b"), as: [String].self) == [])
        }
    }

    @Test func pipelineComesBackInOrder() async throws {
        try await SharedCluster.use { _, client in
            var commands: [RedisCommand] = []
            for index in 0..<100 {
                commands.append(RedisCommand("SET", "line:\(index)", index))
                commands.append(RedisCommand("INCR", "line:\(index)"))
                commands.append(RedisCommand("ECHO", "\(index)"))
                commands.append(RedisCommand("MGET", "line:\(index)", "line:\(index)", "line:none"))
            }
            commands.append(RedisCommand("LPUSH", "line:0", "x"))
            let results = try await client.pipeline(commands)
            #expect(results.count == 401)
            for index in 0..<100 {
                #expect(try String(resp: results[index * 4].get()) == "OK")
                #expect(try Int(resp: results[index * 4 + 1].get()) == index + 1)
                #expect(try String(resp: results[index * 4 + 2].get()) == "\(index)")
                #expect(try [Int?](resp: results[index * 4 + 3].get()) == [index + 1, index + 1, nil])
            }
            guard case .failure(let error) = results[400] else {
                Issue.record("expected an error")
                return
            }
            #expect(error.code == .server("WRONGTYPE") && error.command == "LPUSH")
        }
    }

    @Test func transactionsLieInOneSlotOrAreRefusedBeforeAnythingIsSent() async throws {
        try await SharedCluster.use { _, client in
            let (first, second) = try await client.transaction(.incr("{deal}a"), .incr("{deal}b"))
            #expect(first == 1 && second == 1)
            let error = try await redisError {
                _ = try await client.pipeline([
                    RedisCommand("SET", "deal:before", "1"), RedisCommand("MULTI"), RedisCommand("INCR", "deal:a"),
                    RedisCommand("INCR", "deal:b"), RedisCommand("EXEC"),
                ])
            }
            #expect(error?.code == .invalidCommand)
            #expect(try await client.get("deal:before", as: String.self) == nil)
            let result = try await client.withTransaction(watching: ["{deal}a"]) { connection in
                let value = try await connection.get("{deal}a", as: Int.self) ?? 0
                return RedisBatch(.set("{deal}a", value + 10))
            }
            #expect(result.responses != nil)
            #expect(try await client.get("{deal}a", as: Int.self) == 11)
        }
    }

    @Test func scriptsGoToTheirKeysAndServersLearnThem() async throws {
        try await SharedCluster.use { _, client in
            let script = RedisScript("return redis.call('INCRBY', KEYS[1], ARGV[1]) -- in a cluster")
            for index in 0..<20 {
                let sum = try await script.run(keys: ["script:\(index)"], arguments: [index], on: client, as: Int.self)
                #expect(sum == index)
            }
            let sha = try await client.send(RedisCommand("SCRIPT", "LOAD", "return 42"), as: String.self)
            #expect(try await client.send(RedisCommand("SCRIPT", "EXISTS", sha), as: [Int].self) == [1])
            for index in 0..<20 {
                let answer = try await client.send(RedisCommand("EVALSHA", sha, 1, "script:\(index)"), as: Int.self)
                #expect(answer == 42)
            }
        }
    }

    @Test func lentConnectionsLeadToTheirKeysServer() async throws {
        try await SharedCluster.use { _, client in
            for key in ["lent:a", "lent:b", "lent:c", "lent:d"] {
                try await client.withConnection(for: key) { connection in
                    try await connection.set(key, key)
                    #expect(try await connection.get(key, as: String.self) == key)
                }
            }
        }
    }

    @Test(arguments: [RedisConfiguration.ReadPreference.replica, .nearest])
    func readsByPreferenceFindWhatIsThere(preference: RedisConfiguration.ReadPreference) async throws {
        try await SharedCluster.use { cluster, client in
            let keys = (0..<60).map { "replicated:\($0)" }
            for key in keys { try await client.set(key, key) }
            let reader = client.reading(from: preference)
            for key in keys {
                #expect(try await eventually { try await reader.get(key, as: String.self) == key })
            }
            let results = try await reader.pipeline(keys.map { RedisCommand("GET", $0) })
            #expect(try results.map { try String(resp: $0.get()) } == keys)
            if preference == .replica {
                var readers = 0
                for shard in 0..<3 {
                    for replica in try await cluster.replicas(of: shard) {
                        let stats = try await replica.command("INFO", "commandstats")
                        if stats.contains("cmdstat_get:") { readers += 1 }
                    }
                }
                #expect(readers == 3)
            }
            // Writes go to primaries all the same.
            #expect(try await reader.send(RedisCommand("INCR", "replicated:count")) != .null)
        }
    }

    @Test func clientThatIsNotUsedOpensNothing() async throws {
        try await FakeServer.run { _ in
            "+OK\r\n"
        } _: { server, configuration in
            var configuration = configuration
            configuration.topology = .cluster([configuration.address])
            try await withClient(configuration) { _ in }
            #expect(server.opened == 0)
        }
    }
}
