import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Logging
import Testing

/// Caches whose Redis is named by a URL.
@Suite(.timeLimit(.minutes(2))) struct RedisStoreFactoryTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func cachesOfOneURLShareAServerAndItsClient() async throws {
        try await withRedisServer { server in
            let url = "redis://localhost:\(server.port)/2?near_cache=100&client_name=shop"
            let caches = try Caches(
                [
                    .init("pages", url: url), .init("sessions", url: url),
                    .init("other", url: url, options: ["timeout": "1s", "on_loss": "cold_after_loss"]),
                ],
                stores: [.redis],
                logger: Self.quiet
            )
            let running = Task { try await caches.run() }
            for name in caches.names { try await caches[name].set("k", to: name) }
            for name in caches.names {
                let value = try await caches[name].get(CacheKey<String>("k"))
                #expect(value == name)
            }
            let own = try #require(caches.store(of: "pages") as? RedisStore)
            let pong = try await #require(own.client).send(RedisCommand("PING"), as: String.self)
            #expect(pong == "PONG")
            let client = try RedisClient(url: "redis://localhost:\(server.port)/2")
            let keys = try await client.send(RedisCommand("KEYS", "*:1:k"), as: [String].self)
            #expect(keys.sorted() == ["other:1:k", "pages:1:k", "sessions:1:k"])
            let list = try await client.send(RedisCommand("CLIENT", "LIST"), as: String.self)
            let lines = list.split(separator: "\n").filter { $0.contains("name=shop") }
            // Those for commands are of the two stores; each namespace listens on one of its own for its prefix.
            let listening = lines.count { $0.contains("flags=t") }
            #expect(lines.count - listening <= 2 * RedisConfiguration().connections, "\(list)")
            #expect(listening <= caches.names.count, "\(list)")
            #expect(lines.count > listening, "\(list)")
            running.cancel()
            try? await running.value
            await client.shutdown()
            let error = await #expect(throws: CacheError.self) {
                try await caches["pages"].set("k", to: "late")
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test(
        arguments: [
            ("redis://localhost?near_cache=lots", "near_cache", "10000, or of bytes, such as 64MiB"),
            ("redis://localhost?near_cache=-1", "near_cache", "a number of entries"),
            ("redis://localhost?on_loss=cold", "on_loss", "keep or cold_after_loss"),
            ("redis://localhost?timeout=5", "timeout", "a time with units"),
            ("redis://localhost?timeout=5s&socket_timeout=5", "timeout", "one of timeout and socket_timeout"),
            ("redis://localhost?acknowledge_timeout=5s", "acknowledge_timeout", "acknowledged_by"),
            ("redis://localhost?connections=0", "connections", "a whole number from 1 to 1000"),
            ("redis://localhost/one", "the store's URL", "the number of a database"),
            ("redis+sentinel://localhost", "the store's URL", "the primary's name"),
            ("redis+cluster://localhost/1", "the store's URL", "database 0 only"),
            ("unix://host/path", "the store's URL", "three slashes"),
            ("redis://localhost?ssl_cert_reqs=none", "the store's URL", "rediss://"),
            ("redis://localhost?pool=5", "the store's URL", "one of near_cache, on_loss"),
            ("redis://me:geheim@localhost?db=one", "the store's URL", "db"),
            ("redis://me:ge/heim@localhost?on_loss=geheim", "the store's URL", "%2F"),
        ]
    )
    func wrongURLsAreRefusedInOneLine(_ url: String, _ subject: String, _ accepted: String) {
        let error = #expect(throws: CacheError.self) {
            _ = try Caches([.init("a", url: url)], stores: [.redis], logger: Self.quiet)
        }
        #expect(error?.code == .invalidConfiguration)
        let message = error?.message ?? ""
        #expect(message.contains("the cache \"a\"") && message.contains(subject), "\(message)")
        #expect(message.contains(accepted), "\(message)")
        #expect(!message.contains("geheim") && !message.contains("\n"), "\(message)")
    }

    @Test(
        arguments: [
            "redis://localhost", "rediss://localhost:6380/1", "unix:///run/redis.sock?db=2",
            "redis://a,b:1?read_preference=replica",
            "redis+sentinel://a,b/mymaster/1", "redis+cluster://a,b", "rediss+cluster://a", "redis+shards://a,b",
            "redis://me:p%40ss@localhost?near_cache=64MiB&acknowledged_by=1&acknowledge_timeout=200ms&connections=2&connect_timeout=1s",
        ]
    )
    func allTopologiesHaveURLs(_ url: String) async throws {
        let caches = try Caches([.init("a", url: url)], stores: [.redis], logger: Self.quiet)
        #expect(try caches["a"].storeKind == "redis")
        await caches.shutdown()
    }
}
