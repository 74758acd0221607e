import HTTPTypes
import Larder
import LarderTesting
import Testing

@testable import Bookshop

/// The shop on each way of running Redis, and what its statistics say of it.
@Suite(.timeLimit(.minutes(3))) struct ShopTopologyTests {
    @Test func inMemoryThereIsNothingToSayOfServers() async throws {
        try await TestShop.open { shop in
            let statistics = try await shop.statistics()
            #expect(statistics.caches.values.allSatisfy { $0.store == "memory" && $0.nearCache == nil })
            #expect(statistics.topology == nil)
            let page = try await shop.get("/stats").text
            #expect(!page.contains("Near cache") && !page.contains("Redis servers"))
        }
    }

    @Test func nearCacheAnswersUntilAnotherProcessWrites() async throws {
        try await withRedisServer { server in
            let url = server.url + "?socket_timeout=10"
            try await TestShop.open(redisURL: url) { shop in
                #expect(try await eventually { try await Self.hitsNearCache(shop) })
                let before = try await shop.statistics()
                let topology = try #require(before.topology)
                #expect(topology.kind == "standalone" && topology.primaryName == nil)
                #expect(topology.addresses("primary") == ["127.0.0.1:\(server.port)"])
                #expect(topology.nodes.map(\.isConnected) == [true])
                let near = try #require(try before.books.nearCache)
                #expect(near.isCovered && near.trouble == nil)
                #expect(near.hits > 0 && near.hitRatio > 0 && near.hitRatio <= 1)
                #expect((1...near.limit).contains(near.entries) && near.limit == 10_000)

                // A process with a client of its own, which keeps nothing.
                try await TestShop.open(redisURL: url, nearCache: 0) { other in
                    #expect(try await other.isSettled())
                    #expect(try await eventually { try await shop.get("/api/books/42").isHit })
                    let tags = #"{"tags": ["catalogue/book#42"]}"#
                    #expect(try await other.send(.post, "/api/cache/invalidate", body: tags).status == 200)
                    #expect(
                        try await eventually { try await Self.nearCache(shop)?.invalidations ?? 0 > near.invalidations }
                    )
                    let statistics = try await other.statistics()
                    #expect(statistics.topology?.kind == "standalone")
                    #expect(statistics.caches.values.allSatisfy { $0.nearCache == nil })
                    #expect(try await !other.get("/stats").text.contains("Near cache"))
                }
                // What it changes itself it hears of as well, and that is timed.
                #expect(try await shop.send(.put, "/api/books/42", body: #"{"title": "Mine"}"#).status == 200)
                _ = try await shop.get("/api/books/42")
                #expect(try await eventually { try await Self.nearCache(shop)?.pushLatency != nil })
                let after = try #require(try await Self.nearCache(shop))
                #expect(after.invalidations > near.invalidations)
                let latency = try #require(after.pushLatency)
                #expect(latency.last > 0 && latency.median > 0 && latency.median <= latency.percentile99)
                #expect(latency.percentile99 < 30)

                // The server has lost everything, so this process drops everything.
                _ = try await server.command("FLUSHALL")
                #expect(try await eventually { try await Self.nearCache(shop)?.lastEmptied == "flushed" })
                let page = try await shop.get("/stats").text
                for text in [
                    "<h3>Near cache</h3>", "<th scope=\"row\">Covered</th>",
                    "all copies were dropped at once; the last time: flushed", "of 10,000",
                    "<th scope=\"row\">99 %</th>", "<th scope=\"row\">127.0.0.1:\(server.port)</th><td>primary</td>",
                    "One server. The shop",
                ] {
                    #expect(page.contains(text), "\(text)")
                }
            }
        }
    }

    @Test func shopOnSentinelsFollowsTheNewPrimary() async throws {
        try await withRedisSentinels(sentinels: 3, replicas: 1) { deployment in
            try await TestShop.open(redisURL: deployment.url + "?socket_timeout=1") { shop in
                #expect(try await eventually { try await Self.hitsNearCache(shop) })
                let statistics = try await shop.statistics()
                let before = try #require(statistics.topology)
                #expect(before.kind == "sentinel" && before.primaryName == "mymaster")
                let old = try await Self.address(deployment.primary())
                #expect(before.addresses("primary") == [old])
                #expect(before.addresses("sentinel").count == 3)

                let killed = try await deployment.killPrimary()
                #expect(
                    try await eventually {
                        try await Self.expectPages(shop)
                        let primaries = try await shop.statistics().topology?.addresses("primary")
                        return primaries?.isEmpty == false && primaries != [old]
                    }
                )
                let new = try await Self.address(deployment.awaitFailover(from: killed).primary)
                #expect(try await shop.statistics().topology?.addresses("primary") == [new])
                try await Self.expectNearCacheRecovers(shop, since: statistics.books.nearCache)
                try await Self.expectCounts(shop)
                let page = try await shop.get("/stats").text
                #expect(page.contains("<th scope=\"row\">\(new)</th><td>primary</td>"))
                #expect(page.contains("under the name <code>mymaster</code>"))
            }
        }
    }

    @Test func shopOnAClusterOutlivesAPrimary() async throws {
        try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
            try await TestShop.open(redisURL: cluster.url + "?socket_timeout=1") { shop in
                #expect(try await eventually { try await Self.hitsNearCache(shop) })
                try await Self.expectPages(shop)
                let statistics = try await shop.statistics()
                let before = try #require(statistics.topology)
                #expect(before.kind == "cluster")
                #expect(before.addresses("primary").count == 3 && before.addresses("replica").count == 3)
                #expect(before.nodes.compactMap(\.slots).reduce(0, +) == 16_384)

                let shard = try await cluster.shard(owning: cluster.slot(of: "bookshop:books:1:\(CachedKey.book(42))"))
                let killed = try await cluster.killPrimary(of: shard)
                let old = Self.address(killed)
                #expect(
                    try await eventually {
                        try await Self.expectPages(shop)
                        let topology = try await shop.statistics().topology
                        return topology?.nodes.contains { $0.address == old && $0.slots ?? 0 > 0 } == false
                    }
                )
                let new = try await Self.address(cluster.awaitNewPrimary(of: shard, not: killed).primary)
                #expect(
                    try await eventually {
                        let topology = try await shop.statistics().topology
                        return topology?.addresses("primary").contains(new) == true
                            && topology?.nodes.compactMap(\.slots).reduce(0, +) == 16_384
                    }
                )
                try await Self.expectNearCacheRecovers(shop, since: statistics.books.nearCache)
                try await Self.expectCounts(shop)
                let page = try await shop.get("/stats").text
                #expect(page.contains("<th scope=\"row\">\(new)</th><td>primary</td>"))
                #expect(page.contains("A Redis Cluster.") && page.contains("scope=\"col\">Slots</th>"))
            }
        }
    }

    @Test func shopOnShardsOutlivesOneOfThem() async throws {
        try await withRedisServer { one in
            try await withRedisServer { two in
                try await withRedisServer { three in
                    let servers = [one, two, three]
                    let addresses = servers.map(Self.address)
                    let url = "redis+shards://" + addresses.joined(separator: ",") + "?socket_timeout=1"
                    try await TestShop.open(redisURL: url) { shop in
                        #expect(try await eventually { try await Self.hitsNearCache(shop) })
                        try await Self.expectPages(shop)
                        let statistics = try await shop.statistics()
                        let topology = try #require(statistics.topology)
                        #expect(topology.kind == "sharded" && topology.primaryName == nil)
                        #expect(topology.addresses("primary") == addresses)
                        #expect(try await shop.get("/stats").text.contains("Independent servers that share the keys."))

                        let name = "bookshop:books:1:\(CachedKey.book(42))"
                        var owner: RedisServer?
                        for server in servers {
                            if try await server.command("EXISTS", name) == ":1\r\n" { owner = server }
                        }
                        let lost = try #require(owner, "one of them has the book")
                        await lost.kill()
                        for _ in 0..<3 { try await Self.expectPages(shop) }
                        #expect(try await eventually { try await Self.nearCache(shop)?.isCovered == false })
                        try await lost.restart()
                        try await Self.expectNearCacheRecovers(shop, since: statistics.books.nearCache)
                    }
                }
            }
        }
    }

    // MARK: Looking

    /// The near cache of the books.
    private static func nearCache(_ shop: TestShop) async throws -> NearCacheAnswer? {
        try await shop.statistics().books.nearCache
    }

    private static func address(_ server: RedisServer) -> String { "\(server.host):\(server.port)" }

    /// Reads a book, and says whether a copy in this process was all that it took.
    private static func hitsNearCache(_ shop: TestShop) async throws -> Bool {
        let before = try await Self.nearCache(shop)?.hits ?? 0
        let isHit = try await shop.get("/api/books/42").isHit
        let after = try await Self.nearCache(shop)?.hits ?? 0
        return isHit && after > before
    }

    /// Whatever happens beneath, visitors get their pages.
    private static func expectPages(_ shop: TestShop) async throws {
        for uri in ["/shelves/horror", "/books/42", "/api/search?q=austen", "/stats"] {
            #expect(try await shop.get(uri).status == 200, "\(uri)")
        }
    }

    /// The copies of what the old primary had are gone, and new ones are kept as the new one tells of changes.
    private static func expectNearCacheRecovers(_ shop: TestShop, since before: NearCacheAnswer?) async throws {
        #expect(try await eventually { try await Self.hitsNearCache(shop) })
        let near = try #require(try await Self.nearCache(shop))
        let timesEmptied = try #require(before).timesEmptied
        #expect(near.isCovered && near.timesEmptied > timesEmptied && near.lastEmptied != nil)
    }

    /// What visitors do is counted and remembered, wherever the keys lie.
    private static func expectCounts(_ shop: TestShop) async throws {
        let visitor = try await shop.visit()
        for id in 1...30 {
            #expect(
                try await eventually {
                    _ = try await shop.get("/books/\(id)", as: visitor)
                    try await shop.settle()
                    let board = try await shop.get("/api/leaderboard?limit=100&period=today")
                    guard board.status == 200 else { return false }
                    return try board.decode(LeaderboardAnswer.self).books.contains { $0.book.id == id }
                }
            )
        }
        #expect(try await shop.get("/search?q=austen", as: visitor).status == 200)
        try await shop.settle()
        let analytics = try await shop.get("/api/analytics").decode(AnalyticsAnswer.self)
        let today = try #require(analytics.days.last)
        #expect(today.bookViews >= 30 && today.visitors > 0 && today.searches > 0)
        #expect(try await shop.get("/books/1", as: visitor).text.contains("Recently viewed"))
    }
}
