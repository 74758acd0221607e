import Larder
import LarderRedisClient
import LarderTesting
import Testing

@testable @_spi(Testing) import LarderRedis

/// Calls that leave together.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RateLimitBatchTests {
    private static let kinds: [[RateLimit]] = [
        [.fixedWindow(30, per: .seconds(1))], [.slidingWindow(20, per: .seconds(1))],
        [.slidingWindow(400, per: .seconds(1))], [.tokenBucket(10, per: .seconds(1), burst: 20)],
        [.tokenBucket(7, per: .seconds(1), burst: 13)],
        [
            .slidingWindow(300, per: .seconds(2)), .fixedWindow(40, per: .seconds(1)),
            .slidingWindow(9, per: .seconds(1)),
        ],
        [.tokenBucket(50, per: .milliseconds(700)), .slidingWindow(90, per: .seconds(5))],
    ]

    @Test func batchesAreDecidedExactlyAsMemoryDecidesTheirCallsOneByOne() async throws {
        try await withRedis { redis in
            let time = ManualTime(1_800_000_000_000_000)
            for (index, kind) in Self.kinds.enumerated() {
                let limits = try RateLimitSet(kind)
                let scripts = RateLimitScripts("ns", limits, client: redis.client) { time.now }
                var records: [String: RateLimitRecord] = [:]
                var random = SeededGenerator(seed: 7 + UInt64(index))
                var (allowed, refused) = (0, 0)
                for step in 0..<600 {
                    time.now += Int64.random(in: 0...(random.next() % 10 == 0 ? 900_000 : 60_000), using: &random)
                    if random.next() % 60 == 0 { time.now -= Int64.random(in: 0...3_000_000, using: &random) }
                    let isUniform = random.next() % 2 == 0
                    let charges = (0..<Int(random.next() % 12) + 1).map { _ in
                        Charge(
                            subject: "s\(random.next() % 5)",
                            cost: isUniform ? 1 : [1, 1, 2, 3, 8, 500][Int(random.next() % 6)]
                        )
                    }
                    let found = try await scripts.charge(charges)
                    for (charge, found) in zip(charges, found) {
                        let expected = records[charge.subject, default: RateLimitRecord()]
                            .decide(charge.cost, at: time.now, by: limits, charges: true).decision
                        if found != expected {
                            Issue.record(
                                "\(kind), step \(step), \(charges): \(expected) in memory, not \(found as Any)"
                            )
                            return
                        }
                        if expected.isAllowed { allowed += 1 } else { refused += 1 }
                    }
                }
                #expect(allowed > 100 && refused > 100, "\(kind)")
            }
        }
    }

    @Test func callsThatComeWhileOthersAreUnderWayLeaveTogether() async throws {
        try await withRedis { redis in
            let limiter = try RateLimiter(
                .redis(redis.client),
                namespace: "ns",
                limits: [.tokenBucket(1, per: .days(30), burst: 100)]
            )
            _ = try await limiter.check("first")
            let commands = try await redis.commands {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for task in 0..<60 {
                        group.addTask {
                            var allowed = 0
                            for _ in 0..<50 where try await limiter.check("s\(task % 20)").isAllowed { allowed += 1 }
                            return allowed
                        }
                    }
                    // 150 calls for each of 20 subjects.
                    let allowed = try await group.reduce(0, +)
                    #expect(allowed == 2_000)
                }
            }
            let scripts = try #require(commands["evalsha"])
            #expect(scripts < 1_500 && commands["time"] == scripts)
        }
    }

    @Test func whatIsNoStateSpoilsNoOthersCall() async throws {
        try await withRedis { redis in
            for limit in [RateLimit.slidingWindow(5, per: .hours(1)), .tokenBucket(1, per: .days(30), burst: 5)] {
                let limits = try RateLimitSet([limit])
                let scripts = RateLimitScripts("ns", limits, client: redis.client, time: nil)
                let prefix = "@ns:limit:\(limits.name):"
                _ = try await redis.client.send(RedisCommand("LPUSH", prefix + "list", "x"))
                try await redis.client.set(prefix + "short", "abc")
                // Six numbers that speak of three entries, and no entries.
                var numbers: [UInt8] = []
                numbers.append(3, 1, 4, 1 << 52, 1 << 52, 1)
                if limit == .slidingWindow(5, per: .hours(1)) { try await redis.client.set(prefix + "cut", numbers) }
                let subjects = ["a", "list", "short", "cut", "b", "list", "a"]
                let found = try await scripts.charge(subjects.map { Charge(subject: $0, cost: 1) })
                let remaining = found.map { $0?.remaining }
                #expect(remaining[0] == 4 && remaining[4] == 4 && remaining[6] == 3, "\(limit): \(remaining)")
                #expect(remaining[1] == nil && remaining[2] == nil && remaining[5] == nil, "\(limit): \(remaining)")
                if limit == .slidingWindow(5, per: .hours(1)) { #expect(remaining[3] == nil) }
                let kind = try await redis.client.send(RedisCommand("TYPE", prefix + "list"), as: String.self)
                #expect(kind == "list")
            }
        }
    }

    @Test func manyLimitsOfTheDearestKindFitIntoOneScript() async throws {
        try await withRedis { redis in
            let limits = (1...8).map { RateLimit.slidingWindow(10 * $0, per: .duration(.seconds(60) + .seconds($0))) }
            let limiter = try RateLimiter(.redis(redis.client), namespace: "ns", limits: limits)
            let last = try await limiter.check("s", cost: 7)
            #expect(last.isAllowed && last.statuses.map(\.remaining) == [3, 13, 23, 33, 43, 53, 63, 73])
            let fractions = (1...8).map { RateLimit.tokenBucket(7, per: .seconds(60 + $0), burst: 10 * $0) }
            let buckets = try RateLimiter(.redis(redis.client), namespace: "ns", limits: fractions)
            let decision = try await buckets.check("s", cost: 7)
            #expect(decision.isAllowed && decision.remaining == 3)
        }
    }

    // MARK: Where keys lie apart

    /// A proxy before a cluster, say, of which the client does not know.
    @Test func serverThatRefusesKeysOfSeveralSlotsGetsThemOneByOne() async throws {
        try await withRedis(.init(), .cluster) { redis in
            let limiter = try RateLimiter(
                .redis(redis.client),
                namespace: "ns",
                limits: [.tokenBucket(1, per: .days(30), burst: 3)]
            )
            let allowed = try await withThrowingTaskGroup(of: Int.self) { group in
                for task in 0..<40 {
                    group.addTask {
                        var allowed = 0
                        for round in 0..<20 where try await limiter.check("s\((task + round) % 10)").isAllowed {
                            allowed += 1
                        }
                        return allowed
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(allowed == 30)
        }
    }

    @Test(arguments: Spread.allCases)
    func callsForSeveralServersGatherApart(_ spread: Spread) async throws {
        try await withSpreadRedis(spread) { redis in
            try await redis.withClient { client in
                let limiter = try RateLimiter(
                    .redis(client),
                    namespace: "ns",
                    limits: [.slidingWindow(30, per: .hours(1)), .tokenBucket(1, per: .days(30), burst: 3)]
                )
                let allowed = try await withThrowingTaskGroup(of: Int.self) { group in
                    for task in 0..<60 {
                        group.addTask {
                            var allowed = 0
                            for round in 0..<20 where try await limiter.check("s\((task + round) % 30)").isAllowed {
                                allowed += 1
                            }
                            return allowed
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(allowed == 90)
            }
            let keys = try await redis.counts("@ns:limit:*")
            #expect(keys.reduce(0, +) == 30 && keys.allSatisfy { $0 > 0 })
        }
    }

    // MARK: When things go wrong

    @Test func callsEndInTimeWhereTheServerHangsAndWhoLeavesTakesNobodyAlong() async throws {
        try await withRedisServer { server in
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            configuration.commandTimeout = .milliseconds(1_500)
            let client = try RedisClient(configuration)
            let limiter = try RateLimiter(
                .redis(client),
                namespace: "ns",
                limits: [.fixedWindow(1_000, per: .days(300))]
            )
            _ = try await limiter.check("s")
            server.pause()
            let clock = ContinuousClock()
            let start = clock.now
            let calls = (0..<40).map { _ in
                Task { () -> (Result<RateLimitDecision, any Error>, Duration) in
                    do {
                        return (.success(try await limiter.check("s")), clock.now - start)
                    } catch {
                        return (.failure(error), clock.now - start)
                    }
                }
            }
            let cancelled = Task { try await limiter.check("s") }
            try await Task.sleep(for: .milliseconds(50))
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            let left = clock.now - start
            #expect(left < .milliseconds(1_000))
            for call in calls {
                let (result, duration) = await call.value
                #expect(throws: CacheError.self) { try result.get() }
                #expect(duration > .milliseconds(1_000) && duration < .milliseconds(3_000))
            }
            server.resume()
            // Answered again, and by a server that has counted what it was sent, once.
            let deadline = clock.now.advanced(by: .seconds(20))
            var decision: RateLimitDecision?
            while decision == nil, clock.now < deadline {
                do {
                    decision = try await limiter.check("s")
                } catch {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            let remaining = try #require(decision?.remaining)
            #expect(remaining <= 998 && remaining >= 1_000 - 43)
            await client.shutdown()
        }
    }

    @Test func whoLeavesWhileOthersAreAnsweredTakesNobodyAlong() async throws {
        try await withRedis { redis in
            let limiter = try RateLimiter(
                .redis(redis.client),
                namespace: "ns",
                limits: [.slidingWindow(100_000, per: .hours(1))]
            )
            let outcomes = await withTaskGroup(of: (answered: Int, left: Int).self) { group in
                for task in 0..<40 {
                    group.addTask {
                        var (answered, left) = (0, 0)
                        for _ in 0..<50 {
                            let call = Task { try await limiter.check("s") }
                            if task.isMultiple(of: 2) { call.cancel() }
                            switch await call.result {
                            case .success: answered += 1
                            case .failure(let error): if error is CancellationError { left += 1 }
                            }
                        }
                        return (answered, left)
                    }
                }
                return await group.reduce((0, 0)) { ($0.0 + $1.answered, $0.1 + $1.left) }
            }
            #expect(outcomes.0 + outcomes.1 == 2_000 && outcomes.0 >= 1_000)
            let used = 100_000 - (try await limiter.peek("s").remaining)
            #expect(used >= outcomes.0 && used <= 2_000)
        }
    }
}
