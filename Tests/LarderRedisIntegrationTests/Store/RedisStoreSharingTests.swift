import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// Several clients on one server, and servers that go away.
@Suite(.timeLimit(.minutes(2))) struct RedisStoreSharingTests {
    @Test(arguments: Manner.allCases)
    func invalidationsOfOneClientReachFillsOfAnother(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let second = try RedisClient(url: redis.server.url)
            let cache = redis.cache()
            let other = redis.with(second).cache()
            let key = CacheKey<Int>("k")
            let invalidations: [@Sendable () async throws -> Void] = [
                { try await other.remove(key) },
                { try await other.clear() },
                { try await other.removeAll(matching: "k") },
                {
                    try await other.set(key, to: 5)
                    try await other.remove(key)
                },
                {
                    try await other.increment(key, initial: 5)
                    try await other.remove(key)
                },
            ]
            for (index, invalidate) in invalidations.enumerated() {
                try await cache.remove(key)
                let fetched = try await cache.fetchReportingOutcome(key) { _ in
                    try await invalidate()
                    return 1
                }
                #expect(fetched.value == 1)
                try await #expect(cache.get(key) == nil, "invalidation \(index)")
                try await #expect(other.get(key) == nil, "invalidation \(index)")
                let filled = try await other.fetch(key) { 2 }
                #expect(filled == 2)
                try await #expect(cache.get(key) == 2)
            }
            await second.shutdown()
        }
    }

    @Test(arguments: Manner.allCases)
    func twoClientsThatFetchOneKeyStoreItOnce(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let second = try RedisClient(url: redis.server.url)
            let other = redis.with(second).cache()
            // The other process does not wait for our fill: it fills for itself and stores nothing.
            let policy = try FetchPolicy(scope: .process)
            let fetched = try await redis.cache().fetchReportingOutcome("k") { _ in
                let inner = try await other.fetchReportingOutcome("k", policy: policy) { _ in 2 }
                guard case .filled(let info) = inner.outcome else {
                    Issue.record("\(inner.outcome)")
                    return 1
                }
                #expect(!info.isStored)
                return 1
            }
            #expect(fetched.value == 1)
            try await #expect(other.get(CacheKey<Int>("k")) == 1)
            await second.shutdown()
        }
    }

    @Test func fetchSurvivesAServerThatIsKilledUnderItAndOneThatComesBack() async throws {
        try await withRedisServer { server in
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            configuration.commandTimeout = .seconds(20)
            let client = try RedisClient(configuration)
            let cache = Cache(.redis(client), namespace: "ns")
            let key = CacheKey<Int>("k")
            let value = try await cache.fetch(key) {
                await server.kill()
                return 1
            }
            #expect(value == 1)
            #expect(cache.counters.unavailable == 1)
            let again = try await cache.fetchReportingOutcome(key) { _ in 2 }
            #expect(again.value == 2)
            guard case .filled(let info) = again.outcome else {
                Issue.record("\(again.outcome)")
                return
            }
            #expect(info.storeWasUnavailable)
            #expect(!info.isStored)
            #expect(cache.counters.unavailable == 2)
            let error = await #expect(throws: CacheError.self) { try await cache.set(key, to: 3) }
            #expect(error?.code == .unavailable)
            try await server.restart()
            // The client connects again by itself, after its pause.
            let deadline = ContinuousClock.now.advanced(by: .seconds(60))
            while try await cache.get(key, onFailure: .missing) == nil, ContinuousClock.now < deadline {
                _ = try await cache.fetch(key) { 4 }
            }
            try await #expect(cache.get(key, onFailure: .throwing) == 4)
            await client.shutdown()
        }
    }

    @Test func serverThatHangsCostsAFetchOneTimeoutAndItsValueArrives() async throws {
        try await withRedisServer { server in
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            configuration.commandTimeout = .seconds(2)
            let client = try RedisClient(configuration)
            let cache = Cache(.redis(client), namespace: "ns")
            try await cache.set(CacheKey<Int>("k"), to: 1)
            server.pause()
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await cache.fetch("k") { 2 }
                    }
                }
                for try await value in group { #expect(value == 2) }
            }
            #expect(ContinuousClock.now - start < .seconds(30))
            #expect(cache.counters.unavailable == 50)
            server.resume()
            await client.shutdown()
        }
    }
}
