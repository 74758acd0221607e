import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// What locks are on a server: round trips, wake-ups, keys, and what others have written there.
@Suite(.timeLimit(.minutes(2))) struct RedisLockTests {
    @Test func aSectionIsTwoRoundTrips() async throws {
        try await withRedis { redis in
            let locks = Locks(.redis(redis.client), namespace: "ns")
            try await locks.withLock("k") { _ in }
            let commands = try await redis.commands { try await locks.withLock("k") { _ in } }
            #expect(commands == ["evalsha": 2, "get": 2, "set": 2, "time": 2, "publish": 1])
        }
    }

    @Test func theFirstQuestionLearnsTheServersTime() async throws {
        try await withRedis { redis in
            let locks = Locks(.redis(redis.client), namespace: "ns")
            let commands = try await redis.commands { try await locks.withLock("k") { _ in } }
            #expect((commands["evalsha"] ?? 0) + (commands["eval"] ?? 0) >= 3)
            #expect(commands["set"] == 2)
        }
    }

    @Test func aLockThatIsGivenBackIsTakenAtOnceByAnotherProcess() async throws {
        try await withRedis { redis in
            try await withLockProcesses(2, redis.client.configuration) { processes in
                let clock = ContinuousClock()
                var times: [Duration] = []
                for _ in 0..<50 {
                    let gate = Noted<CheckedContinuation<Void, Never>?>(nil)
                    async let first: Void = processes[0].locks.withLock("k") { _ in
                        await withCheckedContinuation { continuation in gate.withLock { $0 = continuation } }
                    }
                    while gate.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(1)) }
                    async let second = processes[1].locks.withLock("k", wait: .seconds(20)) { _ in clock.now }
                    // It listens, and has looked again.
                    while try await !redis.server.command("PUBSUB", "NUMSUB", "@ns:lock:k").contains(":1") {
                        try await Task.sleep(for: .milliseconds(1))
                    }
                    try await Task.sleep(for: .milliseconds(5))
                    let freed = clock.now
                    gate.value?.resume()
                    try await first
                    times.append(freed.duration(to: try await second))
                }
                let median = times.sorted()[times.count / 2]
                #expect(median < .milliseconds(20), "\(median)")
            }
        }
    }

    @Test func waitersTakeNoConnectionsAndDoNotAsk() async throws {
        try await withRedis { redis in
            try await withLockProcesses(2, redis.client.configuration) { processes in
                let sections = Noted(0)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let held = Task {
                        try await processes[0].locks.withLock("k") { _ in try await Task.sleep(for: .seconds(60)) }
                    }
                    try await waitUntil(processes[1].locks, "k", isLocked: true)
                    group.addTask {
                        try await processes[1].locks.withLock("k", wait: .seconds(60)) { _ in
                            sections.withLock { $0 += 1 }
                        }
                    }
                    while try await !redis.server.command("PUBSUB", "NUMSUB", "@ns:lock:k").contains(":1") {
                        try await Task.sleep(for: .milliseconds(1))
                    }
                    let before = try await Self.connections(redis.server)
                    for _ in 1..<400 {
                        group.addTask {
                            try await processes[1].locks.withLock("k", wait: .seconds(60)) { _ in
                                sections.withLock { $0 += 1 }
                            }
                        }
                    }
                    try await Task.sleep(for: .milliseconds(300))
                    let commands = try await redis.commands { try await Task.sleep(for: .milliseconds(500)) }
                    let after = try await Self.connections(redis.server)
                    #expect(after == before)
                    #expect(commands["evalsha"] ?? 0 == 0, "nobody asks while nothing happens")
                    #expect(sections.value == 0)
                    held.cancel()
                    try await group.waitForAll()
                    _ = await held.result
                }
                #expect(sections.value == 400)
            }
        }
    }

    private static func connections(_ server: RedisServer) async throws -> Int {
        try await server.command("CLIENT", "LIST").split(separator: "\n").count { $0.contains("addr=") }
    }

    @Test func nothingInTheServerIsImmortal() async throws {
        try await withRedis { redis in
            let locks = Locks(.redis(redis.client), namespace: "ns")
            try await locks.withLock("k", lease: .seconds(5)) { token in
                try await locks.withPermit("k", of: 3) { _ in
                    try await locks.fencedValue("k", of: Int.self).set(1, token: token)
                    let keys = try await redis.server.command("KEYS", "*").split(whereSeparator: \.isNewline)
                        .filter { $0.hasPrefix("@") }
                    #expect(keys.sorted() == ["@ns:fenced:k", "@ns:lock:k", "@ns:permits:k"])
                    for key in keys {
                        let left = try await redis.server.command("PTTL", String(key))
                        #expect(left.hasPrefix(":") && !left.hasPrefix(":-"), "\(key): \(left)")
                    }
                }
            }
            // What is left of a lock that nobody holds is its token, for a minute.
            try await redis.pass(.seconds(60))
            let left = try await redis.server.command("KEYS", "*")
            #expect(left.contains("@ns:fenced:k") && !left.contains("lock") && !left.contains("permits"))
        }
    }

    @Test func tokensGrowThoughTheServerForgetsEverything() async throws {
        try await withRedis { redis in
            let locks = Locks(.redis(redis.client), namespace: "ns")
            var last = FencingToken(rawValue: 0)
            for _ in 0..<50 {
                let token = try await locks.withLock("k") { $0 }
                #expect(token > last)
                last = token
                try await redis.server.command("FLUSHALL")
            }
        }
    }

    @Test func tokensGrowThoughTheServersClockIsSetBack() async throws {
        try await withRedis { redis in
            let locks = Locks(.redis(redis.client), namespace: "ns")
            let token = try await locks.withLock("k") { $0 }
            // As if it had been granted by a clock that was an hour ahead.
            let later = token.rawValue + 3_600_000_000
            try await redis.server.command("SET", "@ns:lock:k", "\(later)", "PX", "60000")
            let next = try await locks.withLock("k") { $0 }
            #expect(next.rawValue == later + 1)
        }
    }

    @Test func aLeaseThatWasWrittenByAClockAheadEndsAfterItsLength() async throws {
        // redisson/redisson#7272 is about locks that nobody can end; a clock that is set back must not make one.
        try await withRedis { redis in
            let locks = Locks(.redis(redis.client), namespace: "ns")
            let token = try await locks.withLock("k") { $0 }
            let end = token.rawValue + 3_600_000_000
            let text = "\(token) ab:\(end):\(token):200000"
            try await redis.server.command("SET", "@ns:lock:k", text, "PX", "3600000")
            let start = ContinuousClock.now
            try await locks.withLock("k", wait: .seconds(20)) { _ in }
            let waited = start.duration(to: .now)
            #expect(waited >= .milliseconds(150) && waited < .seconds(20), "\(waited)")
        }
    }

    @Test func whatIsNoLockIsTakenForAFreeOneOrRefused() async throws {
        try await withRedis { redis in
            let locks = Locks(.redis(redis.client), namespace: "ns")
            for text in ["", "hello", "99 x:y:z", "\u{0}\u{1}", "-5", String(repeating: "9", count: 400)] {
                try await redis.server.command("SET", "@ns:lock:k", text)
                let token = try? await locks.withLock("k", wait: .zero) { $0 }
                #expect(token != nil || text.count == 400, "\(text)")
            }
            try await redis.server.command("DEL", "@ns:lock:k")
            try await redis.server.command("LPUSH", "@ns:lock:k", "x")
            let error = await #expect(throws: CacheError.self) { try await locks.withLock("k", wait: .zero) { _ in } }
            #expect(error?.code == .unavailable)
            for text in ["", "5", "5\n", "x\n+1", "5\n+abc"] {
                try await redis.server.command("SET", "@ns:fenced:k", text)
                let error = await #expect(throws: CacheError.self) {
                    _ = try await locks.fencedValue("k", of: Int.self).get()
                }
                #expect(error?.code == .decodingFailed)
            }
        }
    }

    @Test func fencedValuesAreReadableToOthers() async throws {
        try await withRedis { redis in
            let locks = Locks(.redis(redis.client), namespace: "ns")
            let token = FencingToken(rawValue: 17)
            try await locks.fencedValue("k", of: Int.self).set(42, token: token)
            let text = try await redis.client.get("@ns:fenced:k", as: String.self)
            #expect(text == "17\n+42")
            try await locks.fencedValue("k", of: Int.self).remove(token: token)
            let removed = try await redis.client.get("@ns:fenced:k", as: String.self)
            #expect(removed == "17\n-")
        }
    }

    @Test func whoMayNotListenFindsOutByAsking() async throws {
        try await withRedis { redis in
            try await redis.server.command("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "resetchannels")
            var configuration = redis.client.configuration
            configuration.username = "app"
            configuration.password = "secret"
            try await withLockProcesses(2, configuration) { processes in
                let held = Task {
                    try await processes[0].locks.withLock("k") { _ in try await Task.sleep(for: .seconds(60)) }
                }
                try await waitUntil(processes[1].locks, "k", isLocked: true)
                async let second = processes[1].locks.withLock("k", wait: .seconds(60)) { _ in ContinuousClock.now }
                try await Task.sleep(for: .milliseconds(200))
                let freed = ContinuousClock.now
                held.cancel()
                let taken = try await second
                #expect(freed.duration(to: taken) < .seconds(5))
                _ = await held.result
            }
        }
    }

    @Test func locksWorkInAClusterWithEveryName() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            var configuration = try RedisConfiguration(url: cluster.url)
            configuration.commandTimeout = .seconds(30)
            try await withLockProcesses(2, configuration) { processes in
                for name in ["a", "b", "c", "{d}e", "}f{", "g:{h"] {
                    let held = Task {
                        try await processes[0].locks.withLock(name) { _ in try await Task.sleep(for: .seconds(60)) }
                    }
                    try await waitUntil(processes[1].locks, name, isLocked: true)
                    let start = ContinuousClock.now
                    async let token = processes[1].locks.withLock(name, wait: .seconds(60)) { $0 }
                    try await Task.sleep(for: .milliseconds(200))
                    held.cancel()
                    let value = try await token
                    #expect(start.duration(to: .now) < .seconds(20))
                    try await processes[1].locks.fencedValue(name, of: Int.self).set(1, token: value)
                    _ = await held.result
                }
            }
        }
    }
}
