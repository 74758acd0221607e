import Larder
import LarderRedisClient
import LarderTesting
import Testing

@testable import LarderRedis

/// A store whose entries lie on three real servers, and its generations on one of them.
@Suite(.serialized, .timeLimit(.minutes(10))) struct SpreadRedisTests {
    static let names = (0..<30).map { "book:\($0)" }
    /// Far longer than anything here takes: who returns earlier was woken.
    static let long = Duration.seconds(100)

    @Test(arguments: Spread.allCases)
    func storeConforms(_ spread: Spread) async throws {
        try await withSpreadRedis(spread) { redis in
            for check in StoreConformance.checks {
                try await redis.withClient { client in
                    let subject = StoreUnderTest(RedisStore(client), drift: .seconds(29), passTime: redis.pass)
                    do {
                        try await check.run(on: subject)
                    } catch {
                        Issue.record("\(check): \(error)")
                    }
                }
                try await redis.flush()
            }
        }
    }

    @Test(arguments: Spread.allCases)
    func invalidatedTagEndsItsEntriesOnAllServers(_ spread: Spread) async throws {
        try await withSpreadRedis(spread) { redis in
            try await redis.withSpace { space in
                try await redis.withSpace { other in
                    for (index, name) in Self.names.enumerated() {
                        try await space.write(name, 1, tags: index % 2 == 0 ? ["even"] : ["odd"])
                    }
                    let counts = try await redis.counts("ns:*")
                    #expect(counts.reduce(0, +) == 30)
                    #expect(counts.allSatisfy { $0 > 0 }, "\(counts)")
                    #expect(try await redis.counts("{@ns}*").count { $0 > 0 } == 1, "all generations lie on one server")
                    try await other.space.invalidate(["even"], .dead)
                    for (index, name) in Self.names.enumerated() {
                        try await #expect(space.value(name) == (index % 2 == 0 ? nil : 1), "\(name)")
                    }
                    try await other.space.clear()
                    for name in Self.names { try await #expect(space.value(name) == nil, "\(name)") }
                }
            }
        }
    }

    @Test(arguments: Spread.allCases)
    func leaseIsOneForAllProcessesWhereverItsKeyLies(_ spread: Spread) async throws {
        try await withSpreadRedis(spread) { redis in
            try await redis.withSpace { space in
                try await redis.withSpace { other in
                    for name in Self.names {
                        let lease = try await space.take(name, tags: ["a"])
                        let holder = try await other.holder(name)
                        #expect(holder.token == lease.token)
                        try await #expect(space.commit(lease))
                        try await #expect(other.value(name, expecting: ["a"]) == 7)
                    }
                    // A fill that began before an invalidation leaves nothing behind.
                    var leases: [Lease] = []
                    for name in Self.names { leases.append(try await space.take("late:\(name)", tags: ["a"])) }
                    try await other.space.invalidate(["a"], .dead)
                    for lease in leases { try await #expect(space.commit(lease) == false) }
                    for name in Self.names {
                        try await #expect(other.value("late:\(name)") == nil)
                        try await #expect(other.value(name) == nil)
                    }
                }
            }
        }
    }

    @Test(arguments: Spread.allCases)
    func waiterIsWokenByThePushOfTheServerThatHasTheLease(_ spread: Spread) async throws {
        try await withSpreadRedis(spread) { redis in
            try await redis.withSpace { space in
                try await redis.withSpace { other in
                    for name in Self.names[..<12] {
                        let lease = try await space.take(name)
                        let signal = try #require(try await other.space.listen(for: TagSpace.key(name)))
                        let start = ContinuousClock.now
                        async let waiting: Void = signal.wait(atMost: Self.long)
                        try await #expect(space.commit(lease))
                        try await waiting
                        #expect(start.duration(to: .now) < .seconds(20), "\(name)")
                        try await #expect(other.value(name) == 7)
                        signal.cancel()
                    }
                }
            }
        }
    }

    @Test(arguments: Spread.allCases)
    func nearCacheHearsTheChangesOfAllServers(_ spread: Spread) async throws {
        try await withSpreadRedis(spread) { redis in
            let reader = try NearCacheTests.Process(redis.configuration)
            let writer = try NearCacheTests.Process(redis.configuration)
            #expect(try await reader.listens())
            for name in Self.names[..<12] {
                let key = CacheKey<Int>(name)
                try await writer.cache.set(key, to: 1)
                #expect(try await reader.keeps(key), "\(name)")
                try await writer.cache.set(key, to: 2)
                #expect(try await eventually { try await reader.cache.get(key) == 2 }, "\(name)")
            }
            for process in [reader, writer] {
                await process.store.shutdown()
                await process.client.shutdown()
            }
        }
    }
}
