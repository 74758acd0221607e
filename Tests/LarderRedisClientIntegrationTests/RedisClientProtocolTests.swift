import LarderRedisClient
import Testing

/// What the client makes of servers that are older, slower or stranger than the one that is installed.
@Suite(.timeLimit(.minutes(2))) struct RedisClientProtocolTests {
    /// Answers as Redis 5 does: no `HELLO`, no users, and `CLIENT SETINFO` is unknown.
    static func redis5(_ command: [String]) -> String {
        switch command[0] {
        case "HELLO": "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n"
        case "AUTH" where command.count != 2: "-ERR wrong number of arguments for 'auth' command\r\n"
        case "AUTH" where command[1] != "sesame": "-ERR invalid password\r\n"
        case "CLIENT" where command[1] == "SETINFO":
            "-ERR Unknown subcommand or wrong number of arguments for 'SETINFO'. Try CLIENT HELP\r\n"
        case "HGETALL": "*4\r\n$1\r\nx\r\n$1\r\n1\r\n$1\r\ny\r\n$1\r\n2\r\n"
        case "GET": "$-1\r\n"
        case "ZRANGE": "*2\r\n$1\r\nm\r\n$3\r\n1.5\r\n"
        default: "+OK\r\n"
        }
    }

    @Test func serverWithoutHelloIsSpokenToInResp2() async throws {
        try await FakeServer.run(answer: Self.redis5) { server, configuration in
            var configuration = configuration
            configuration.password = "sesame"
            configuration.database = 2
            configuration.clientName = "larder-test"
            try await withClient(configuration) { client in
                try await #expect(client.get("absent", as: String.self) == nil)
                try await #expect(
                    client.send(RedisCommand("HGETALL", "h"), as: [String: Int].self) == ["x": 1, "y": 2]
                )
                try await #expect(client.send(RedisCommand("SET", "a", "1"), as: String.self) == "OK")
            }
            // The second round begins after all answers to the first have come.
            #expect(
                server.commands == [
                    "HELLO 3 AUTH default sesame SETNAME larder-test", "SELECT 2", "INFO server", "INFO replication",
                    "CLIENT SETINFO LIB-NAME larder",
                    "AUTH sesame", "CLIENT SETNAME larder-test", "SELECT 2", "INFO server", "INFO replication",
                    "CLIENT SETINFO LIB-NAME larder",
                    "GET absent", "HGETALL h", "SET a 1",
                ]
            )
            #expect(server.opened == 1)
        }
    }

    @Test func wrongPasswordAtAServerWithoutHelloIsAnAuthenticationError() async throws {
        try await FakeServer.run(answer: Self.redis5) { _, configuration in
            var configuration = configuration
            configuration.password = "hunter2"
            try await withClient(configuration) { client in
                let error = await #expect(throws: RedisError.self) { _ = try await client.get("a", as: String.self) }
                #expect(error?.code == .authenticationFailed)
                #expect(error.map { "\($0)" }?.contains("hunter2") == false)
            }
        }
    }

    /// Answers with a message that nobody asked for before and behind each reply, and one in the handshake.
    private static func talkative(_ command: [String]) -> String {
        let push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
        return switch command[0] {
        case "HELLO": "\(push)%1\r\n$5\r\nproto\r\n:3\r\n"
        case "ECHO": "\(push)$\(command[1].utf8.count)\r\n\(command[1])\r\n\(push)"
        default: "+OK\r\n"
        }
    }

    @Test func pushesTakeNobodysReply() async throws {
        try await FakeServer.run(answer: Self.talkative) { server, configuration in
            try await withClient(configuration) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<200 {
                        group.addTask {
                            for round in 0..<5 {
                                let text = "\(index) \(round)"
                                let reply = try await client.send(RedisCommand("ECHO", text), as: String.self)
                                #expect(reply == text)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(server.opened == 1)
        }
    }

    @Test func replyToNoCommandEndsTheConnectionAndNotTheClient() async throws {
        // Two replies to one command: whom would the second belong to?
        let answer: FakeServer.Answer = { $0[0] == "GET" ? "+one\r\n+two\r\n" : "+OK\r\n" }
        try await FakeServer.run(answer: answer) { server, configuration in
            try await withClient(configuration) { client in
                try await #expect(client.get("a", as: String.self) == "one")
                try await #expect(eventually { server.closed == 1 })
                try await #expect(client.send(RedisCommand("ECHO", "a"), as: String.self) == "OK")
            }
        }
    }

    // MARK: Health

    @Test func idleConnectionWhoseServerHangsIsClosed() async throws {
        try await FakeServer.run(answer: { _ in "+OK\r\n" }) { server, configuration in
            var configuration = configuration
            configuration.healthCheckInterval = .milliseconds(100)
            try await withClient(configuration) { client in
                _ = try await client.send(RedisCommand("ECHO", "a"))
                server.setSilent(true)
                // Nobody sends anything: the client asks by itself, and hangs up when no answer comes.
                try await #expect(eventually { server.commands.last == "PING" })
                let asked = ContinuousClock.now
                try await #expect(eventually { server.closed == 1 })
                #expect(asked.duration(to: .now) < .milliseconds(100) + RedisClientFaultTests.slack)
                // Nobody waits for anything, so it does not come back by itself either.
                #expect(server.opened == 1)
                server.setSilent(false)
                try await #expect(client.send(RedisCommand("ECHO", "a"), as: String.self) == "OK")
            }
        }
    }

    @Test func idleConnectionWhoseServerAnswersIsKept() async throws {
        try await FakeServer.run(answer: { _ in "+OK\r\n" }) { server, configuration in
            var configuration = configuration
            // So long, and the next two, because a busy machine must not let the server look hung.
            configuration.healthCheckInterval = .seconds(1)
            configuration.commandTimeout = .seconds(20)
            try await withClient(configuration) { client in
                _ = try await client.send(RedisCommand("ECHO", "a"))
                // The next question comes only after an answer to the one before.
                try await #expect(eventually { server.commands.count(where: { $0 == "PING" }) >= 2 })
                try await #expect(client.send(RedisCommand("ECHO", "a"), as: String.self) == "OK")
            }
            #expect(server.opened == 1)
        }
    }
}
