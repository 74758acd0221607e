import LarderRedisClient
import LarderTesting
import Testing

/// What goes wrong between a client and its server, and the error that the caller sees: the table in `Faults.md`.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ConnectionFaultTests {
    static func configuration(port: Int) -> RedisConfiguration {
        var configuration = RedisConfiguration(port: port)
        configuration.commandTimeout = .milliseconds(300)
        configuration.connectTimeout = .milliseconds(300)
        configuration.healthCheckInterval = .milliseconds(400)
        configuration.reconnect = .init(base: .milliseconds(5), maximum: .milliseconds(50))
        return configuration
    }

    /// The error of a command, and that it came within `limit`.
    static func error(
        of command: RedisCommand = RedisCommand("GET", "a"),
        within limit: Duration = .seconds(2),
        on client: RedisClient
    ) async -> RedisError? {
        let start = ContinuousClock.now
        let error = await #expect(throws: RedisError.self) { _ = try await client.send(command) }
        #expect(start.duration(to: .now) < limit)
        return error
    }

    @Test func refused() async throws {
        let server = try await RedisServer()
        await server.kill()
        try await withClient(Self.configuration(port: server.port)) { client in
            let error = await Self.error(on: client)
            #expect(error?.code == .connectionFailed)
            #expect(error?.server == "127.0.0.1:\(server.port)")
            #expect(error?.canRetry == true)
        }
        await server.stop()
    }

    @Test func nameThatNobodyKnows() async throws {
        var configuration = Self.configuration(port: 6379)
        configuration.address = .hostname("no-such-host.invalid")
        try await withClient(configuration) { client in
            let error = await Self.error(within: .seconds(10), on: client)
            #expect([.connectionFailed, .timedOut].contains(error?.code))
            #expect("\(error.map { "\($0)" } ?? "")".contains("no-such-host.invalid"))
        }
    }

    @Test func cutWhileACommandThatWritesIsUnderWay() async throws {
        try await withRedisServer { server in
            try await withCuttingProxy(to: server.port, budgets: [1_000_000]) { proxy in
                try await withClient(Self.configuration(port: proxy.port)) { client in
                    try await client.set("a", String(repeating: "x", count: 2_000_000))
                    // Longer than the proxy lets through.
                    let error = await Self.error(of: RedisCommand("GETDEL", "a"), on: client)
                    #expect(error?.code == .fateUnknown)
                    #expect(error?.canRetry == false)
                    try await client.ping()
                }
            }
        }
    }

    @Test func halfOpenConnectionTimesOutAndIsReplaced() async throws {
        try await withRedisServer { server in
            try await DeafProxy.run(to: server.port) { proxy in
                try await withClient(Self.configuration(port: proxy.port)) { client in
                    try await client.set("a", "1")
                    proxy.setDeaf(true)
                    #expect(await Self.error(on: client)?.code == .timedOut)
                    // New connections get through, the old one never again: only the client's own checks replace it.
                    try await #expect(
                        eventually {
                            _ = try? await client.get("a", as: String.self)
                            return try await server.command("CLIENT", "LIST").split(separator: "\n").count >= 2
                        }
                    )
                    proxy.setDeaf(false)
                    try await #expect(eventually { (try? await client.get("a", as: String.self)) == "1" })
                }
            }
        }
    }

    @Test func serverThatHangs() async throws {
        try await withRedisServer { server in
            try await withClient(Self.configuration(port: server.port)) { client in
                try await client.ping()
                server.pause()
                let error = await Self.error(on: client)
                #expect(error?.code == .timedOut)
                #expect(error?.canRetry == false)
                server.resume()
                try await #expect(eventually { (try? await client.ping()) != nil })
            }
        }
    }

    @Test func slowReplyIsDroppedAndTakesNobodysPlace() async throws {
        try await withRedisServer(.init(configuration: ["enable-debug-command yes"])) { server in
            var configuration = Self.configuration(port: server.port)
            configuration.healthCheckInterval = .seconds(10)
            try await withClient(configuration) { client in
                try await client.set("a", "mine")
                let error = await Self.error(of: RedisCommand("DEBUG", "SLEEP", "0.6"), on: client)
                #expect(error?.code == .timedOut)
                try await #expect(eventually { (try? await client.get("a", as: String.self)) == "mine" })
                try await #expect(client.echo("next", as: String.self) == "next")
            }
        }
    }

    @Test func serverThatIsFull() async throws {
        try await withRedisServer(.init(configuration: ["maxclients 1"])) { server in
            try await withClient(Self.configuration(port: server.port)) { first in
                try await first.ping()
                try await withClient(Self.configuration(port: server.port)) { second in
                    let error = await Self.error(on: second)
                    #expect(error?.code == .connectionFailed)
                    #expect(error?.message.contains("max number of clients") == true)
                }
            }
        }
    }

    @Test func serverThatSaysNothingAfterAccepting() async throws {
        try await FakeServer.run(answer: { _ in nil }) { _, configuration in
            var configuration = configuration
            configuration.connectTimeout = .milliseconds(200)
            try await withClient(configuration) { client in
                let error = await Self.error(on: client)
                #expect(error?.code == .connectionFailed)
                #expect(error?.message.contains("did not answer within") == true)
            }
        }
    }

    @Test func serverThatDoesNotSpeakRedis() async throws {
        try await FakeServer.run(answer: { _ in "HTTP/1.1 400 Bad Request\r\n\r\n" }) { _, configuration in
            try await withClient(configuration) { client in
                #expect(await Self.error(on: client)?.code == .protocolViolation)
            }
        }
    }

    // MARK: TLS

    static func withTLS(
        names: [String] = ["IP:127.0.0.1"],
        hasExpired: Bool = false,
        _ body: (RedisConfiguration) async throws -> Void
    ) async throws {
        let certificates = try await TLSCertificates(serverNames: names, serverHasExpired: hasExpired)
        defer { certificates.remove() }
        try await withRedisServer(.init(tls: certificates)) { server in
            var configuration = server.configuration
            configuration.tls = .enabled
            configuration.tls.trustedCertificateFiles = [certificates.authority]
            try await body(configuration)
        }
    }

    @Test func certificateOfAnotherName() async throws {
        try await Self.withTLS(names: ["DNS:other.example"]) { configuration in
            try await withClient(configuration) { client in
                #expect(await Self.error(on: client)?.code == .tlsFailed)
            }
            var lenient = configuration
            lenient.tls.verification = .noHostname
            try await withClient(lenient) { client in try await client.ping() }
        }
    }

    @Test func certificateThatHasExpired() async throws {
        try await Self.withTLS(hasExpired: true) { configuration in
            try await withClient(configuration) { client in
                let error = await Self.error(on: client)
                #expect(error?.code == .tlsFailed)
                #expect(error.map { "\($0)" }?.contains("CERTIFICATE_VERIFY_FAILED") == true)
            }
        }
    }

    @Test func certificateOfAnUnknownAuthority() async throws {
        try await Self.withTLS { configuration in
            var wary = configuration
            wary.tls.trustedCertificateFiles = []
            try await withClient(wary) { client in
                #expect(await Self.error(on: client)?.code == .tlsFailed)
            }
        }
    }

    @Test func plainTextToATLSPort() async throws {
        try await Self.withTLS { configuration in
            var plain = configuration
            plain.tls = .disabled
            plain.connectTimeout = .milliseconds(500)
            try await withClient(plain) { client in
                let error = await Self.error(on: client)
                #expect([.connectionFailed, .protocolViolation].contains(error?.code))
            }
        }
    }
}
