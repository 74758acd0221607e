import Foundation
import LarderRedisClient
import NIOCore
import Synchronization
import Testing

/// What becomes of 200 tasks that read and write when their server hangs, dies or is cut off.
@Suite(.serialized) struct RedisClientFaultTests {
    /// How long a call may last beyond its timeout: these tests share their machine with others.
    static let slack = Duration.seconds(1)
    static let timeout = Duration.milliseconds(400)
    static let taskCount = 200

    static func configuration(port: Int) -> RedisConfiguration {
        var configuration = RedisConfiguration(port: port)
        configuration.commandTimeout = Self.timeout
        configuration.connectTimeout = .milliseconds(300)
        configuration.healthCheckInterval = .milliseconds(300)
        configuration.reconnect = .init(base: .milliseconds(5), maximum: .milliseconds(100))
        return configuration
    }

    /// What the tasks have seen.
    struct Tally {
        var replies = 0
        var errors: [RedisError.Code: Int] = [:]
        var wrong = 0
        var slowest = Duration.zero
        /// Keys whose tasks have had a reply since the last reset.
        var alive: Set<Int> = []
    }

    /// What the tasks share with the test that watches them.
    final class Load: Sendable {
        let tally = Mutex(Tally())
        let isOver = Atomic<Bool>(false)
    }

    /// Lets the tasks read and write while `body` makes trouble; then waits until each of them works again.
    static func underLoad(_ client: RedisClient, _ body: () async throws -> Void) async throws -> Tally {
        let load = Load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<Self.taskCount {
                group.addTask { await Self.readAndWrite(task, client, load) }
            }
            try await Self.untilAllAlive(load)
            try await body()
            try await Self.untilAllAlive(load)
            load.isOver.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        return load.tally.withLock { $0 }
    }

    /// Waits for a reply to every task from now on.
    private static func untilAllAlive(_ load: Load) async throws {
        load.tally.withLock { $0.alive = [] }
        for _ in 0..<3000 {
            if load.tally.withLock({ $0.alive.count == Self.taskCount }) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the client does not work again after 30 seconds")
    }

    private static func readAndWrite(
        _ task: Int,
        _ client: RedisClient,
        _ load: Load
    ) async {
        let clock = ContinuousClock()
        let key = "task:\(task)"
        var round = 0
        while !load.isOver.load(ordering: .relaxed) {
            round += 1
            let start = clock.now
            do {
                var isRight = true
                if round.isMultiple(of: 3) {
                    _ = try await client.send(RedisCommand("SET", key, "\(key) \(round)"))
                } else if round.isMultiple(of: 5) {
                    let echo = "\(key) \(round)"
                    isRight = try await client.send(RedisCommand("ECHO", echo), as: String.self) == echo
                } else {
                    let value = try await client.send(RedisCommand("GET", key), as: String?.self)
                    isRight = value == nil || value?.hasPrefix(key + " ") == true
                }
                let duration = start.duration(to: clock.now)
                load.tally.withLock {
                    $0.replies += 1
                    $0.alive.insert(task)
                    $0.slowest = max($0.slowest, duration)
                    if !isRight { $0.wrong += 1 }
                }
            } catch {
                let duration = start.duration(to: clock.now)
                load.tally.withLock {
                    $0.errors[(error as? RedisError)?.code ?? .protocolViolation, default: 0] += 1
                    $0.slowest = max($0.slowest, duration)
                }
                await Task.yield()
            }
        }
    }

    static func check(_ tally: Tally, mayFailWith codes: Set<RedisError.Code>) {
        #expect(tally.wrong == 0)
        #expect(tally.replies >= Self.taskCount)
        #expect(tally.slowest < Self.timeout + Self.slack)
        #expect(Set(tally.errors.keys).isSubset(of: codes), "\(tally.errors)")
    }

    @Test func serverThatHangsTimesOutAndComesBack() async throws {
        try await withRedisServer { server in
            try await withClient(Self.configuration(port: server.port)) { client in
                let tally = try await Self.underLoad(client) {
                    server.hang()
                    try await Task.sleep(for: .seconds(2))
                    server.wake()
                }
                Self.check(tally, mayFailWith: [.timedOut, .fateUnknown, .connectionFailed, .notSent])
                #expect(!tally.errors.isEmpty)
            }
        }
    }

    @Test func killedServerIsFoundAgainAfterItsRestart() async throws {
        try await withRedisServer { server in
            try await withClient(Self.configuration(port: server.port)) { client in
                let tally = try await Self.underLoad(client) {
                    server.stop()
                    try await Task.sleep(for: .milliseconds(700))
                    try await server.launch()
                }
                Self.check(tally, mayFailWith: [.timedOut, .fateUnknown, .connectionFailed, .notSent])
            }
        }
    }

    @Test func connectionsCutInTheMiddleOfAReplyMixNothingUp() async throws {
        try await withRedisServer { server in
            let budgets = (0..<40).map { 500 + $0 * 1237 }
            let proxy = try await CuttingProxy.start(to: server.port, budgets: budgets)
            try await withClient(Self.configuration(port: proxy.port)) { client in
                let tally = try await Self.underLoad(client) {
                    while proxy.remaining > 0 { try await Task.sleep(for: .milliseconds(10)) }
                }
                Self.check(tally, mayFailWith: [.timedOut, .fateUnknown, .connectionFailed, .notSent])
            }
            try await proxy.stop()
        }
    }

    @Test func repeatableCommandsSurviveACutConnection() async throws {
        try await withRedisServer { server in
            // The handshake's reply to HELLO 3 passes; the first GET's is cut.
            let proxy = try await CuttingProxy.start(to: server.port, budgets: [300])
            var configuration = Self.configuration(port: proxy.port)
            configuration.commandTimeout = .seconds(10)
            configuration.connectTimeout = .seconds(5)
            configuration.healthCheckInterval = .seconds(5)
            try await withClient(RedisConfiguration(port: server.port)) { client in
                _ = try await client.send(RedisCommand("SET", "large", String(repeating: "x", count: 1000)))
            }
            try await withClient(configuration) { client in
                let value = try await client.send(RedisCommand("GET", "large"), as: String.self)
                #expect(value.utf8.count == 1000)
                #expect(proxy.remaining == 0)
            }
            let second = try await CuttingProxy.start(to: server.port, budgets: [300])
            configuration.address = .hostname("127.0.0.1", port: second.port)
            try await withClient(configuration) { client in
                _ = await #expect {
                    _ = try await client.send(RedisCommand("GETSET", "large", String(repeating: "y", count: 1000)))
                } throws: { ($0 as? RedisError)?.code == .fateUnknown }
            }
            try await proxy.stop()
            try await second.stop()
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
                server.hang()
                let overloaded = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for index in 0..<5000 {
                        group.addTask {
                            do {
                                _ = try await client.send(RedisCommand("GET", "key:\(index)"))
                                return false
                            } catch let error as RedisError {
                                return error.code == .overloaded
                            }
                        }
                    }
                    return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                }
                #expect(overloaded >= 4000)
                server.wake()
                // The server answers those that have left, too; then there is room again.
                var reply: String?
                for _ in 0..<500 where reply == nil {
                    reply = try? await client.send(RedisCommand("ECHO", "back"), as: String.self)
                    if reply == nil { try await Task.sleep(for: .milliseconds(10)) }
                }
                #expect(reply == "back")
            }
        }
    }

    @Test func serverThatAcceptsAndSaysNothingFailsTheAttempt() async throws {
        try await withRedisServer { server in
            server.hang()
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
            server.wake()
        }
    }
}
