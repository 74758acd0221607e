import HTTPTypes
import LarderTesting
import Testing

@testable import Bookshop

@Suite struct RedisShopTests {
    @Test func whatIsFetchedIsInRedisUnderReadableKeys() async throws {
        try await withRedisServer { server in
            try await TestShop.open(redisURL: Self.url(of: server)) { shop in
                for uri in ["/api/books/42", "/api/books/99999", "/api/shelves", "/api/search?q=austen"] {
                    #expect(try await shop.get(uri).cacheStatus == "Larder; fwd=miss; stored")
                    let reads = shop.catalogue.reads
                    #expect(try await shop.get(uri).isHit)
                    #expect(shop.catalogue.reads == reads)
                }
                for key in ["bookshop:1:book:42", "bookshop:1:shelves", "bookshop:1:search::austen"] {
                    #expect(try await server.command("EXISTS", key) == ":1\r\n")
                }
                let statistics = try await shop.get("/api/stats").decode(StatisticsAnswer.self)
                #expect(statistics.store == "redis" && statistics.entries == 4)
                #expect(statistics.hits == 4 && statistics.misses == 4 && statistics.unavailable == 0)
            }
        }
    }

    @Test func afterAPutNothingShowsTheOldTitle() async throws {
        try await withRedisServer { server in
            try await TestShop.open(redisURL: Self.url(of: server)) { shop in
                let old = "<a href=\"/books/345\">Dracula</a>"
                let ways = ["/shelves/horror", "/books?shelf=horror", "/search?q=stoker", "/search?q=dracula"]
                for way in ways { #expect(try await shop.get(way).text.contains(old)) }
                let answer = try await shop.send(.put, "/api/books/345", body: #"{"title": "The Count"}"#)
                #expect(answer.status == 200)
                for way in ways { #expect(try await shop.get(way).text.contains(old) == false) }
                #expect(try await shop.get("/books/345").text.contains("<h1>The Count</h1>"))
            }
        }
    }

    /// Each shop has a process's worth of its own: caches, client, flights.
    @Test func shopsOnOneRedisShareWhatTheyFetched() async throws {
        try await withRedisServer { server in
            try await TestShop.open(redisURL: Self.url(of: server)) { first in
                _ = try await first.get("/api/books/42")
                _ = try await first.get("/api/shelves/horror/top")
                try await TestShop.open(redisURL: Self.url(of: server)) { second in
                    #expect(try await second.get("/api/books/42").isHit)
                    #expect(try await second.get("/api/shelves/horror/top").isHit)
                    #expect(second.catalogue.reads == 0)
                    let answer = try await second.send(.put, "/api/books/42", body: #"{"title": "New"}"#)
                    #expect(answer.status == 200)
                }
                // What the other has changed, this one hears of a moment later.
                #expect(try await eventually { try await first.get("/api/books/42").isHit == false })
                #expect(try await eventually { try await first.get("/api/shelves/horror/top").isHit == false })
            }
        }
    }

    @Test func shopStaysOpenWhileRedisIsDead() async throws {
        try await withRedisServer { server in
            try await TestShop.open(redisURL: Self.url(of: server)) { shop in
                let uris = ["/", "/shelves/horror", "/books/42", "/search?q=austen", "/api/books/42", "/api/shelves"]
                for uri in uris { #expect(try await shop.get(uri).status == 200) }

                await server.kill()
                // Copies in this process answer until it has noticed, which half a second is enough for.
                let unavailable = "Larder; fwd=miss; detail=unavailable"
                #expect(try await eventually { try await shop.get(uris[0]).cacheStatus == unavailable })
                for uri in uris {
                    let answer = try await shop.get(uri)
                    #expect(answer.status == 200)
                    #expect(answer.cacheStatus == unavailable)
                }
                #expect(try await shop.get("/api/books/99999").status == 404)
                let statistics = try await shop.get("/api/stats").decode(StatisticsAnswer.self)
                #expect(statistics.unavailable >= uris.count)
                #expect(statistics.entries == nil)
                #expect(try await shop.get("/stats").text.contains("unknown"))

                // Saved, but nobody can be sure that no list shows the old title: not a success.
                let change = try await shop.send(.put, "/api/books/42", body: #"{"title": "New"}"#)
                #expect(change.status == 503)
                #expect(try change.errorMessage().contains("saved"))
                let invalidation = try await shop.send(.post, "/api/cache/invalidate", body: #"{"all": true}"#)
                #expect(invalidation.status == 503)

                try await server.restart()
                #expect(try await eventually { try await shop.get("/api/books/42").isHit })
                #expect(try await shop.get("/api/books/42").decode(BookAnswer.self).title == "New")
            }
        }
    }

    /// The server's URL, with more patience than visitors have: tests run on busy machines.
    private static func url(of server: RedisServer) -> String { server.url + "?socket_timeout=10" }
}
