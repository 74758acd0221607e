import LarderRedisClient
import LarderTesting
import Testing

/// A client of a real primary and its replicas, which nobody watches.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ReplicatedTests {
    /// How often a command was executed by a server.
    static func calls(of command: String, on server: RedisServer) async throws -> Int {
        let info = try await server.command("INFO", "commandstats")
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):") }
        return line.flatMap { $0.split(separator: "=").dropFirst().first }
            .flatMap { $0.split(separator: ",").first }.flatMap { Int($0) } ?? 0
    }

    static func configuration(
        _ set: RedisReplicaSet,
        _ preference: RedisConfiguration.ReadPreference = .primary
    ) throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(url: set.url)
        configuration.readPreference = preference
        return configuration
    }

    @Test func primaryIsFoundWhereverItStandsInTheList() async throws {
        try await withRedisReplicaSet(replicas: 2) { set in
            try await set.promote(2)
            try await withClient(Self.configuration(set)) { client in
                try await client.set("key", "value")
                try await #expect(set.primary.command("GET", "key") == "$5\r\nvalue\r\n")
                let nodes = client.describeTopology().nodes
                #expect(client.describeTopology().kind == .replicated)
                #expect(nodes.first?.address == "127.0.0.1:\(set.primary.port)")
                #expect(nodes.filter { $0.role == .replica }.count == 2)
            }
            // One of them is enough, also one that is a replica.
            var configuration = RedisConfiguration()
            configuration.topology = .replicated([.hostname("127.0.0.1", port: set.servers[1].port)])
            try await withClient(configuration) { client in
                try await client.set("key", "another")
                #expect(client.describeTopology().nodes.filter { $0.role == .replica }.count == 2)
            }
        }
    }

    @Test func primaryThatWasMadeAReplicaIsLeftUnderLoad() async throws {
        try await withRedisReplicaSet(replicas: 2) { set in
            try await withClient(Self.configuration(set)) { client in
                let (moment, tally) = try await WriteLoad.run(client) {
                    let moment = ContinuousClock.now
                    try await set.promote(1)
                    return moment
                }
                tally.check([.fateUnknown], moment, "demotion behind the back")
                #expect(client.lastServerChange > 0)
            }
        }
    }

    @Test func primaryThatWasAReplicaInBetweenIsAChange() async throws {
        try await withRedisReplicaSet(replicas: 1) { set in
            try await withClient(Self.configuration(set)) { client in
                try await client.set("key", "value")
                let server = set.servers[0]
                // The connection stays open over both.
                try await server.command("REPLICAOF", "127.0.0.1", "\(set.servers[1].port)")
                let write = Task { try await client.set("key", "another") }
                try await #expect(eventually { try await server.command("INFO", "errorstats").contains("READONLY") })
                try await server.command("REPLICAOF", "NO", "ONE")
                _ = try await write.value
                // A write may still pass on the old connection while the round is under way that finds it out, or be on
                // it when it is closed.
                let isNoticed = try await eventually(atMost: .seconds(2)) {
                    do {
                        try await client.set("key", "third")
                    } catch let error as RedisError where error.code == .fateUnknown {
                        return false
                    }
                    return client.lastServerChange > 0
                }
                #expect(isNoticed)
            }
        }
    }

    @Test func lentConnectionToADemotedPrimaryMakesTheClientLookAgain() async throws {
        for isPipeline in [false, true] {
            try await withRedisReplicaSet(replicas: 1) { set in
                var configuration = try Self.configuration(set)
                // Nothing else looks.
                configuration.healthCheckInterval = nil
                try await withClient(configuration) { client in
                    let (old, new) = (set.servers[0], set.servers[1])
                    try await client.withConnection { connection in
                        try await connection.set("key", "value")
                        try await set.promote(1)
                        let error = try await redisError {
                            if isPipeline {
                                _ = try await connection.pipeline([RedisCommand("SET", "key", "another")])[0].get()
                            } else {
                                try await connection.set("key", "another")
                            }
                        }
                        #expect(error?.code == .server("READONLY"))
                    }
                    try await #expect(
                        eventually {
                            client.describeTopology().nodes.first?.address == "127.0.0.1:\(new.port)"
                        }
                    )
                    #expect(client.describeTopology().nodes.first?.address != "127.0.0.1:\(old.port)")
                }
            }
        }
    }

    @Test func withoutPrimaryTheErrorNamesTheServers() async throws {
        try await withRedisReplicaSet(replicas: 1) { set in
            await set.killPrimary()
            var configuration = try Self.configuration(set)
            configuration.commandTimeout = .milliseconds(600)
            try await withClient(configuration) { client in
                let start = ContinuousClock.now
                let error = await #expect(throws: RedisError.self) { try await client.set("key", "value") }
                #expect(ContinuousClock.now - start < .seconds(1))
                let ports = set.servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ", ")
                #expect(error.map { "\($0)".contains("none of the servers \(ports) is a primary") } == true)
                // Until somebody makes one.
                try await set.promote(1)
                try await client.timeout(.seconds(2)).set("key", "value")
            }
        }
    }

    @Test func pausedServerDoesNotKeepThePrimaryFromBeingFound() async throws {
        try await withRedisReplicaSet(replicas: 2) { set in
            set.servers[2].pause()
            defer { set.servers[2].resume() }
            try await withClient(Self.configuration(set)) { client in
                let start = ContinuousClock.now
                try await client.set("key", "value")
                #expect(ContinuousClock.now - start < .seconds(1))
            }
        }
    }

    // MARK: Reading

    @Test func replicasAnswerWhatReadsAndThePrimaryEverythingElse() async throws {
        try await withRedisReplicaSet(replicas: 2) { set in
            try await withClient(Self.configuration(set, .replica)) { client in
                try await client.set("key", "value")
                try await set.awaitReplication()
                for _ in 0..<20 { try await #expect(client.get("key", as: String.self) == "value") }
                _ = try await client.pipeline([RedisCommand("GET", "key"), RedisCommand("STRLEN", "key")])
                // A pipeline in which something writes, and a transaction, are the primary's.
                _ = try await client.pipeline([RedisCommand("GETRANGE", "key", 0, 1), RedisCommand("INCR", "n")])
                _ = try await client.pipeline(
                    [RedisCommand("MULTI"), RedisCommand("GETRANGE", "key", 0, 1), RedisCommand("EXEC")]
                )
                try await #expect(Self.calls(of: "get", on: set.primary) == 0)
                try await #expect(Self.calls(of: "getrange", on: set.primary) == 2)
                var total = 0
                for replica in set.replicas {
                    let calls = try await Self.calls(of: "get", on: replica)
                    #expect(calls >= 9)
                    total += calls
                }
                #expect(total == 21)
                // By call, it may be otherwise.
                _ = try await client.reading(from: .primary).get("key", as: String.self)
                try await #expect(Self.calls(of: "get", on: set.primary) == 1)
            }
            try await withClient(Self.configuration(set)) { client in
                for _ in 0..<5 { _ = try await client.get("key", as: String.self) }
                try await #expect(Self.calls(of: "get", on: set.primary) == 6)
                _ = try await client.reading(from: .replica).get("key", as: String.self)
                try await #expect(Self.calls(of: "get", on: set.primary) == 6)
            }
        }
    }

    @Test func readsGoOnWhereReplicasDieOrFreezeOrHaveLostTheirPrimary() async throws {
        try await withRedisReplicaSet(replicas: 2) { set in
            try await withClient(Self.configuration(set, .replica)) { client in
                try await client.set("key", "value")
                try await set.awaitReplication()
                for _ in 0..<4 { try await #expect(client.get("key", as: String.self) == "value") }
                // One refuses to answer: it has lost its primary.
                try await set.servers[1].command("CONFIG", "SET", "replica-serve-stale-data", "no")
                try await set.servers[1].command("REPLICAOF", "127.0.0.1", "1")
                for _ in 0..<6 { try await #expect(client.get("key", as: String.self) == "value") }
                // The other one freezes: calls take half of their time until they go elsewhere.
                set.servers[2].pause()
                for _ in 0..<6 { try await #expect(client.get("key", as: String.self) == "value") }
                set.servers[2].resume()
                await set.servers[2].kill()
                for _ in 0..<6 { try await #expect(client.get("key", as: String.self) == "value") }
                #expect(client.lastServerChange == 0)
            }
        }
    }

    @Test func nearestServerIsAmongThoseThatAnswer() async throws {
        try await withRedisReplicaSet(replicas: 2) { set in
            try await withClient(Self.configuration(set, .nearest)) { client in
                try await client.set("key", "value")
                try await set.awaitReplication()
                for _ in 0..<50 { try await #expect(client.get("key", as: String.self) == "value") }
                let measured = client.describeTopology().nodes.filter { $0.roundTrip != nil }
                #expect(measured.count == 3)
                await set.servers[1].kill()
                await set.servers[2].kill()
                for _ in 0..<20 { try await #expect(client.get("key", as: String.self) == "value") }
            }
        }
    }

    @Test func replicaThatLeavesTheSetTakesNoCommandWithIt() async throws {
        try await withRedisReplicaSet(replicas: 2) { set in
            var configuration = try Self.configuration(set, .replica)
            configuration.healthCheckInterval = .milliseconds(100)
            try await withClient(configuration) { client in
                try await client.set("key", "value")
                try await set.awaitReplication()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            for _ in 0..<200 {
                                let value = try await client.get("key", as: String.self)
                                #expect(value == "value")
                            }
                        }
                    }
                    await set.servers[2].kill()
                    try await group.waitForAll()
                }
                try await #expect(
                    eventually { client.describeTopology().nodes.filter { $0.role == .replica }.count == 1 }
                )
            }
        }
    }
}
