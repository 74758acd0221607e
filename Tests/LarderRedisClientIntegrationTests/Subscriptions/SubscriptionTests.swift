import LarderRedisClient
import LarderTesting
import Testing

/// Listening to channels of real servers.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SubscriptionTests {
    /// How many subscribe to a channel, in the server's eyes.
    static func subscribers(of channel: String, on server: RedisServer) async throws -> Int? {
        let reply = try await server.command("PUBSUB", "NUMSUB", channel)
        return reply.split(whereSeparator: \.isNewline).last.flatMap { Int($0.dropFirst()) }
    }

    /// The lines of `CLIENT LIST` for connections that have subscriptions.
    static func listeningConnections(_ server: RedisServer) async throws -> [Substring] {
        try await server.command("CLIENT", "LIST").split(whereSeparator: \.isNewline)
            .filter { $0.contains(" sub=") && !$0.contains(" sub=0") }
    }

    @Test(arguments: [RedisConfiguration.ProtocolVersion.resp2, .resp3])
    func messagesArriveInOrderAndOnlyFromTheChannel(_ version: RedisConfiguration.ProtocolVersion) async throws {
        try await withRedisServer { server in
            var configuration = server.configuration
            configuration.protocolVersion = version
            try await withClient(configuration) { client in
                let (first, second, other) = (Ear(), Ear(), Ear())
                let subscription = try await client.listen(to: "news", first.hear)
                let secondSubscription = try await client.listen(to: "news", second.hear)
                _ = try await client.listen(to: "weather", other.hear)
                for word in ["a", "b", "c"] { try await server.command("PUBLISH", "news", word) }
                try await server.command("PUBLISH", "weather", "rain")
                try await #expect(other.hears("rain"))
                #expect(first.heard == ["a", "b", "c"])
                #expect(second.heard == ["a", "b", "c"])
                subscription.cancel()
                try await server.command("PUBLISH", "news", "d")
                try await #expect(second.hears("d"))
                #expect(first.heard == ["a", "b", "c"])
                secondSubscription.cancel()
                try await #expect(eventually { try await Self.subscribers(of: "news", on: server) == 0 })
                try await #expect(Self.subscribers(of: "weather", on: server) == 1)
                // The channel can be had again.
                _ = try await client.listen(to: "news", first.hear)
                try await server.command("PUBLISH", "news", "e")
                try await #expect(first.hears("e"))
            }
        }
    }

    @Test func thousandListenersOnHundredChannelsShareOneConnection() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                let ears = (0..<1000).map { _ in Ear() }
                let subscriptions = try await withThrowingTaskGroup(of: Subscription.self) { group in
                    for (index, ear) in ears.enumerated() {
                        group.addTask { try await client.listen(to: "channel \(index % 100)", ear.hear) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let connections = try await Self.listeningConnections(server)
                #expect(connections.count == 1)
                #expect(connections.first?.contains(" sub=100 ") == true)
                for channel in 0..<100 {
                    try await server.command("PUBLISH", "channel \(channel)", "to \(channel)")
                }
                for (index, ear) in ears.enumerated() {
                    try await #expect(ear.hears("to \(index % 100)"))
                    #expect(ear.heard.count == 1)
                }
                for subscription in subscriptions { subscription.cancel() }
                try await #expect(eventually { try await Self.listeningConnections(server).isEmpty })
            }
        }
    }

    @Test func manyComeAndGoWhileOthersPublish() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<50 {
                        group.addTask {
                            for round in 0..<40 {
                                let ear = Ear()
                                let channel = "churn \((task + round) % 5)"
                                let subscription = try await client.listen(to: channel, ear.hear)
                                _ = try await client.send(RedisCommand("PUBLISH", channel, "\(task) \(round)"))
                                try await #expect(ear.hears("\(task) \(round)"))
                                subscription.cancel()
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await #expect(eventually { try await Self.listeningConnections(server).isEmpty })
            }
        }
    }

    @Test func manyComeAndGoWhileTheirConnectionIsKilled() async throws {
        try await withRedisServer { server in
            var configuration = RedisClientFaultTests.configuration(port: server.port)
            configuration.commandTimeout = .seconds(20)
            configuration.healthCheckInterval = .seconds(20)
            configuration.connectTimeout = .seconds(20)
            try await withClient(configuration) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<100 {
                        group.addTask {
                            for round in 0..<60 {
                                let channel = "churn \((task + round) % 7)"
                                let listening = Task { try await client.listen(to: channel) { _ in } }
                                if (task + round).isMultiple(of: 3) { listening.cancel() }
                                do {
                                    try await listening.value.cancel()
                                } catch let error as RedisError {
                                    // An attempt to connect may meet the killing.
                                    #expect([.connectionFailed, .connectionClosed].contains(error.code), "\(error)")
                                } catch is CancellationError {}
                            }
                        }
                    }
                    for _ in 0..<40 {
                        try await server.command("CLIENT", "KILL", "TYPE", "pubsub")
                        try await Task.sleep(for: .milliseconds(5))
                    }
                    try await group.waitForAll()
                }
                try await #expect(eventually { try await Self.listeningConnections(server).isEmpty })
                let ear = Ear()
                _ = try await client.listen(to: "churn 0", ear.hear)
                try await server.command("PUBLISH", "churn 0", "calm")
                try await #expect(ear.hears("calm"))
            }
        }
    }

    @Test func tlsAndPasswordAreTheClients() async throws {
        let certificates = try await TLSCertificates()
        try await withRedisServer(.init(password: "secret", tls: certificates)) { server in
            var configuration = server.configuration
            configuration.password = "secret"
            configuration.tls = .enabled
            configuration.tls.trustedCertificateFiles = [certificates.authority]
            try await withClient(configuration) { client in
                let ear = Ear()
                _ = try await client.listen(to: "news", ear.hear)
                try await server.command("PUBLISH", "news", "secretly")
                try await #expect(ear.hears("secretly"))
            }
        }
    }

    @Test func forbiddenChannelIsRefusedAndTheConnectionStays() async throws {
        let user = RedisServer.User(name: "guest", password: "guest", rules: "~* &open:* +@all")
        try await withRedisServer(.init(users: [user])) { server in
            var configuration = server.configuration
            configuration.username = "guest"
            configuration.password = "guest"
            try await withClient(configuration) { client in
                let ear = Ear()
                _ = try await client.listen(to: "open:door", ear.hear)
                let error = await #expect(throws: RedisError.self) {
                    _ = try await client.listen(to: "closed:door") { _ in }
                }
                #expect(error?.code == .server("NOPERM"))
                #expect(error?.command == "SUBSCRIBE")
                try await server.command("PUBLISH", "open:door", "knock")
                try await #expect(ear.hears("knock"))
                #expect(ear.heard == ["knock"])
            }
        }
    }

    // MARK: Faults

    @Test func listenersHearOfARestartAndThenMessagesAgain() async throws {
        try await withRedisServer { server in
            var configuration = RedisClientFaultTests.configuration(port: server.port)
            configuration.commandTimeout = .seconds(20)
            // A slow answer is no loss here.
            configuration.healthCheckInterval = .seconds(20)
            configuration.connectTimeout = .seconds(20)
            try await withClient(configuration) { client in
                let ears = (0..<10).map { _ in Ear() }
                for (index, ear) in ears.enumerated() { _ = try await client.listen(to: "channel \(index)", ear.hear) }
                await server.kill()
                for ear in ears { try await #expect(ear.hears("<interrupted>")) }
                // Longer than some pauses between attempts.
                try await Task.sleep(for: .milliseconds(300))
                try await server.restart()
                for ear in ears { try await #expect(ear.hears("<resumed>")) }
                for (index, ear) in ears.enumerated() {
                    try await server.command("PUBLISH", "channel \(index)", "again")
                    try await #expect(ear.hears("again"))
                    #expect(ear.heard == ["<interrupted>", "<resumed>", "again"])
                }
            }
        }
    }

    @Test func killedConnectionIsReplacedAtOnce() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                let ear = Ear()
                _ = try await client.listen(to: "news", ear.hear)
                try await server.command("CLIENT", "KILL", "TYPE", "pubsub")
                try await #expect(ear.hears("<resumed>"))
                try await server.command("PUBLISH", "news", "again")
                try await #expect(ear.hears("again"))
            }
        }
    }

    @Test func hungServerIsFoundByItsSilence() async throws {
        try await withRedisServer { server in
            try await withClient(RedisClientFaultTests.configuration(port: server.port)) { client in
                let ear = Ear()
                _ = try await client.listen(to: "news", ear.hear)
                server.pause()
                try await #expect(ear.hears("<interrupted>"))
                server.resume()
                try await #expect(ear.hears("<resumed>"))
                try await #expect(
                    eventually {
                        try await server.command("PUBLISH", "news", "awake")
                        return ear.heard.contains("awake")
                    }
                )
            }
        }
    }

    @Test(arguments: [true, false])
    func listeningToAHungServerEndsInTime(isConnected: Bool) async throws {
        try await withRedisServer { server in
            var configuration = server.configuration
            configuration.commandTimeout = .milliseconds(300)
            try await withClient(configuration) { client in
                if isConnected {
                    // A machine under load may be slower than a timeout that is to be short below.
                    try await #expect(eventually { (try? await client.listen(to: "first") { _ in }) != nil })
                }
                server.pause()
                let start = ContinuousClock.now
                let error = await #expect(throws: RedisError.self) {
                    _ = try await client.listen(to: "news") { _ in }
                }
                let duration = start.duration(to: .now)
                #expect(error?.code == .timedOut)
                #expect(duration >= .milliseconds(290))
                #expect(duration < .milliseconds(300) + RedisClientFaultTests.slack)
                server.resume()
                // Nobody is left behind, and the lane works.
                let ear = Ear()
                try await #expect(eventually { (try? await client.listen(to: "news", ear.hear)) != nil })
                try await server.command("PUBLISH", "news", "hello")
                try await #expect(ear.hears("hello"))
            }
        }
    }

    @Test func nobodyThereIsSaidWithinTheTimeout() async throws {
        try await withRedisServer { server in
            await server.kill()
            try await withClient(RedisClientFaultTests.configuration(port: server.port)) { client in
                for _ in 0..<3 {
                    let start = ContinuousClock.now
                    let error = await #expect(throws: RedisError.self) {
                        _ = try await client.listen(to: "news") { _ in }
                    }
                    #expect(error?.code == .connectionFailed)
                    #expect(start.duration(to: .now) < RedisClientFaultTests.timeout + RedisClientFaultTests.slack)
                }
            }
        }
    }

    @Test func serverThatAnswersNonsenseCostsNoMoreThanTheTimeout() async throws {
        let answer: FakeServer.Answer = { command in command[0] == "SUBSCRIBE" ? ":1\r\n" : "+OK\r\n" }
        try await FakeServer.run(answer: answer) { server, configuration in
            var configuration = configuration
            configuration.commandTimeout = .seconds(1)
            try await withClient(configuration) { client in
                let error = await #expect(throws: RedisError.self) {
                    _ = try await client.listen(to: "news") { _ in }
                }
                #expect(error?.code == .timedOut)
                // Each attempt ends a connection, and pauses grow between them.
                #expect(server.opened >= 2 && server.opened <= 40, "\(server.opened) connections")
            }
        }
    }

    @Test(arguments: [RedisConfiguration.ProtocolVersion.resp2, .resp3])
    func quietConnectionIsAskedAndStays(_ version: RedisConfiguration.ProtocolVersion) async throws {
        try await withRedisServer { server in
            var configuration = server.configuration
            configuration.protocolVersion = version
            configuration.healthCheckInterval = .milliseconds(200)
            try await withClient(configuration) { client in
                let ear = Ear()
                let subscription = try await client.listen(to: "news", ear.hear)
                let connection = try #require(try await Self.listeningConnections(server).first)
                let name = try #require(connection.split(separator: " ").first { $0.hasPrefix("addr=") })
                let before = try await Self.pings(server)
                try await #expect(eventually { try await Self.pings(server) >= before + 3 })
                // Without a subscription, RESP2 has another form for the answer.
                subscription.cancel()
                try await #expect(eventually { try await Self.pings(server) >= before + 6 })
                #expect(ear.heard == [])
                try await #expect(server.command("CLIENT", "LIST").contains(name) == true)
            }
        }
    }

    private static func pings(_ server: RedisServer) async throws -> Int {
        let lines = try await server.command("INFO", "commandstats").split(whereSeparator: \.isNewline)
        let calls = lines.first { $0.hasPrefix("cmdstat_ping:") }?.split(separator: "=")[1].prefix { $0 != "," }
        return calls.flatMap { Int($0) } ?? 0
    }

    // MARK: Leaving

    @Test func cancelledCallerLeavesAtOnceAndFreesTheChannel() async throws {
        try await withRedisServer { server in
            var configuration = server.configuration
            configuration.commandTimeout = .seconds(60)
            configuration.connectTimeout = .seconds(60)
            try await withClient(configuration) { client in
                let before = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await client.listen(to: "news") { _ in }
                }
                await #expect(throws: CancellationError.self) { _ = try await before.value }
                server.pause()
                let during = Task { try await client.listen(to: "news") { _ in } }
                try await Task.sleep(for: .milliseconds(50))
                let start = ContinuousClock.now
                during.cancel()
                await #expect(throws: CancellationError.self) { _ = try await during.value }
                #expect(start.duration(to: .now) < RedisClientFaultTests.slack)
                server.resume()
                let ear = Ear()
                _ = try await client.listen(to: "other", ear.hear)
                try await #expect(eventually { try await Self.subscribers(of: "news", on: server) == 0 })
            }
        }
    }

    @Test func shutdownEndsAllThatListenAndAllWhoWait() async throws {
        try await withRedisServer { server in
            var configuration = server.configuration
            configuration.commandTimeout = .seconds(60)
            try await withClient(configuration) { client in
                let ear = Ear()
                let subscription = try await client.listen(to: "news", ear.hear)
                server.pause()
                let waiting = Task { try await client.listen(to: "other") { _ in } }
                try await Task.sleep(for: .milliseconds(50))
                await client.shutdown()
                #expect(ear.heard == ["<ended: shutdown>"])
                let error = await #expect(throws: RedisError.self) { _ = try await waiting.value }
                #expect(error?.code == .shutdown)
                let late = await #expect(throws: RedisError.self) { _ = try await client.listen(to: "news") { _ in } }
                #expect(late?.code == .shutdown)
                subscription.cancel()
                server.resume()
                try await #expect(eventually { try await Self.listeningConnections(server).isEmpty })
            }
        }
    }

    @Test func clientThatIsLetGoLeavesNoConnection() async throws {
        try await withRedisServer { server in
            let ear = Ear()
            do {
                let client = try RedisClient(server.configuration)
                _ = try await client.listen(to: "news", ear.hear)
            }
            try await #expect(ear.hears("<ended: shutdown>"))
            try await #expect(eventually { try await Self.listeningConnections(server).isEmpty })
        }
    }

    // MARK: Latency

    @Test func listeningTakesOneRoundTrip() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                _ = try await client.listen(to: "first") { _ in }
                let clock = ContinuousClock()
                var durations: [Duration] = []
                for round in 0..<200 {
                    let start = clock.now
                    let subscription = try await client.listen(to: "channel \(round)") { _ in }
                    durations.append(start.duration(to: clock.now))
                    subscription.cancel()
                }
                durations.sort()
                print("from asking to listening: median \(durations[100]), slowest \(durations[199])")
                #expect(durations[100] < .milliseconds(50))
            }
        }
    }

    @Test func messagesArriveWithinMilliseconds() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
                let subscription = try await client.listen(to: "news") { _ in arrival.yield() }
                var iterator = arrivals.makeAsyncIterator()
                var durations: [Duration] = []
                for _ in 0..<200 {
                    let start = ContinuousClock.now
                    _ = try await client.send(RedisCommand("PUBLISH", "news", "now"))
                    await iterator.next()
                    durations.append(start.duration(to: .now))
                }
                subscription.cancel()
                durations.sort()
                print("from publishing to hearing: median \(durations[100]), slowest \(durations[199])")
                #expect(durations[100] < .milliseconds(50))
            }
        }
    }
}
