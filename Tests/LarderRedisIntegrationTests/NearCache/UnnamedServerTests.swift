import Larder
import LarderRedisClient
import LarderTesting
import Testing

/// Near caches of a user who may not ask servers who they are.
@Suite(.timeLimit(.minutes(2))) struct UnnamedServerTests {
    private static let key: CacheKey<Int> = "k"

    @Test func memoryIsEmptiedWhereAServerThatDoesNotSayWhoItIsMayHaveTakenThePlaceOfAnother() async throws {
        try await withRedis { old in
            try await withRedis { new in
                for server in [old.server, new.server] {
                    try await server.command("ACL", "SETUSER", "quiet", "on", ">x", "~*", "&*", "+@all", "-info")
                }
                try await withTrackingProxy(to: old.server.port) { proxy in
                    var configuration = RedisConfiguration(port: proxy.port)
                    configuration.username = "quiet"
                    configuration.password = "x"
                    configuration.reconnect = .init(base: .milliseconds(2), maximum: .milliseconds(20))
                    let process = try NearCacheTests.Process(configuration)
                    #expect(try await process.listens())
                    try await process.cache.set(Self.key, to: 1)
                    #expect(try await process.keeps(Self.key))
                    try await new.cache("shop").set(Self.key, to: 2)
                    // The old one lives, and goes on to say that nothing has changed.
                    proxy.lead(to: new.server.port)
                    let isSeen = try await eventually {
                        // Which takes a connection; a copy does not.
                        _ = try await process.cache.get(CacheKey<Int>("nobody's"), onFailure: .missing)
                        return try await process.cache.get(Self.key, onFailure: .missing) == 2
                    }
                    #expect(isSeen)
                    // And copies are kept again, of what the new one has.
                    #expect(try await process.keeps(Self.key))
                    try await new.cache("shop").set(Self.key, to: 3)
                    #expect(try await eventually { try await process.cache.get(Self.key) == 3 })
                    await process.client.shutdown()
                }
            }
        }
    }
}
