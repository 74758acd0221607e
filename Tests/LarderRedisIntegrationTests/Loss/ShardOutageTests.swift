import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// What a cache does while one of three servers is lost that share its keys.
@Suite(.timeLimit(.minutes(2))) struct ShardOutageTests {
    /// A cache on three shards, and what lies where.
    private struct Shards {
        let cache: Cache
        let client: RedisClient
        let servers: [RedisServer]
        /// The server of the namespace's generations.
        let home: Int
        /// The keys of each server.
        let keys: [[CacheKey<Int>]]

        /// The error of a read.
        func failure(of key: CacheKey<Int>) async throws -> CacheError? {
            do {
                _ = try await self.cache.get(key)
                return nil
            } catch let error as CacheError {
                return error
            }
        }

        /// Reads until the breaker has opened for a key.
        func opens(for key: CacheKey<Int>) async throws -> Bool {
            try await eventually { try await Self.isTurnedAway(self.failure(of: key)) }
        }

        static func isTurnedAway(_ error: CacheError?) -> Bool {
            error?.code == .unavailable && error?.message.contains("circuit breaker is open") == true
        }
    }

    private func withShards(_ body: (Shards) async throws -> Void) async throws {
        try await withSpreadRedis(.shards) { redis in
            var configuration = redis.configuration
            configuration.commandTimeout = .milliseconds(500)
            configuration.reconnect = .init(base: .milliseconds(2), maximum: .milliseconds(20))
            let client = try RedisClient(configuration)
            let cache = Cache(.redis(client), namespace: "ns", defaults: .init(failurePolicy: .throwing))
            func owner(of name: String) async throws -> Int {
                for (index, server) in redis.servers.enumerated() {
                    if try await server.command("EXISTS", name) == ":1\r\n" { return index }
                }
                Issue.record("\(name) lies nowhere")
                return 0
            }
            var keys: [[CacheKey<Int>]] = redis.servers.map { _ in [] }
            for name in SpreadRedisTests.names {
                // The first reply of a server can take long while other tests compute.
                #expect(try await eventually { (try? await cache.set(CacheKey(name), to: 1)) != nil })
                let index = try await owner(of: "ns:1:\(name)")
                keys[index].append(CacheKey(name))
            }
            let home = try await owner(of: "{@ns}:stamp")
            try await body(Shards(cache: cache, client: client, servers: redis.servers, home: home, keys: keys))
            await cache.shutdown()
            await client.shutdown()
        }
    }

    @Test func lostShardCostsOnlyTheCallsThatNeedIt() async throws {
        try await self.withShards { shards in
            let lost = (shards.home + 1) % 3
            let key = try #require(shards.keys[lost].first)
            let others = shards.keys[(shards.home + 2) % 3] + shards.keys[shards.home]
            await shards.servers[lost].kill()
            #expect(try await shards.opens(for: key))
            // Whoever needs the others goes on, however often the lost one's keys are asked for.
            for other in others {
                #expect(try await eventually { try await shards.failure(of: other) == nil }, "\(other.name)")
                #expect(try await Shards.isTurnedAway(shards.failure(of: key)))
            }
            #expect(shards.cache.circuit == .closed)
            let many = await #expect(throws: CacheError.self) { _ = try await shards.cache.getMany([others[0], key]) }
            #expect(Shards.isTurnedAway(many))
            try await shards.cache.invalidate(tags: ["t"])
            try await shards.servers[lost].restart()
            #expect(try await eventually { try await shards.failure(of: key) == nil })
            try await shards.cache.set(key, to: 2)
            try await #expect(shards.cache.get(key) == 2)
        }
    }

    @Test func removingByAPatternFailsAtOnceWhileAnyShardIsKnownToBeLost() async throws {
        try await self.withShards { shards in
            for lost in [shards.home, (shards.home + 1) % 3] {
                await shards.servers[lost].kill()
                let key = try #require(shards.keys[lost].first)
                #expect(try await shards.opens(for: key))
                let error = await #expect(throws: CacheError.self) {
                    _ = try await shards.cache.removeAll(matching: "k*")
                }
                #expect(Shards.isTurnedAway(error))
                #expect(shards.cache.circuit == .closed)
                try await shards.servers[lost].restart()
                #expect(try await eventually { (try? await shards.cache.removeAll(matching: "k*")) != nil })
            }
        }
    }

    @Test func partIsProbedByItself() async throws {
        try await self.withShards { shards in
            let space = RedisStore(shards.client).open("ns")
            let parts = try (0..<3).map { index in
                let key = try #require(shards.keys[index].first)
                let needed = space.failureDomains(of: [StoreKey(version: 1, name: key.name)])
                return try #require(needed.first { $0.name.hasSuffix(":\(shards.servers[index].port)") })
            }
            // The home is not asked, nor is anybody else.
            await shards.servers[shards.home].kill()
            let lost = (shards.home + 1) % 3
            await shards.servers[lost].kill()
            #expect(try await space.probe(parts[(shards.home + 2) % 3]))
            for index in [shards.home, lost] {
                let error = await #expect(throws: CacheError.self) { _ = try await space.probe(parts[index]) }
                #expect(error?.code == .unavailable)
                let part = error.flatMap { space.failureDomain(of: $0) }
                #expect(part == parts[index])
            }
            // Who has no keys is needed by nobody.
            #expect(try await space.probe(FailureDomain("10.0.0.1:1")))
        }
    }

    @Test func everyKeyNeedsTheShardOfTheGenerations() async throws {
        try await self.withShards { shards in
            await shards.servers[shards.home].kill()
            let key = try #require(shards.keys[(shards.home + 1) % 3].first)
            let other = try #require(shards.keys[(shards.home + 2) % 3].first)
            #expect(try await shards.opens(for: key))
            #expect(try await Shards.isTurnedAway(shards.failure(of: other)))
            try await shards.servers[shards.home].restart()
            #expect(try await eventually { try await shards.failure(of: key) == nil })
            #expect(try await eventually { try await shards.failure(of: other) == nil })
        }
    }
}
