import Larder
import LarderRedisClient
import LarderTesting
import Testing

@testable @_spi(Testing) import LarderRedis

@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisRateLimitTests {
    @Test(arguments: RateLimitConformance.checks)
    func scriptsConformAtTimesThatAreGivenToThem(_ check: RateLimitCheck) async throws {
        try await withRedis { redis in
            let clock = ManualClock()
            let store = RedisRateLimitStore(redis.client) { 1_800_000_000_000_000 + clock.now.offset.microseconds }
            try await check.run(on: RateLimitStoreUnderTest(store) { clock.advance(by: $0) })
        }
    }

    @Test(arguments: RateLimitConformance.counting, [Manner.together, .cluster])
    func redisRateLimitStoreConforms(_ check: RateLimitCheck, _ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            try await check.run(on: RateLimitStoreUnderTest(RedisRateLimitStore(redis.client)))
        }
    }

    @Test func serverDecidesExactlyAsMemoryDoes() async throws {
        let kinds: [[RateLimit]] = [
            [.fixedWindow(9, per: .seconds(1))], [.slidingWindow(20, per: .seconds(1))],
            [.tokenBucket(10, per: .seconds(1), burst: 20)],
            [.slidingWindow(400, per: .seconds(1))], [.tokenBucket(7, per: .seconds(1), burst: 13)],
            [.tokenBucket(999_983, per: .days(366), burst: 30)], [.tokenBucket(67_108_859, per: .days(1))],
            [.tokenBucket(20, per: .seconds(1)), .slidingWindow(50, per: .seconds(5))],
            [
                .slidingWindow(300, per: .seconds(2)), .fixedWindow(40, per: .seconds(1)),
                .slidingWindow(9, per: .seconds(1)),
            ],
        ]
        try await withRedis { redis in
            let time = ManualTime(1_800_000_000_000_000)
            let store = RedisRateLimitStore(redis.client) { time.now }
            for (index, kind) in kinds.enumerated() {
                let limits = try RateLimitSet(kind)
                let ledger = store.open("ns", limits)
                var record = RateLimitRecord()
                var random = SeededGenerator(seed: 42 + UInt64(index))
                var allowed = 0
                for step in 0..<1_500 {
                    time.now += Int64.random(in: 0...(random.next() % 10 == 0 ? 900_000 : 60_000), using: &random)
                    // As after a failover to a server whose clock is behind.
                    if random.next() % 60 == 0 { time.now -= Int64.random(in: 0...3_000_000, using: &random) }
                    let cost = [1, 1, 1, 2, 5, 17, 500][Int(random.next() % 7)]
                    let charges = random.next() % 5 > 0
                    let found = try await charges ? ledger.charge("s", cost: cost) : ledger.peek("s", cost: cost)
                    let now = time.now
                    let expected = record.decide(Int64(cost), at: now, by: limits, charges: charges).decision
                    if found != expected {
                        Issue.record("\(kind), step \(step): \(expected) in memory, \(found) on the server")
                        return
                    }
                    if found.isAllowed, charges { allowed += 1 }
                }
                #expect(allowed > 5, "\(kind)")
            }
        }
    }

    // MARK: What is sent

    @Test(arguments: [
        [RateLimit.tokenBucket(5, per: .hours(1))], [.fixedWindow(5, per: .days(300))],
        [.slidingWindow(5, per: .hours(1))],
        [.tokenBucket(5, per: .hours(1)), .slidingWindow(10, per: .hours(1)), .fixedWindow(20, per: .days(300))],
    ])
    func callIsOneRoundTripAndRefusedOnesWriteNothing(_ limits: [RateLimit]) async throws {
        try await withRedis { redis in
            let limiter = try RateLimiter(.redis(redis.client), namespace: "ns", limits: limits)
            // The server learns the scripts.
            _ = try await limiter.check("first")
            _ = try await limiter.peek("first")
            let admitted = try await redis.commands { for _ in 0..<5 { _ = try await limiter.check("s") } }
            #expect(admitted["evalsha"] == 5 && admitted["time"] == 5)
            // A sliding window writes an entry besides, when it closes one.
            let writes = (admitted["set"] ?? 0) + (admitted["setrange"] ?? 0)
            #expect((5...10).contains(writes))
            let refused = try await redis.commands { for _ in 0..<7 { _ = try await limiter.check("s") } }
            #expect(refused["evalsha"] == 7 && Set(refused.keys) == ["evalsha", "time", "getrange"])
            let peeks = try await redis.commands { for _ in 0..<3 { _ = try await limiter.peek("s") } }
            #expect(peeks["evalsha_ro"] == 3 && Set(peeks.keys) == ["evalsha_ro", "time", "getrange"])
            let resets = try await redis.commands { try await limiter.reset("s") }
            #expect(resets == ["del": 1])
        }
    }

    @Test func stateIsOneKeyThatExpiresWhenItSaysNothing() async throws {
        // An eighth of the longest time for which a state can say anything is the most that a key outlives it.
        let cases: [(RateLimit, name: String, life: ClosedRange<Int>)] = [
            (.tokenBucket(10, per: .seconds(100)), "@ns:limit:b10/100s:{s}:1", 19_000...32_520),
            (.slidingWindow(10, per: .seconds(100)), "@ns:limit:s10/100s:{s}:1", 99_000...112_520),
            (.fixedWindow(10, per: .days(300)), "@ns:limit:f10/25920000s:{s}:1", 1...(300 * 86_400_000 + 20)),
        ]
        try await withRedis { redis in
            for (limit, name, life) in cases {
                let limiter = try RateLimiter(.redis(redis.client), namespace: "ns", limits: [limit])
                _ = try await limiter.check("{s}:1", cost: 2)
                let keys = try await redis.client.send(RedisCommand("KEYS", "*"), as: [String].self)
                #expect(keys == [name])
                let left = try await redis.client.send(RedisCommand("PTTL", name), as: Int.self)
                #expect(life.contains(left), "\(limit) has \(left) ms")
                try await limiter.reset("{s}:1")
                let count = try await redis.client.send(RedisCommand("DBSIZE"), as: Int.self)
                #expect(count == 0)
            }
        }
    }

    @Test func deploymentWithOtherLimitsCountsApartAndNeverWithoutLimit() async throws {
        try await withRedis { redis in
            let old = try RateLimiter(
                .redis(redis.client),
                namespace: "ns",
                limits: [.tokenBucket(1, per: .hours(1), burst: 10)]
            )
            let new = try RateLimiter(
                .redis(redis.client),
                namespace: "ns",
                limits: [.tokenBucket(1, per: .hours(1), burst: 4)]
            )
            var allowed = (old: 0, new: 0)
            for _ in 0..<30 {
                if try await old.check("s").isAllowed { allowed.old += 1 }
                if try await new.check("s").isAllowed { allowed.new += 1 }
            }
            #expect(allowed.old == 10)
            #expect(allowed.new == 4)
        }
    }

    // MARK: Time passes

    @Test func tokensComeBackByTheServersClock() async throws {
        try await withRedis { redis in
            let limiter = try RateLimiter(
                .redis(redis.client),
                namespace: "ns",
                limits: [.tokenBucket(20, per: .seconds(1), burst: 2)]
            )
            let start = ContinuousClock.now
            for _ in 0..<12 { try await limiter.wait(for: "s", atMost: .seconds(30)) }
            // Two at once, and ten that take 50 ms each.
            let duration = ContinuousClock.now - start
            #expect(duration >= .milliseconds(499))
        }
    }

    @Test func clientsThatHammerOneSubjectAreAllowedWhatTheLimitSays() async throws {
        try await withRedis { redis in
            let limits: [RateLimit] = [
                .tokenBucket(2_000, per: .seconds(1), burst: 100), .slidingWindow(200, per: .milliseconds(300)),
                .fixedWindow(200, per: .milliseconds(300)),
            ]
            for limit in limits {
                let limiter = try RateLimiter(.redis(redis.client), namespace: "ns", limits: [limit])
                let clock = ContinuousClock()
                let start = clock.now
                let allowed = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<50 {
                        group.addTask {
                            var allowed = 0
                            while clock.now - start < .seconds(1) {
                                if try await limiter.check("s").isAllowed { allowed += 1 }
                            }
                            return allowed
                        }
                    }
                    return try await group.reduce(0, +)
                }
                let seconds = (clock.now - start) / .seconds(1)
                let windows = Int(seconds / 0.3) + 1
                let most = [100 + Int(seconds * 2_000) + 1, 200 * windows, 200 * (windows + 1)]
                let index = try #require(limits.firstIndex(of: limit))
                #expect(allowed <= most[index], "\(limit)")
                #expect(allowed > 500, "\(limit)")
            }
        }
    }

    // MARK: When things go wrong

    @Test func serverThatIsGoneIsAnsweredForByThePolicy() async throws {
        try await withRedisServer { server in
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            configuration.commandTimeout = .milliseconds(500)
            let client = try RedisClient(configuration)
            let limits = [RateLimit.tokenBucket(5, per: .hours(1))]
            let throwing = try RateLimiter(.redis(client), namespace: "ns", limits: limits)
            let allowing = try RateLimiter(.redis(client), namespace: "ns", limits: limits, onUnavailable: .allowing)
            _ = try await throwing.check("s")
            await server.kill()
            let error = await #expect(throws: CacheError.self) { try await throwing.check("s") }
            #expect(error?.code == .unavailable)
            #expect(error?.key == "s")
            let assumed = try await allowing.check("s")
            #expect(assumed.isAllowed && assumed.isAssumed)
            // It has forgotten counts and scripts; both come back by themselves.
            try await server.restart()
            let deadline = ContinuousClock.now.advanced(by: .seconds(20))
            var counted = try await allowing.check("s")
            while counted.isAssumed, ContinuousClock.now < deadline { counted = try await allowing.check("s") }
            #expect(!counted.isAssumed)
            await client.shutdown()
        }
    }

    @Test func whatIsNoStateIsAnErrorAndNothingWorse() async throws {
        try await withRedis { redis in
            let limits = [RateLimit.fixedWindow(5, per: .days(300))]
            let limiter = try RateLimiter(.redis(redis.client), namespace: "ns", limits: limits)
            let name = "@ns:limit:f5/25920000s:s"
            let states: [[UInt8]] = [
                [], [1, 2, 3], Array(repeating: 0xFF, count: 16), Array(repeating: 0x7F, count: 16),
                Array(repeating: 0x80, count: 64),
            ]
            for state in states {
                try await redis.client.set(name, state)
                do {
                    // Whatever it reads as, no more is allowed than the limit says.
                    let decision = try await limiter.peek("s")
                    #expect((0...5).contains(decision.remaining))
                } catch let error as CacheError {
                    #expect(error.code == .unavailable)
                }
            }
            _ = try await redis.client.send(RedisCommand("DEL", name))
            _ = try await redis.client.send(RedisCommand("LPUSH", name, "x"))
            let error = await #expect(throws: CacheError.self) { try await limiter.check("s") }
            #expect(error?.code == .unavailable)
            try await limiter.reset("s")
            let decision = try await limiter.check("s")
            #expect(decision.remaining == 4)
        }
    }
}
