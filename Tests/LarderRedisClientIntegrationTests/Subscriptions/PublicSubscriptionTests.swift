import LarderRedisClient
import LarderTesting
import NIOCore
import Testing

/// `withSubscription` on real servers.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PublicSubscriptionTests {
    /// A client that waits long enough for a busy machine.
    static func patient(_ server: RedisServer) -> RedisConfiguration {
        var configuration = server.configuration
        configuration.commandTimeout = .seconds(20)
        configuration.connectTimeout = .seconds(20)
        configuration.healthCheckInterval = .seconds(20)
        configuration.reconnect = .init(base: .milliseconds(5), maximum: .milliseconds(100))
        return configuration
    }

    @Test(arguments: [RedisConfiguration.ProtocolVersion.resp2, .resp3])
    func allKindsAreHeardFromTheBeginningOfTheScopeToItsEnd(
        _ version: RedisConfiguration.ProtocolVersion
    ) async throws {
        try await withRedisServer { server in
            var configuration = Self.patient(server)
            configuration.protocolVersion = version
            try await withClient(configuration) { client in
                try await client.withSubscription(
                    to: ["news", "weather"],
                    patterns: ["new?", "sport.*"],
                    shardChannels: ["orders"]
                ) { events in
                    // Confirmed: nothing of this is missed.
                    try await #expect(client.publish("news", "a") == 2)
                    try await #expect(client.publish("sport.chess", "b") == 1)
                    try await #expect(client.publish("sport", "c") == 0)
                    try await #expect(client.spublish("orders", "d") == 1)
                    try await #expect(client.publish("orders", "e") == 0)
                    try await #expect(client.publish("weather", 7) == 1)
                    var messages: [RedisMessage] = []
                    for try await event in events {
                        guard case .message(let message) = event else { continue }
                        messages.append(message)
                        if messages.count == 5 { break }
                    }
                    func message(_ channel: String, _ pattern: String?, _ text: String) -> RedisMessage {
                        RedisMessage(channel: channel, pattern: pattern, payload: ByteBuffer(string: text))
                    }
                    #expect(
                        messages == [
                            message("news", nil, "a"), message("news", "new?", "a"),
                            message("sport.chess", "sport.*", "b"), message("orders", nil, "d"),
                            message("weather", nil, "7"),
                        ]
                    )
                    try #expect(messages[4].decode(as: Int.self) == 7)
                    #expect(messages[4].string == "7")
                    #expect(throws: RedisError.self) { try messages[0].decode(as: Int.self) }
                    try await #expect(client.pubsubChannels().sorted() == ["news", "weather"])
                    try await #expect(client.pubsubNumSub(["news", "sport"]) == ["news": 1, "sport": 0])
                    try await #expect(client.pubsubNumPat() == 2)
                    try await #expect(client.pubsubShardChannels(matching: "o*") == ["orders"])
                    try await #expect(client.pubsubShardNumSub(["orders"]) == ["orders": 1])
                }
                try await #expect(eventually { try await client.pubsubChannels().isEmpty })
                try await #expect(eventually { try await client.pubsubNumPat() == 0 })
                try await #expect(eventually { try await client.pubsubShardChannels().isEmpty })
            }
        }
    }

    @Test func tlsPasswordAndAClientWithAnotherTimeoutWork() async throws {
        let certificates = try await TLSCertificates()
        try await withRedisServer(.init(password: "secret", tls: certificates)) { server in
            var configuration = Self.patient(server)
            configuration.password = "secret"
            configuration.tls = .enabled
            configuration.tls.trustedCertificateFiles = [certificates.authority]
            try await withClient(configuration) { client in
                let first = try await client.timeout(.seconds(30)).withSubscription(patterns: ["*"]) { events in
                    try await client.publish("news", "secretly")
                    return try await events.first { _ in true }
                }
                guard case .message(let message) = first else { return #expect(Bool(false), "nothing was heard") }
                #expect(message.string == "secretly")
                #expect(message.pattern == "*")
            }
        }
    }

    // MARK: Refusals

    @Test func forbiddenNameIsRefusedAndOthersHearOn() async throws {
        let user = RedisServer.User(name: "guest", password: "guest", rules: "~* &open:* +@all")
        try await withRedisServer(.init(users: [user])) { server in
            var configuration = Self.patient(server)
            configuration.username = "guest"
            configuration.password = "guest"
            try await withClient(configuration) { client in
                try await client.withSubscription(to: ["open:door"]) { events in
                    let refusals: [(command: String, channels: [String], patterns: [String], shards: [String])] = [
                        ("SUBSCRIBE", ["open:window", "closed:door"], [], []), ("PSUBSCRIBE", [], ["*"], []),
                        ("SSUBSCRIBE", [], [], ["closed:door"]),
                    ]
                    for (command, channels, patterns, shards) in refusals {
                        let error = await #expect(throws: RedisError.self) {
                            try await client.withSubscription(
                                to: channels,
                                patterns: patterns,
                                shardChannels: shards
                            ) { _ in Issue.record("the body ran") }
                        }
                        #expect(error?.code == .server("NOPERM"))
                        #expect(error?.command == command)
                    }
                    // What was confirmed beside the forbidden one is given up.
                    try await #expect(
                        eventually { try await !server.command("PUBSUB", "CHANNELS").contains("open:window") }
                    )
                    try await server.command("PUBLISH", "open:door", "knock")
                    guard case .message(let message)? = try await events.first(where: { _ in true }) else {
                        return #expect(Bool(false), "nothing was heard")
                    }
                    #expect(message.string == "knock")
                }
            }
        }
    }

    @Test func nothingAndNonsenseAreRefused() async throws {
        let client = try RedisClient(RedisConfiguration(port: 1))
        let nothing = await #expect(throws: RedisError.self) { try await client.withSubscription { _ in } }
        #expect(nothing?.code == .invalidCommand)
        let nonsense = await #expect(throws: RedisError.self) {
            try await client.withSubscription(to: ["a"], buffer: 0) { _ in }
        }
        #expect(nonsense?.code == .invalidConfiguration)
        let nobody = await #expect(throws: RedisError.self) { try await client.withSubscription(to: ["a"]) { _ in } }
        #expect(nobody?.code == .connectionFailed)
        await client.shutdown()
    }

    @Test func secondReaderStopsTheProgram() async throws {
        await #expect(processExitsWith: .failure) {
            try await withRedisServer { server in
                try await withClient(server.configuration) { client in
                    try await client.withSubscription(to: ["news"]) { events in
                        _ = events.makeAsyncIterator()
                        _ = events.makeAsyncIterator()
                    }
                }
            }
        }
    }

    // MARK: Leaving

    @Test func cancelledReaderLeavesPromptly() async throws {
        try await withRedisServer { server in
            try await withClient(Self.patient(server)) { client in
                let reader = Task {
                    try await client.withSubscription(to: ["news"]) { events in for try await _ in events {} }
                }
                try await #expect(eventually { try await client.pubsubNumSub(["news"]) == ["news": 1] })
                let start = ContinuousClock.now
                reader.cancel()
                await #expect(throws: CancellationError.self) { try await reader.value }
                #expect(start.duration(to: .now) < RedisClientFaultTests.slack)
                try await #expect(eventually { try await client.pubsubNumSub(["news"]) == ["news": 0] })
            }
        }
    }

    @Test func callerThatIsCancelledBeforeTheConfirmationLeavesPromptly() async throws {
        try await withRedisServer { server in
            try await withClient(Self.patient(server)) { client in
                try await client.withSubscription(to: ["first"]) { _ in }
                server.pause()
                let caller = Task { try await client.withSubscription(to: ["news"]) { _ in Issue.record("it ran") } }
                try await Task.sleep(for: .milliseconds(50))
                let start = ContinuousClock.now
                caller.cancel()
                await #expect(throws: CancellationError.self) { try await caller.value }
                #expect(start.duration(to: .now) < RedisClientFaultTests.slack)
                server.resume()
                try await #expect(eventually { try await client.pubsubNumSub(["news"]) == ["news": 0] })
            }
        }
    }

    @Test func scopeThatThrowsUnsubscribesAndItsSequenceEnds() async throws {
        struct Enough: Error {}
        try await withRedisServer { server in
            try await withClient(Self.patient(server)) { client in
                var escaped: RedisSubscription?
                await #expect(throws: Enough.self) {
                    try await client.withSubscription(to: ["news"]) { events in
                        escaped = events
                        throw Enough()
                    }
                }
                var iterator = try #require(escaped).makeAsyncIterator()
                let event = try await iterator.next()
                #expect(event == nil)
                try await #expect(eventually { try await client.pubsubNumSub(["news"]) == ["news": 0] })
            }
        }
    }

    @Test func shutdownEndsTheSequenceAfterWhatWasBuffered() async throws {
        try await withRedisServer { server in
            try await withClient(Self.patient(server)) { client in
                try await client.withSubscription(to: ["news"]) { events in
                    try await reading(events) { reading in
                        try await client.publish("news", "last")
                        try await #expect(reading.hears("last"))
                        await client.shutdown()
                        try await #expect(eventually { reading.error != nil })
                        #expect((reading.error as? RedisError)?.code == .shutdown)
                        #expect(reading.heard == ["last"])
                    }
                }
            }
        }
    }

    // MARK: Faults

    @Test func lostConnectionIsToldAndThenTheGap() async throws {
        try await withRedisServer { server in
            try await withClient(Self.patient(server)) { client in
                try await client.withSubscription(to: ["news", "b"], patterns: ["x*"]) { events in
                    try await reading(events) { reading in
                        try await client.publish("news", "before")
                        try await #expect(reading.hears("before"))
                        await server.kill()
                        try await #expect(reading.hears("<interrupted>"))
                        try await server.restart()
                        try await #expect(reading.hears("<gap>"))
                        try await client.publish("xyz", "after")
                        try await #expect(reading.hears("after"))
                        #expect(reading.heard == ["before", "<interrupted>", "<gap>", "after"])
                    }
                }
            }
        }
    }

    @Test func nameThatIsForbiddenOnANewConnectionEndsTheSequence() async throws {
        let user = RedisServer.User(name: "guest", password: "guest", rules: "~* &* +@all")
        try await withRedisServer(.init(users: [user])) { server in
            var configuration = Self.patient(server)
            configuration.username = "guest"
            configuration.password = "guest"
            try await withClient(configuration) { client in
                try await client.withSubscription(to: ["news"]) { events in
                    try await reading(events) { reading in
                        // The server closes the connections of who may no longer listen to what it listens to.
                        try await server.command("ACL", "SETUSER", "guest", "resetchannels", "&other")
                        try await #expect(eventually { reading.error != nil })
                        #expect((reading.error as? RedisError)?.code == .server("NOPERM"))
                        #expect(reading.heard == ["<interrupted>"])
                    }
                }
            }
        }
    }

    // MARK: Slow readers

    @Test func slowReaderGetsWhatWasBufferedAndThenAnError() async throws {
        try await withRedisServer { server in
            try await withClient(Self.patient(server)) { client in
                try await client.withSubscription(to: ["news"]) { quick in
                    try await reading(quick) { reading in
                        try await client.withSubscription(to: ["news"], buffer: 100) { events in
                            for number in 0..<250 { try await client.publish("news", number) }
                            // The quick one has heard it all, so the slow one's buffer has met it, too.
                            try await #expect(reading.hears("249"))
                            let slow = Reading()
                            await slow.read(events)
                            #expect(slow.heard == (0..<100).map(String.init))
                            let error = slow.error as? RedisError
                            #expect(error?.code == .slowReader)
                            #expect(error?.message.contains("100 messages") == true)
                        }
                        #expect(reading.heard == (0..<250).map(String.init))
                        #expect(reading.error == nil)
                    }
                }
            }
        }
    }

    @Test func largeMessagesAreBoundedInBytes() async throws {
        try await withRedisServer { server in
            try await withClient(Self.patient(server)) { client in
                let before = ResidentMemory.bytes
                try await client.withSubscription(
                    to: ["news"],
                    buffer: RedisSubscriptionBuffer(messages: 1_000_000, bytes: 4 << 20)
                ) { events in
                    let megabyte = ByteBuffer(repeating: 0x78, count: 1 << 20)
                    for _ in 0..<100 { try await client.publish("news", megabyte) }
                    try await client.withSubscription(to: ["last"]) { _ in }
                    if let before, let after = ResidentMemory.bytes {
                        #expect(after - before < 80 << 20, "\((after - before) >> 20) MB more")
                    }
                    let slow = Reading()
                    await slow.read(events)
                    #expect(slow.heard.count == 3)
                    #expect((slow.error as? RedisError)?.message.contains("4194304 bytes") == true)
                }
            }
        }
    }

    // MARK: Many

    @Test func thousandNamesInOneSubscription() async throws {
        try await withRedisServer { server in
            try await withClient(Self.patient(server)) { client in
                let channels = (0..<1000).map { "channel \($0)" }
                let start = ContinuousClock.now
                try await client.withSubscription(to: channels + channels) { events in
                    print("a thousand names confirmed after \(start.duration(to: .now))")
                    try await #expect(client.pubsubChannels().count == 1000)
                    try await reading(events) { reading in
                        for channel in channels { try await client.publish(channel, channel) }
                        try await #expect(reading.hears("channel 999"))
                        #expect(reading.heard == channels)
                        try await server.command("CLIENT", "KILL", "TYPE", "pubsub")
                        try await #expect(reading.hears("<gap>"))
                        #expect(reading.heard == channels + ["<interrupted>", "<gap>"])
                    }
                }
                try await #expect(eventually { try await client.pubsubChannels().isEmpty })
            }
        }
    }
}
