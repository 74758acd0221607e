import LarderRedisClient
import LarderTesting
import NIOCore
import Testing

/// A client of real servers that real sentinels watch.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SentinelTests {
    /// The address of the primary that the client knows.
    static func primary(_ client: RedisClient) -> String? {
        client.describeTopology().nodes.first { $0.role == .primary }?.address
    }

    static func addresses(_ servers: [RedisServer]) -> Set<String> { Set(servers.map { "\($0.host):\($0.port)" }) }

    // MARK: Finding

    @Test func primaryReplicasAndSentinelsAreFound() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 2) { deployment in
            try await withClient(RedisConfiguration(url: deployment.url)) { client in
                try await client.set("key", "value")
                try await #expect(client.get("key", as: String.self) == "value")
                let first = try #require(deployment.servers.first)
                try await #expect(first.command("GET", "key") == "$5\r\nvalue\r\n")
                let topology = client.describeTopology()
                #expect(topology.kind == .sentinel)
                #expect(topology.primaryName == deployment.options.name)
                let nodes = Dictionary(grouping: topology.nodes, by: \.role).mapValues { Set($0.map(\.address)) }
                #expect(nodes[.primary] == Self.addresses([first]))
                #expect(nodes[.replica] == Self.addresses(Array(deployment.servers.dropFirst())))
                #expect(nodes[.sentinel] == Self.addresses(deployment.sentinels))
                // The first server of all is no change.
                #expect(client.serverMeetings == 1)
                #expect(client.lastServerChange == 0)
                // All sentinels are listened to.
                try await #expect(
                    eventually {
                        client.describeTopology().nodes.filter { $0.role == .sentinel && $0.isConnected }.count == 3
                    }
                )
            }
        }
    }

    @Test func sentinelsThatAreConfiguredByNameAreListedOnceEach() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 1) { deployment in
            // They know each other by address.
            let url = deployment.url.replacing("127.0.0.1", with: "localhost")
            try await withClient(RedisConfiguration(url: url)) { client in
                try await client.set("key", "value")
                var listed: Set<String> = []
                let areDistinct = try await eventually {
                    listed = Set(client.describeTopology().nodes.filter { $0.role == .sentinel }.map(\.address))
                    return listed == Set(deployment.sentinels.map { "localhost:\($0.port)" })
                }
                #expect(areDistinct, "\(listed)")
            }
        }
    }

    // MARK: TLS

    @Test func sentinelsAndServersWithTLSAreTrustedByTheirCertificates() async throws {
        // Made out to a name alone: a certificate for the address would do under whatever name is asked for.
        let certificates = try await TLSCertificates(serverNames: ["DNS:redis.test"])
        defer { certificates.remove() }
        try await withRedisSentinels(sentinels: 3, replicas: 1, server: .init(tls: certificates)) { deployment in
            var configuration = try RedisConfiguration(url: deployment.url)
            #expect(configuration.tls.isEnabled)
            configuration.tls.serverName = "redis.test"
            configuration.tls.trustedCertificateFiles = [certificates.authority]
            // Announcements are heard, and failovers followed.
            try await withClient(configuration) { client in
                try await client.set("key", "value")
                try await #expect(client.get("key", as: String.self) == "value")
                let areHeard = try await eventually {
                    client.describeTopology().nodes.filter { $0.role == .sentinel && $0.isConnected }.count == 3
                }
                #expect(areHeard)
                let promotion = try await deployment.failover()
                let isFollowed = try await eventually {
                    (try? await client.set("key", "another")) != nil
                        && Self.primary(client) == "127.0.0.1:\(promotion.primary.port)"
                }
                #expect(isFollowed)
            }
            // Whom nobody vouches for is not asked, and what is wrong is said.
            for change in [
                { $0.tls.trustedCertificateFiles = [] },
                { $0.tls.serverName = "other.test" },
            ] as [(inout RedisConfiguration) -> Void] {
                var wrong = configuration
                change(&wrong)
                try await withClient(wrong) { client in
                    let error = try await redisError { try await client.set("key", "value") }
                    #expect(error?.code == .tlsFailed)
                    #expect(error?.message.contains("none of the sentinels") == true)
                }
            }
        }
    }

    // MARK: Load

    @Test func manyCallsAtOnceAskOneSentinelOnce() async throws {
        try await withRedisSentinels(sentinels: 1, replicas: 1, .init(quorum: 1)) { deployment in
            var configuration = try RedisConfiguration(url: deployment.url)
            configuration.connections = 8
            let sentinel = try #require(deployment.sentinels.first)
            func connections() async throws -> Int {
                let info = try await sentinel.command("INFO", "stats")
                let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("total_connections_received:") }
                return try #require(line?.split(separator: ":").last.flatMap { Int($0) })
            }
            try await withClient(configuration) { client in
                let before = try await connections()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<200 { group.addTask { try await client.set("key \(task)", task) } }
                    try await group.waitForAll()
                }
                // One that asks, one that listens, and those of this count and of Redis' own servers.
                try await #expect(connections() - before <= 5)
            }
        }
    }

    @Test func sentinelThatIsDownIsPassedOver() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 1) { deployment in
            // Two of three: a minority is left, which still knows the primary.
            await deployment.killMajorityOfSentinels()
            try await withClient(RedisConfiguration(url: deployment.url)) { client in
                try await client.set("key", "value")
                try await #expect(client.get("key", as: String.self) == "value")
            }
        }
    }

    @Test func clientGoesOnWhenAllSentinelsAreDead() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 1) { deployment in
            try await withClient(RedisConfiguration(url: deployment.url)) { client in
                try await client.set("key", "value")
                for sentinel in deployment.sentinels { await sentinel.kill() }
                try await #expect(client.get("key", as: String.self) == "value")
                // Also on a new connection: the primary still says that it is one.
                let server = try #require(deployment.servers.first)
                try await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try await #expect(client.get("key", as: String.self) == "value")
                try await client.set("key", "another")
                #expect(client.lastServerChange == 0)
            }
        }
    }

    // MARK: Failing over

    @Test func failoverByOrderIsFollowedUnderLoad() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 2) { deployment in
            try await withClient(RedisConfiguration(url: deployment.url)) { client in
                let (promotion, tally) = try await WriteLoad.run(client) { try await deployment.failover() }
                tally.check([.fateUnknown], promotion.moment, "ordered failover")
                #expect(Self.primary(client) == "127.0.0.1:\(promotion.primary.port)")
                #expect(client.lastServerChange > 0)
            }
        }
    }

    @Test func deadPrimaryIsReplacedUnderLoad() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 2) { deployment in
            try await withClient(RedisConfiguration(url: deployment.url)) { client in
                let (promotion, tally) = try await WriteLoad.run(client) {
                    try await deployment.awaitFailover(from: deployment.killPrimary())
                }
                tally.check([.fateUnknown, .timedOut, .connectionFailed], promotion.moment, "kill -9")
                #expect(Self.primary(client) == "127.0.0.1:\(promotion.primary.port)")
            }
        }
    }

    @Test func frozenPrimaryIsReplacedUnderLoad() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 2) { deployment in
            try await withClient(RedisConfiguration(url: deployment.url)) { client in
                let ((promotion, old), tally) = try await WriteLoad.run(client) {
                    let old = try await deployment.pausePrimary()
                    return (try await deployment.awaitFailover(from: old), old)
                }
                tally.check([.fateUnknown, .timedOut, .connectionFailed], promotion.moment, "frozen primary")
                // It wakes up and still takes itself for the primary; nobody comes back to it.
                old.resume()
                for _ in 0..<50 {
                    try await client.set("key", "value")
                    #expect(Self.primary(client) == "127.0.0.1:\(promotion.primary.port)")
                }
            }
        }
    }

    @Test func lentConnectionsTransactionsAndChannelsWorkOnTheSuccessor() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 1) { deployment in
            try await withClient(RedisConfiguration(url: deployment.url)) { client in
                let ear = Ear()
                let subscription = try await client.listen(to: "news", ear.hear)
                defer { subscription.cancel() }
                try await client.set("count", 1)
                let killed = try await deployment.killPrimary()
                let promotion = try await deployment.awaitFailover(from: killed)
                // A connection that is lent waits for the primary like any other.
                let result = try await client.withTransaction(watching: ["count"]) { connection in
                    _ = try await connection.get("count", as: Int.self)
                    return RedisBatch(.set("count", 5), .incr("count"))
                }
                #expect(result.responses != nil)
                try await #expect(promotion.primary.command("GET", "count") == "$1\r\n6\r\n")
                try await #expect(ear.hears("<resumed>"))
                try await promotion.primary.command("PUBLISH", "news", "hello")
                try await #expect(ear.hears("hello"))
            }
        }
    }

    // MARK: What goes wrong

    @Test func nameThatNoSentinelKnowsIsAnErrorAtOnce() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 1) { deployment in
            let url = deployment.url.replacing("/\(deployment.options.name)/", with: "/nobody/")
            try await withClient(RedisConfiguration(url: url)) { client in
                let start = ContinuousClock.now
                let error = await #expect(throws: RedisError.self) { try await client.set("key", "value") }
                #expect(error?.code == .invalidConfiguration)
                #expect(error?.message.contains("know no primary \"nobody\"") == true)
                #expect(ContinuousClock.now - start < .seconds(1))
            }
        }
    }

    @Test func sentinelsWithAPasswordWantIt() async throws {
        try await withRedisSentinels(
            sentinels: 3,
            replicas: 1,
            .init(sentinelPassword: "watchword"),
            server: .init(password: "data")
        ) { deployment in
            try await withClient(RedisConfiguration(url: deployment.url)) { client in
                try await client.set("key", "value")
                try await #expect(client.get("key", as: String.self) == "value")
            }
            for url in [
                deployment.url.replacing("watchword", with: "wrongword"),
                String(deployment.url.prefix { $0 != "?" }),
            ] {
                try await withClient(RedisConfiguration(url: url)) { client in
                    let error = await #expect(throws: RedisError.self) { try await client.set("key", "value") }
                    #expect(error?.code == .authenticationFailed)
                    #expect(error?.message.contains("none of the sentinels") == true)
                    #expect(error.map { "\($0)".contains("hword") || "\($0)".contains("gword") } == false)
                }
            }
            let wrong = deployment.url.replacing(":data@", with: ":date@")
            try await withClient(RedisConfiguration(url: wrong)) { client in
                let error = await #expect(throws: RedisError.self) { try await client.set("key", "value") }
                #expect(error?.code == .authenticationFailed)
                #expect(error?.message.contains("cannot be used") == true)
            }
        }
    }

    @Test func withoutAnySentinelTheErrorNamesThem() async throws {
        try await withClient(RedisConfiguration(url: "redis+sentinel://127.0.0.1:1,127.0.0.1:2/shop")) { client in
            let start = ContinuousClock.now
            let error = await #expect(throws: RedisError.self) { try await client.set("key", "value") }
            // The time may be over in a pause or in an attempt.
            #expect(error?.code == .connectionFailed || error?.code == .timedOut)
            let message = "none of the sentinels 127.0.0.1:1, 127.0.0.1:2 could be asked for the primary \"shop\""
            #expect(error.map { "\($0)".contains(message) } == true)
            #expect(ContinuousClock.now - start < .milliseconds(2_500))
        }
    }

    @Test func withoutAMajorityThereIsNoSuccessorAndTheErrorSaysWhy() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 1) { deployment in
            try await withClient(RedisConfiguration(url: deployment.url)) { client in
                try await client.set("key", "value")
                await deployment.killMajorityOfSentinels()
                let killed = try await deployment.killPrimary()
                // A command that is written on a connection which is being lost has an unknown fate.
                let isLost = try await eventually {
                    !client.describeTopology().nodes.contains { $0.role == .primary && $0.isConnected }
                }
                #expect(isLost)
                let start = ContinuousClock.now
                let error = await #expect(throws: RedisError.self) {
                    try await client.timeout(.milliseconds(700)).set("key", "value")
                }
                #expect(ContinuousClock.now - start < .milliseconds(1_200))
                #expect(error?.code == .timedOut || error?.code == .connectionFailed)
                #expect(
                    error.map { "\($0)".contains("cannot be used there") } == true,
                    "\(error.map { "\($0)" } ?? "")"
                )
                try await killed.restart()
                try await #expect(eventually { (try? await client.set("key", "again")) != nil })
            }
        }
    }
}
