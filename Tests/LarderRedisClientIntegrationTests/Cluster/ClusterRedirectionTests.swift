import LarderRedisClient
import LarderTesting
import NIOCore
import Synchronization
import Testing

/// Servers that send commands elsewhere, or tell nothing of use.
@Suite(.timeLimit(.minutes(3))) struct ClusterRedirectionTests {
    /// A map in which one server owns a range of slots.
    static func slots(_ range: ClosedRange<Int>, port: Int) -> String {
        "*1\r\n*3\r\n:\(range.lowerBound)\r\n:\(range.upperBound)\r\n*2\r\n$9\r\n127.0.0.1\r\n:\(port)\r\n"
    }

    static func configuration(_ ports: Int..., timeout: Duration = .seconds(2)) -> RedisConfiguration {
        var configuration = RedisConfiguration()
        configuration.topology = .cluster(ports.map { .hostname("127.0.0.1", port: $0) })
        configuration.commandTimeout = timeout
        return configuration
    }

    static func port(_ configuration: RedisConfiguration) -> Int {
        Int(configuration.address.description.split(separator: ":").last ?? "") ?? 0
    }

    /// A port on which nobody listens.
    static func deadPort() async throws -> Int {
        try await FakeServer.run { _ in
            nil
        } _: { _, configuration in
            Self.port(configuration)
        }
    }

    @Test func loopOfMovedEndsWithAnErrorThatNamesIt() async throws {
        let port = Mutex(0)
        let answer: FakeServer.Answer = { command in
            switch command.first {
            case "CLUSTER": Self.slots(0...16_383, port: port.withLock { $0 })
            case "GET": "-MOVED 1 127.0.0.1:\(port.withLock { $0 })\r\n"
            default: "+OK\r\n"
            }
        }
        try await FakeServer.run(answer: answer) { server, configuration in
            port.withLock { $0 = Self.port(configuration) }
            try await withClient(Self.configuration(Self.port(configuration))) { client in
                let loop = try await redisError { _ = try await client.send(RedisCommand("GET", "x")) }
                #expect(loop?.code == .server("MOVED") && loop?.command == "GET")
                #expect(loop?.message.contains("loop") == true)
                #expect(server.commands.filter { $0 == "GET x" }.count == 17)
                #expect(client.routeChanges == 18)
                let results = try await client.pipeline([RedisCommand("SET", "x", "1"), RedisCommand("GET", "x")])
                #expect(try results[0].get() == .simpleString("OK"))
                guard case .failure(let error) = results[1] else {
                    Issue.record("expected an error")
                    return
                }
                #expect(error.code == .server("MOVED"))
            }
        }
    }

    @Test func crowdThatIsSentElsewhereAsksForTheMapOnce() async throws {
        let ports = Mutex((old: 0, new: 0, hasMoved: false))
        let answer: @Sendable (_ isNew: Bool) -> FakeServer.Answer = { isNew in
            { command in
                let (old, new, hasMoved) = ports.withLock { $0 }
                switch command.first {
                case "CLUSTER": return Self.slots(0...16_383, port: hasMoved ? new : old)
                case "GET" where hasMoved && !isNew: return "-MOVED 1 127.0.0.1:\(new)\r\n"
                case "GET": return isNew ? "$3\r\nnew\r\n" : "$3\r\nold\r\n"
                default: return "+OK\r\n"
                }
            }
        }
        try await FakeServer.run(answer: answer(false)) { old, oldConfiguration in
            try await FakeServer.run(answer: answer(true)) { new, newConfiguration in
                ports.withLock { $0 = (Self.port(oldConfiguration), Self.port(newConfiguration), false) }
                try await withClient(Self.configuration(Self.port(oldConfiguration))) { client in
                    let heard = Mutex(0)
                    let registration = client.onPrimariesChanged { heard.withLock { $0 += 1 } }
                    #expect(try await client.get("x", as: String.self) == "old")
                    #expect(heard.withLock { $0 } == 1)
                    ports.withLock { $0.hasMoved = true }
                    let changes = client.routeChanges
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for task in 0..<200 {
                            group.addTask {
                                let value = try await client.get("x:\(task)", as: String.self)
                                #expect(value == "new")
                                #expect(client.routeChanges > changes)
                            }
                        }
                        try await group.waitForAll()
                    }
                    // The first server has lost all slots: nothing keeps a connection to it.
                    #expect(try await eventually { old.opened == old.closed })
                    #expect(try await eventually { heard.withLock { $0 } == 3 })
                    let inquiries = (old.commands + new.commands).filter { $0 == "CLUSTER SLOTS" }.count
                    #expect((2...3).contains(inquiries), "\(inquiries)")
                    _ = registration
                }
            }
        }
    }

    @Test func deadSeedsArePassedOver() async throws {
        try await withRedisCluster(primaries: 1, replicas: 0) { cluster in
            let dead = try await Self.deadPort()
            let configuration = Self.configuration(dead, dead, cluster.servers[0].port)
            try await withClient(configuration) { client in
                let reply = try await client.send(RedisCommand("SET", "seed", "1"), as: String.self)
                #expect(reply == "OK")
            }
        }
    }

    @Test func whereNoSeedAnswersTheErrorNamesThemAll() async throws {
        let (first, second) = (try await Self.deadPort(), try await Self.deadPort())
        try await withClient(Self.configuration(first, second, timeout: .milliseconds(300))) { client in
            let error = try await redisError { _ = try await client.get("x", as: String.self) }
            #expect(error?.code == .connectionFailed)
            #expect(error?.server == "127.0.0.1:\(first), 127.0.0.1:\(second)")
            let ofPipeline = try await redisError { _ = try await client.pipeline([RedisCommand("GET", "x")]) }
            #expect(ofPipeline?.code == .connectionFailed)
            let ofLending = try await redisError { try await client.withConnection { _ in } }
            #expect(ofLending?.code == .connectionFailed)
        }
    }

    @Test func serverThatHangsDelaysTheFirstCommandABit() async throws {
        try await withRedisCluster(primaries: 1, replicas: 0) { cluster in
            try await FakeServer.run { _ in
                nil
            } _: { _, silent in
                let configuration = Self.configuration(Self.port(silent), cluster.servers[0].port)
                try await withClient(configuration) { client in
                    let reply = try await client.send(RedisCommand("SET", "seed", "1"), as: String.self)
                    #expect(reply == "OK")
                }
            }
        }
    }

    @Test func serverOutsideOfAnyClusterIsAWrongConfiguration() async throws {
        try await withRedisServer { server in
            try await withClient(Self.configuration(server.port)) { client in
                let error = try await redisError { _ = try await client.get("x", as: String.self) }
                #expect(error?.code == .invalidConfiguration)
                #expect(error?.message.contains("cluster-enabled") == true)
            }
        }
    }

    @Test func wrongPasswordIsSaidAtOnce() async throws {
        let answer: FakeServer.Answer = { _ in "-NOAUTH Authentication required.\r\n" }
        try await FakeServer.run(answer: answer) { _, fake in
            try await withClient(Self.configuration(Self.port(fake), timeout: .seconds(20))) { client in
                let error = try await redisError { _ = try await client.get("x", as: String.self) }
                #expect(error?.code == .authenticationFailed)
            }
        }
    }

    @Test func slotThatNobodyOwnsIsWaitedForAndThenAnError() async throws {
        let port = Mutex(0)
        let all = Mutex(false)
        let answer: FakeServer.Answer = { command in
            switch command.first {
            case "CLUSTER": Self.slots(all.withLock { $0 } ? 0...16_383 : 0...0, port: port.withLock { $0 })
            case "GET": "$1\r\n1\r\n"
            default: "+OK\r\n"
            }
        }
        try await FakeServer.run(answer: answer) { _, fake in
            port.withLock { $0 = Self.port(fake) }
            try await withClient(Self.configuration(Self.port(fake))) { client in
                // The map is there, so that the slot is all that is missing.
                _ = try await client.send(RedisCommand("PING"))
                let error = try await redisError {
                    _ = try await client.timeout(.milliseconds(300)).get("x", as: String.self)
                }
                #expect(error?.code == .server("CLUSTERDOWN"))
                async let late = client.timeout(.seconds(20)).get("x", as: String.self)
                all.withLock { $0 = true }
                #expect(try await late == "1")
            }
        }
    }

    @Test func keysOnTheirWayAreFoundOnBothSides() async throws {
        try await withRedisCluster(primaries: 2, replicas: 0) { cluster in
            try await withClient(cluster.configuration()) { client in
                for key in ["{tag}a", "{tag}b"] { try await client.set(key, key) }
                let slot = RedisKeySlot.slot(of: "tag")
                let source = try await cluster.shard(owning: slot)
                let move = try await cluster.beginMove(of: slot, to: 1 - source)
                try await cluster.moveKeys(["{tag}a"], of: move)
                let changes = client.routeChanges
                #expect(try await client.get("{tag}a", as: String.self) == "{tag}a")
                #expect(client.routeChanges > changes)
                #expect(try await client.get("{tag}b", as: String.self) == "{tag}b")
                #expect(try await client.send(RedisCommand("SET", "{tag}new", "1"), as: String.self) == "OK")

                let results = try await client.pipeline([
                    RedisCommand("SET", "{tag}a", "1"), RedisCommand("GET", "{tag}b"), RedisCommand("INCR", "{tag}a"),
                    RedisCommand("GET", "{tag}a"), RedisCommand("ECHO", "here"),
                ])
                let texts = try results.map { try String(resp: $0.get()) }
                #expect(texts == ["OK", "{tag}b", "2", "2", "here"])
                let (first, second) = try await client.transaction(.incr("{tag}a"), .incr("{tag}new"))
                #expect(first == 3 && second == 2)

                // Of a command on both, neither side has all keys: it waits until the move is over.
                async let both = client.timeout(.seconds(20)).send(
                    RedisCommand("MGET", "{tag}a", "{tag}b"),
                    as: [String].self
                )
                let error = try await redisError {
                    _ = try await client.timeout(.seconds(1)).send(RedisCommand("MGET", "{tag}a", "{tag}b"))
                }
                #expect(error?.code == .server("TRYAGAIN"))
                try await cluster.endMove(move)
                #expect(try await both == ["3", "{tag}b"])
            }
        }
    }

    @Test func configurationThatNoClusterHasIsRefused() async throws {
        var noSeeds = RedisConfiguration()
        noSeeds.topology = .cluster([])
        var socket = RedisConfiguration()
        socket.topology = .cluster([.unixSocket(path: "/tmp/redis.sock")])
        var database = Self.configuration(6379)
        database.database = 1
        for configuration in [noSeeds, socket, database] {
            let error = try await redisError { _ = try RedisClient(configuration) }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}
