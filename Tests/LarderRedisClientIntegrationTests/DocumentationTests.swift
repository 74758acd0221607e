import LarderRedisClient
import LarderTesting
import Testing

/// The examples of the articles `Connections` and `Commands`, with what they are said to do.
@Suite(.timeLimit(.minutes(2))) struct DocumentationTests {
    private func withExample(_ body: (RedisClient) async throws -> Void) async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration, body)
        }
    }

    @Test func connections() async throws {
        try await self.withExample { redis in
            try await redis.lpush("jobs", ["a"])
            let job = try await redis.withConnection { connection in
                try await connection.blpop(["jobs"], timeout: .seconds(30), as: String.self)
            }
            #expect(job?.value == "a")

            let title = try await redis.timeout(.seconds(20)).get("title", as: String.self)
            #expect(title == nil)

            _ = try await redis.send(RedisCommand("SET", "heartbeat", "1").repeatable())
        }
    }

    @Test func calls() async throws {
        try await self.withExample { redis in
            try await redis.set("visits", 41)
            let visits = try await redis.incr("visits")
            #expect(visits == 42)
            try await redis.set("title", "Emma")
            do {
                _ = try await redis.lpush("title", ["a"])
                Issue.record("a title is no list")
            } catch let error as RedisError where error.code == .server("WRONGTYPE") {
                // As it should be.
            }
            let encoding = try await redis.send(RedisCommand("OBJECT", "ENCODING", "title"), as: String.self)
            #expect(encoding == "embstr")
        }
    }

    @Test func severalAtOnce() async throws {
        try await self.withExample { redis in
            let (name, count) = try await redis.pipeline(.get("name", as: String.self), .incr("count"))
            #expect(name == nil)
            #expect(count == 1)
            let results = try await redis.pipeline((0..<100).map { .get("book:\($0)", as: String.self) })
            #expect(results.count == 100)
            try await redis.set("stock", 2)
            let (stock, sold) = try await redis.transaction(.decr("stock"), .incr("sold"))
            #expect(stock == 1)
            #expect(sold == 1)
            let result = try await redis.withTransaction(watching: ["stock"], attempts: 10) { connection in
                let stock = try await connection.get("stock", as: Int.self) ?? 0
                return stock > 0 ? RedisBatch(.set("stock", stock - 1), .incr("sold")) : nil
            }
            #expect(result.responses?.1 == 2)
        }
    }

    @Test func scriptsAndScans() async throws {
        try await self.withExample { redis in
            let takeIfEqual = RedisScript(
                """
                if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
                return 0
                """
            )
            try await redis.set("lock", "token")
            let taken = try await takeIfEqual.run(keys: ["lock"], arguments: ["token"], on: redis, as: Bool.self)
            #expect(taken)
            for index in 0..<50 { try await redis.set("shop:\(index)", index) }
            for try await page in redis.scan(matching: RedisGlob.escape("shop") + ":*").pages {
                _ = try await redis.unlink(page)
            }
            try await #expect(redis.dbSize() == 0)
        }
    }
}
