import Foundation
import LarderRedisClient
import LarderTesting
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct RedisClientTests {
    @Test(arguments: [RedisConfiguration.ProtocolVersion.resp2, .resp3])
    func commandsWorkInBothProtocols(version: RedisConfiguration.ProtocolVersion) async throws {
        try await withRedisServer { server in
            var configuration = server.configuration
            configuration.protocolVersion = version
            configuration.clientName = "larder-test"
            configuration.database = 3
            try await withClient(configuration) { client in
                #expect(try await client.send(RedisCommand("SET", "a", "1"), as: String.self) == "OK")
                #expect(try await client.send(RedisCommand("GET", "a"), as: String?.self) == "1")
                #expect(try await client.send(RedisCommand("GET", "b"), as: String?.self) == nil)
                _ = try await client.send(RedisCommand("HSET", "h", "x", 1, "y", 2))
                #expect(
                    try await client.send(RedisCommand("HGETALL", "h"), as: [String: Int].self) == ["x": 1, "y": 2]
                )
                let info = try await client.send(RedisCommand("CLIENT", "INFO"), as: String.self)
                #expect(info.contains("name=larder-test"))
                #expect(info.contains(" db=3 "))
                #expect(info.contains(version == .resp3 ? " resp=3" : " resp=2"))
            }
        }
    }

    @Test func serverErrorIsThrownWithItsPrefix() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                _ = try await client.send(RedisCommand("SET", "a", "text"))
                _ = await #expect {
                    _ = try await client.send(RedisCommand("LPUSH", "a", "1"))
                } throws: { error in
                    let error = error as? RedisError
                    return error?.code == .server("WRONGTYPE") && error?.command == "LPUSH" && error?.server != nil
                }
                let results = try await client.pipeline([
                    RedisCommand("INCR", "n"), RedisCommand("LPUSH", "a", "1"), RedisCommand("INCR", "n"),
                ])
                #expect(try results[0].get() == .integer(1))
                #expect(throws: RedisError.self) { try results[1].get() }
                #expect(try results[2].get() == .integer(2))
            }
        }
    }

    @Test func wrongPasswordIsAnAuthenticationErrorWithoutThePassword() async throws {
        try await withRedisServer(.init(password: "sesame")) { server in
            for (user, password) in [(String?.none, "hunter2"), ("ann", "hunter2"), (nil, nil)] {
                var configuration = server.configuration
                configuration.username = user
                configuration.password = password
                configuration.protocolVersion = password == nil ? .resp2 : .resp3
                configuration.database = 1
                try await withClient(configuration) { client in
                    _ = await #expect {
                        _ = try await client.send(RedisCommand("GET", "a"))
                    } throws: { error in
                        (error as? RedisError)?.code == .authenticationFailed && !"\(error)".contains("hunter2")
                    }
                }
            }
            var configuration = server.configuration
            configuration.password = "sesame"
            try await withClient(configuration) { client in
                let pong = try await client.send(RedisCommand("PING"), as: String.self)
                #expect(pong == "PONG")
            }
        }
    }

    @Test func refusedConnectionIsReportedFastAndClearly() async throws {
        try await withRedisServer { server in
            await server.kill()
            var configuration = server.configuration
            configuration.commandTimeout = .seconds(30)
            try await withClient(configuration) { client in
                let clock = ContinuousClock()
                let duration = await clock.measure {
                    _ = await #expect {
                        _ = try await client.send(RedisCommand("GET", "a"))
                    } throws: { ($0 as? RedisError)?.code == .connectionFailed }
                }
                #expect(duration < .seconds(5))
            }
        }
    }

    @Test func unixSocketWorks() async throws {
        try await withRedisServer { server in
            try await withClient(RedisConfiguration(address: .unixSocket(path: server.socketPath))) { client in
                let pong = try await client.send(RedisCommand("PING"), as: String.self)
                #expect(pong == "PONG")
            }
        }
    }

    @Test func commandsForAConnectionOfTheirOwnAreRefusedOnASharedOne() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                for command in [RedisCommand("SELECT", 1), RedisCommand("BLPOP", "a", 0), RedisCommand("MULTI")] {
                    _ = await #expect {
                        _ = try await client.send(command)
                    } throws: { ($0 as? RedisError)?.code == .refusedOnSharedConnection }
                }
                // All of a transaction in one pipeline disturbs nobody.
                let results = try await client.pipeline([
                    RedisCommand("MULTI"), RedisCommand("INCR", "n"), RedisCommand("INCR", "n"), RedisCommand("EXEC"),
                ])
                #expect(try results[3].get() == .array([.integer(1), .integer(2)]))
                await #expect(throws: RedisError.self) {
                    _ = try await client.pipeline([RedisCommand("MULTI"), RedisCommand("INCR", "n")])
                }
            }
        }
    }

    @Test func lentConnectionIsKeptIfCleanAndClosedIfChanged() async throws {
        try await withRedisServer { server in
            var configuration = server.configuration
            configuration.maximumLentConnections = 1
            try await withClient(configuration) { client in
                func id(after command: RedisCommand?) async throws -> Int {
                    try await client.withConnection { connection in
                        let id = try await connection.send(RedisCommand("CLIENT", "ID"), as: Int.self)
                        if let command { _ = try await connection.send(command) }
                        return id
                    }
                }
                let first = try await id(after: nil)
                #expect(try await id(after: RedisCommand("WATCH", "a")) == first)
                let second = try await id(after: RedisCommand("SELECT", 2))
                #expect(second != first)
                let third = try await id(after: nil)
                #expect(third != second)
                // The only one is lent: another borrower waits for its time, then hears why.
                _ = try await client.withConnection { _ in
                    _ = await #expect {
                        _ = try await client.withConnection(timeout: .milliseconds(20)) { _ in }
                    } throws: { ($0 as? RedisError)?.code == .timedOut }
                }
                #expect(try await id(after: nil) == third)
            }
        }
    }

    @Test func borrowerWhoseTimeIsOverBeforeItWaitsIsToldSo() async throws {
        var configuration = RedisConfiguration()
        configuration.maximumLentConnections = 1
        // The only connection is lent and never even made; so the timer and the wait are all that happens.
        try await withClient(configuration) { client in
            try await client.withConnection { _ in
                for _ in 0..<2000 {
                    let error = await #expect(throws: RedisError.self) {
                        try await client.withConnection(timeout: .zero) { _ in }
                    }
                    #expect(error?.code == .timedOut)
                }
            }
        }
    }

    @Test func abandonedBlockingCommandEndsItsConnection() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                _ = await #expect {
                    try await client.withConnection { connection in
                        _ = try await connection.send(RedisCommand("BLPOP", "none", 0), timeout: .milliseconds(30))
                    }
                } throws: { ($0 as? RedisError)?.code == .timedOut }
                // The next borrower must not wait behind it.
                let reply = try await client.withConnection { try await $0.send(RedisCommand("PING"), as: String.self) }
                #expect(reply == "PONG")
            }
        }
    }

    @Test func hundredThousandCancelledCommandsCostTheConnectionNothing() async throws {
        try await withRedisServer { server in
            var configuration = server.configuration
            configuration.maximumCommandsInFlight = 5000
            configuration.commandTimeout = .seconds(20)
            try await withClient(configuration) { client in
                let before = try await client.send(RedisCommand("CLIENT", "ID"), as: Int.self)
                for _ in 0..<100 {
                    await withTaskGroup(of: Void.self) { group in
                        for index in 0..<1000 {
                            group.addTask {
                                let text = "never-\(index)"
                                let reply = try? await client.send(RedisCommand("ECHO", text), as: String.self)
                                #expect(reply == nil || reply == text)
                            }
                        }
                        group.cancelAll()
                    }
                    // The queue is bounded, and the server has to answer what was sent.
                    #expect(try await client.send(RedisCommand("ECHO", "here"), as: String.self) == "here")
                }
                #expect(try await client.send(RedisCommand("CLIENT", "ID"), as: Int.self) == before)
            }
        }
    }

    @Test func cancelledTaskIsFreedAtOnceWhileTheServerHangs() async throws {
        try await withRedisServer { server in
            var configuration = server.configuration
            configuration.commandTimeout = .seconds(60)
            configuration.healthCheckInterval = nil
            try await withClient(configuration) { client in
                _ = try await client.send(RedisCommand("PING"))
                server.pause()
                let clock = ContinuousClock()
                let start = clock.now
                let task = Task { try await client.send(RedisCommand("GET", "a")) }
                try await Task.sleep(for: .milliseconds(20))
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                #expect(start.duration(to: clock.now) < .seconds(5))
                server.resume()
                let pong = try await client.send(RedisCommand("PING"), as: String.self)
                #expect(pong == "PONG")
            }
        }
    }

    @Test func largeValuesComeBackWhole() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                let value = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                _ = try await client.send(RedisCommand("SET", "large", value))
                #expect(try await client.send(RedisCommand("GET", "large"), as: [UInt8].self) == value)
            }
        }
    }

    @Test func tooLargeReplyEndsItsConnectionAndNotTheClient() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                _ = try await client.send(RedisCommand("SET", "large", String(repeating: "x", count: 100_000)))
            }
            var configuration = server.configuration
            configuration.maximumReplySize = 10_000
            try await withClient(configuration) { client in
                _ = await #expect {
                    _ = try await client.send(RedisCommand("GET", "large"))
                } throws: { error in
                    let error = error as? RedisError
                    return error?.code == .fateUnknown && (error?.underlying as? RedisError)?.code == .replyTooLarge
                }
                let pong = try await client.send(RedisCommand("PING"), as: String.self)
                #expect(pong == "PONG")
            }
        }
    }

    @Test func serviceEndsWithItsGroup() async throws {
        try await withRedisServer { server in
            let client = try RedisClient(server.configuration)
            let group = ServiceGroup(
                configuration: .init(services: [.init(service: client)], logger: .init(label: "t"))
            )
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                let pong = try await client.send(RedisCommand("PING"), as: String.self)
                #expect(pong == "PONG")
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            _ = await #expect {
                _ = try await client.send(RedisCommand("PING"))
            } throws: { ($0 as? RedisError)?.code == .shutdown }
        }
    }
}
