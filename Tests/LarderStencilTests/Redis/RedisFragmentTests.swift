import Larder
import LarderRedis
import LarderRedisClient
import LarderStencil
import LarderTesting
import Stencil
import Testing

/// Fragments in a real Redis.
@Suite(.timeLimit(.minutes(10))) struct RedisFragmentTests {
    /// Fifty fragments, each a loop over a hundred rows through two filters.
    private static let template = """
        {% for shelf in shelves %}{% cache 300 shelf shelf tags="shelves" %}\
        {% for book in books %}<li>{{ book.title|uppercase|default:"none" }}</li>{% endfor %}\
        {% endcache %}{% endfor %}
        """

    private static func context(_ database: Tally) -> [String: any Sendable] {
        [
            "shelves": Array(1...50),
            "books": LazyValue {
                database.add("books")
                return (1...100).map { Book(id: $0, title: "Book number \($0)") }
            },
        ]
    }

    private func withCache(_ body: (RedisServer, RedisClient) async throws -> Void) async throws {
        try await withRedisServer { server in
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            configuration.commandTimeout = .seconds(60)
            let client = try RedisClient(configuration)
            do {
                try await body(server, client)
                await client.shutdown()
            } catch {
                await client.shutdown()
                throw error
            }
        }
    }

    /// How often the server was asked for something, by the command.
    private func requests(_ server: RedisServer) async throws -> [String: Int] {
        let reply = try await server.command("INFO", "commandstats")
        var counts: [String: Int] = [:]
        for line in reply.split(whereSeparator: \.isNewline) {
            guard line.hasPrefix("cmdstat_"), let colon = line.firstIndex(of: ":") else { continue }
            let name = String(line[..<colon].dropFirst("cmdstat_".count))
            let calls = line[line.index(after: colon)...].split(separator: ",").first?.dropFirst("calls=".count)
            // What this test asks by itself, and what connections say to stay alive.
            guard !["info", "quit", "ping"].contains(name), let calls, let count = Int(calls) else { continue }
            counts[name] = count
        }
        return counts
    }

    @Test func fiftyCachedFragmentsCostTwoRoundTripsAtMost() async throws {
        try await self.withCache { server, client in
            let database = Tally()
            let kitchen = Kitchen(cache: Cache(.redis(client), namespace: "pages"))
            let first = try await kitchen.serve(Self.template, Self.context(database))
            #expect(first.contains("<li>BOOK NUMBER 100</li>"))
            // Another process, whose client knows nothing of these entries and their tags. Its connection is open, and the server
            // knows its scripts, by an entry of its own.
            let other = try RedisClient(RedisConfiguration(host: server.host, port: server.port))
            try await Cache(.redis(client), namespace: "pages").set(CacheKey<String>("warm"), to: "", tags: ["warm"])
            let cache = Cache(.redis(other), namespace: "pages")
            _ = try await cache.get(CacheKey<String>("warm"))
            let reader = Kitchen(cache: cache)
            for round in 0..<3 {
                let before = try await self.requests(server)
                let again = try await reader.serve(Self.template, Self.context(database))
                let after = try await self.requests(server)
                #expect(again == first)
                let asked = after.merging(before) { $0 - $1 }.filter { $0.value > 0 }
                if round == 0 {
                    // The entries, and a script that looks at their tags; the other commands are the script's own.
                    let requests = (asked["mget"] ?? 0) + (asked["evalsha"] ?? 0)
                    #expect((1...2).contains(requests), "\(asked)")
                    #expect(
                        Set(asked.keys).subtracting(["mget", "evalsha"]).isSubset(of: ["get", "getrange", "pttl"])
                    )
                } else {
                    #expect(asked == ["mget": 1])
                }
            }
            // One read for each fragment that was made.
            #expect(database["books"] == 50)
            await other.shutdown()
        }
    }

    /// A debug build's figures; `larder-bench fragments` has those of a release build.
    @Test func cachedFragmentsAreFasterThanRenderingThem() async throws {
        try await self.withCache { _, client in
            let cached = Kitchen(cache: Cache(.redis(client), namespace: "pages"))
            let context: [String: any Sendable] = [
                "shelves": Array(1...50), "books": (1...100).map { Book(id: $0, title: "Book number \($0)") },
            ]
            let expected = try await cached.serve(Self.template, context)
            var (hits, misses) = (Duration.seconds(1_000), Duration.seconds(1_000))
            for _ in 0..<5 {
                let start = ContinuousClock.now
                let found = try await cached.serve(Self.template, context)
                let middle = ContinuousClock.now
                let plain = try await self.renderedWithoutTags(cached, context)
                misses = min(misses, middle.duration(to: .now))
                hits = min(hits, start.duration(to: middle))
                #expect(found == expected && plain == expected)
            }
            #expect(misses / hits >= 5, "cached \(hits), rendered \(misses)")
        }
    }

    /// The same page without its cache tags.
    private func renderedWithoutTags(_ kitchen: Kitchen, _ context: [String: any Sendable]) async throws -> String {
        let template = Self.template
            .replacing(#"{% cache 300 shelf shelf tags="shelves" %}"#, with: "")
            .replacing("{% endcache %}", with: "")
        return try await kitchen.serve(template, context)
    }

    @Test func fragmentsAreMadeOnceInTheFleet() async throws {
        try await self.withCache { server, client in
            let made = Tally()
            let kitchens = try (0..<3).map { _ in
                let client = try RedisClient(RedisConfiguration(host: server.host, port: server.port))
                return (client, Kitchen(cache: Cache(.redis(client), namespace: "pages")))
            }
            let template =
                "{% for i in 1...10 %}{% cache 300 x i %}{{ x }}{% cache 300 inner i %}i{% endcache %}{% endcache %}{% endfor %}"
            let context: [String: any Sendable] = [
                "x": LazyValue {
                    made.add("x")
                    try await Task.sleep(for: .milliseconds(50))
                    return "x"
                }
            ]
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for (_, kitchen) in kitchens {
                    for _ in 0..<10 { group.addTask { try await kitchen.serve(template, context) } }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts == [String(repeating: "xi", count: 10)])
            #expect(made["x"] == 10)
            for (client, _) in kitchens { await client.shutdown() }
        }
    }

    @Test func invalidationElsewhereKeepsAnOldFragmentOut() async throws {
        try await self.withCache { server, client in
            let elsewhere = try RedisClient(RedisConfiguration(host: server.host, port: server.port))
            let other = Cache(.redis(elsewhere), namespace: "pages")
            let cache = Cache(.redis(client), namespace: "pages")
            let (kitchen, database) = (Kitchen(cache: cache), Database())
            let context: [String: any Sendable] = [
                "book": LazyValue {
                    try await cache.depends(on: "book:1")
                    let title = database.title(of: 1)
                    if database.asked["title 1"] == 1 {
                        database.rename(1, "Emma II")
                        try await other.invalidate(tags: ["book:1"])
                    }
                    return title
                }
            ]
            let template = "{% cache 300 a %}{{ book }}{% endcache %}"
            #expect(try await kitchen.serve(template, context) == "Emma")
            #expect(try await other.get(.fragment("a")) == nil)
            for _ in 0..<2 { #expect(try await kitchen.serve(template, context) == "Emma II") }
            #expect(database.asked["title 1"] == 2)
            await elsewhere.shutdown()
        }
    }

    @Test func pageIsShownWhileRedisIsDown() async throws {
        try await self.withCache { server, _ in
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            configuration.commandTimeout = .seconds(1)
            let client = try RedisClient(configuration)
            let kitchen = Kitchen(cache: Cache(.redis(client), namespace: "pages"))
            let template = "{% cache 300 a %}{{ \"a\"|made }}{% endcache %}"
            for _ in 0..<2 { #expect(try await kitchen.serve(template) == "a") }
            #expect(kitchen.made["a"] == 1)
            // A server that answers nothing costs its timeouts, and after a few of them nothing.
            server.pause()
            let start = ContinuousClock.now
            let nested =
                "{% cache 300 b %}{% cache 300 c %}c{% endcache %}{% endcache %}{% cache 300 d %}d{% endcache %}"
            #expect(try await kitchen.serve(nested) == "cd")
            #expect(start.duration(to: .now) < .seconds(20))
            server.resume()
            await server.kill()
            let before = kitchen.made["a"]
            for _ in 0..<3 { #expect(try await kitchen.serve(template) == "a") }
            #expect(kitchen.made["a"] == before + 3)
            await client.shutdown()
        }
    }
}
