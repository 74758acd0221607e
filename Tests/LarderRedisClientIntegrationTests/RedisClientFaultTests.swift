import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

/// What becomes of 200 tasks that read and write when their server hangs, dies or is cut off.
@Suite(.serialized, .timeLimit(.minutes(3))) struct RedisClientFaultTests {
    /// How long a call may last beyond its timeout and beyond what the machine itself was late.
    static let slack = Duration.seconds(1)
    static let timeout = Duration.milliseconds(400)

    static func configuration(port: Int) -> RedisConfiguration {
        var configuration = RedisConfiguration(port: port)
        configuration.commandTimeout = Self.timeout
        configuration.connectTimeout = .milliseconds(300)
        configuration.healthCheckInterval = .milliseconds(300)
        configuration.reconnect = .init(base: .milliseconds(5), maximum: .milliseconds(100))
        return configuration
    }

    static func check(_ tally: Load.Tally) {
        #expect(tally.wrong == 0)
        #expect(tally.replies >= Load.taskCount)
        #expect(tally.slowest < Self.timeout + Self.slack + tally.lateness, "the machine was \(tally.lateness) late")
        let foreseen: Set<RedisError.Code> = [.timedOut, .fateUnknown, .connectionFailed, .notSent]
        #expect(Set(tally.errors.keys).isSubset(of: foreseen), "\(tally.errors)")
        #expect(tally.otherErrors == [])
    }

    @Test func serverThatHangsTimesOutAndComesBack() async throws {
        try await withRedisServer { server in
            try await withClient(Self.configuration(port: server.port)) { client in
                let tally = try await Load.run(client) {
                    server.pause()
                    try await Task.sleep(for: .seconds(2))
                    server.resume()
                }
                Self.check(tally)
                #expect(!tally.errors.isEmpty)
            }
        }
    }

    @Test func killedServerIsFoundAgainAfterItsRestart() async throws {
        try await withRedisServer { server in
            try await withClient(Self.configuration(port: server.port)) { client in
                let tally = try await Load.run(client) {
                    await server.kill()
                    try await Task.sleep(for: .milliseconds(700))
                    try await server.restart()
                }
                Self.check(tally)
            }
        }
    }

    @Test func connectionsCutInTheMiddleOfAReplyMixNothingUp() async throws {
        try await withRedisServer { server in
            try await withCuttingProxy(to: server.port, budgets: (0..<40).map { 3000 + $0 * 1237 }) { proxy in
                try await withClient(Self.configuration(port: proxy.port)) { client in
                    let tally = try await Load.run(client) {
                        try await #expect(eventually { proxy.remaining == 0 })
                    }
                    Self.check(tally)
                }
                // Replies are some 15 bytes long with 4 at which a line ends, so most cuts leave a part of one.
                #expect(proxy.cutsWithinALine >= 10)
            }
        }
    }

    @Test func repeatableCommandsSurviveACutConnection() async throws {
        try await withRedisServer { server in
            var configuration = Self.configuration(port: server.port)
            configuration.commandTimeout = .seconds(20)
            configuration.connectTimeout = .seconds(10)
            configuration.healthCheckInterval = .seconds(10)
            let value = String(repeating: "x", count: 5000)
            _ = try await withClient(configuration) { client in try await client.set("large", value) }
            // The replies to the handshake pass, some 2000 bytes; the first command's is cut.
            try await withCuttingProxy(to: server.port, budgets: [3000]) { proxy in
                configuration.address = .hostname("127.0.0.1", port: proxy.port)
                try await withClient(configuration) { client in
                    try await #expect(client.get("large", as: String.self) == value)
                    #expect(proxy.remaining == 0)
                }
            }
            try await withCuttingProxy(to: server.port, budgets: [3000]) { proxy in
                configuration.address = .hostname("127.0.0.1", port: proxy.port)
                try await withClient(configuration) { client in
                    let error = await #expect(throws: RedisError.self) {
                        _ = try await client.send(RedisCommand("GETSET", "large", "other"))
                    }
                    #expect(error?.code == .fateUnknown)
                    #expect(error?.command == "GETSET")
                    // It was executed, and once only: the next one finds what the first left.
                    try await #expect(client.send(RedisCommand("GETSET", "large", "third"), as: String.self) == "other")
                }
            }
        }
    }

    @Test func commandsThatMustNotRepeatAreExecutedOnceAtMost() async throws {
        try await withRedisServer { server in
            let increments = Increments()
            try await withCuttingProxy(to: server.port, budgets: (0..<30).map { 3000 + $0 * 613 }) { proxy in
                try await withClient(Self.configuration(port: proxy.port)) { client in
                    try await increments.run(on: client) {
                        // Cut by the proxy after some bytes, and by the server after some time.
                        try await #expect(
                            eventually {
                                try await server.command("CLIENT", "KILL", "TYPE", "normal")
                                return proxy.remaining == 0
                            }
                        )
                    }
                }
            }
            let reply = try await server.command("GET", Increments.key)
            let count = try #require(Int(reply.split(separator: "\r\n").last ?? ""))
            let seen = increments.tally.withLock { $0 }
            #expect(seen.succeeded > 0)
            #expect(seen.unknown > 0)
            #expect(count >= seen.succeeded)
            #expect(count <= seen.succeeded + seen.unknown)
            // Each success was told of an increment of its own.
            #expect(seen.values.count == seen.succeeded)
        }
    }

    // MARK: Bounds

    @Test(arguments: [Duration?.none, .milliseconds(300)])
    func memoryStaysBoundedWhileTheServerHangs(healthCheckInterval: Duration?) async throws {
        try await withRedisServer { server in
            var configuration = Self.configuration(port: server.port)
            configuration.commandTimeout = .milliseconds(50)
            configuration.maximumBytesInFlight = 8 << 20
            configuration.healthCheckInterval = healthCheckInterval
            try await withClient(configuration) { client in
                try await client.ping()
                server.pause()
                let value = String(repeating: "v", count: 16 << 10)
                let before = ResidentMemory.bytes
                let end = ContinuousClock.now.advanced(by: .seconds(3))
                let calls = await withTaskGroup(of: Int.self) { group in
                    for task in 0..<Load.taskCount {
                        group.addTask {
                            var calls = 0
                            while ContinuousClock.now < end, !Task.isCancelled {
                                calls += 1
                                if (try? await client.set("task:\(task)", value)) == nil { await Task.yield() }
                            }
                            return calls
                        }
                    }
                    return await group.reduce(0, +)
                }
                if healthCheckInterval == nil {
                    // Many times what may be in flight was offered to the connection that never answered.
                    #expect(calls * value.utf8.count > 16 * configuration.maximumBytesInFlight)
                }
                if let before, let after = ResidentMemory.bytes {
                    // The rest is other tests' in this process, and what the allocator keeps.
                    #expect(after - before < 8 * configuration.maximumBytesInFlight)
                }
                server.resume()
                // The server answers what had left, too; then there is room again.
                try await #expect(eventually { (try? await client.echo("back", as: String.self)) == "back" })
            }
        }
    }

    @Test func whatWaitsForAHungServerIsBounded() async throws {
        try await withRedisServer { server in
            var configuration = Self.configuration(port: server.port)
            configuration.maximumCommandsInFlight = 1000
            configuration.commandTimeout = .milliseconds(100)
            configuration.healthCheckInterval = nil
            try await withClient(configuration) { client in
                _ = try await client.send(RedisCommand("PING"))
                server.pause()
                let overloaded = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for index in 0..<5000 {
                        group.addTask {
                            do {
                                _ = try await client.send(RedisCommand("GET", "key:\(index)"))
                                return false
                            } catch let error as RedisError {
                                return error.code == .overloaded && error.server != nil
                            }
                        }
                    }
                    return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                }
                #expect(overloaded >= 4000)
                server.resume()
                // The server answers those that have left, too; then there is room again.
                try await #expect(eventually { (try? await client.echo("back", as: String.self)) == "back" })
            }
        }
    }

    @Test func serverThatAcceptsAndSaysNothingFailsTheAttempt() async throws {
        try await withRedisServer { server in
            server.pause()
            var configuration = Self.configuration(port: server.port)
            configuration.connectTimeout = .milliseconds(100)
            configuration.commandTimeout = .seconds(10)
            try await withClient(configuration) { client in
                let duration = await ContinuousClock().measure {
                    _ = await #expect {
                        _ = try await client.send(RedisCommand("PING"))
                    } throws: { ($0 as? RedisError)?.code == .connectionFailed }
                }
                #expect(duration < .milliseconds(100) + Self.slack)
            }
            server.resume()
        }
    }
}

/// Tasks that increment one number, and what they know of it.
private final class Increments: Sendable {
    struct Tally {
        var succeeded = 0
        var unknown = 0
        var values: Set<Int> = []
    }

    static let key = "n"
    let tally = Mutex(Tally())
    private let isOver = Atomic<Bool>(false)

    /// Lets 50 tasks increment while `trouble` is made.
    func run(on client: RedisClient, while trouble: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    while !self.isOver.load(ordering: .relaxed), !Task.isCancelled { await self.increment(client) }
                }
            }
            defer { self.isOver.store(true, ordering: .relaxed) }
            try await trouble()
        }
    }

    private func increment(_ client: RedisClient) async {
        do {
            let value = try await client.incr(Self.key)
            self.tally.withLock {
                $0.succeeded += 1
                $0.values.insert(value)
            }
        } catch {
            // The other errors say that the command was not executed.
            let isUnknown =
                error is CancellationError || [.fateUnknown, .timedOut].contains((error as? RedisError)?.code)
            if isUnknown { self.tally.withLock { $0.unknown += 1 } }
            await Task.yield()
        }
    }
}
