import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// A cache with a circuit breaker and a log of invalidations on a server that hangs, or is gone.
@Suite(.timeLimit(.minutes(2))) struct RedisOutageTests {
    private let key = CacheKey<Int>("k")

    private func withCache(_ body: (RedisServer, Cache) async throws -> Void) async throws {
        try await withRedisServer { server in
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            configuration.commandTimeout = .milliseconds(500)
            let client = try RedisClient(configuration)
            let defaults = CacheDefaults(invalidationPolicy: .replay())
            try await body(server, Cache(.redis(client), namespace: "ns", defaults: defaults))
            await client.shutdown()
        }
    }

    /// Calls the store until the breaker is open.
    private func open(_ cache: Cache) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while cache.circuit == .closed, ContinuousClock.now < deadline {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<5 { group.addTask { _ = try? await cache.get(self.key) } }
            }
        }
        #expect(cache.circuit != .closed)
    }

    /// Reads until the store answers; what is read on the way must not be the removed value.
    private func readUntilTheStoreAnswers(_ cache: Cache) async throws -> Duration {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(60) {
            switch try await cache.lookup(self.key) {
            case .miss: return ContinuousClock.now - start
            case .unavailable: try await Task.sleep(for: .milliseconds(5))
            case .hit(let value, _), .stale(let value, _): Issue.record("the removed value \(value) was served")
            }
        }
        Issue.record("the store did not come back")
        return .zero
    }

    @Test func serverThatHangsIsLeftAloneAndHearsWhatItMissedWhenItWakes() async throws {
        try await self.withCache { server, cache in
            try await cache.set(self.key, to: 1)
            server.pause()
            try await self.open(cache)
            let start = ContinuousClock.now
            for index in 0..<1_000 {
                try await #expect(cache.fetch(CacheKey<Int>("k\(index)")) { index } == index)
            }
            // One after the other with a timeout each, they would take 500 seconds.
            #expect(ContinuousClock.now - start < .seconds(30))
            try await cache.remove(self.key)
            #expect(cache.pendingInvalidations == 1)
            server.resume()
            let duration = try await self.readUntilTheStoreAnswers(cache)
            #expect(duration < .seconds(10))
            #expect(cache.pendingInvalidations == 0)
        }
    }

    @Test func serverThatIsKilledAndComesBackHearsWhatItMissed() async throws {
        try await self.withCache { server, cache in
            try await cache.set(self.key, to: 1)
            await server.kill()
            try await self.open(cache)
            try await cache.remove(self.key)
            try await cache.clear()
            #expect(cache.pendingInvalidations == 1)
            try await server.restart()
            _ = try await self.readUntilTheStoreAnswers(cache)
            #expect(cache.circuit == .closed)
            #expect(cache.pendingInvalidations == 0)
            try await cache.set(self.key, to: 2)
            try await #expect(cache.get(self.key) == 2)
        }
    }
}
