import Foundation
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
                    let reads = shop.reads
                    #expect(try await shop.get(uri).isHit)
                    #expect(shop.reads == reads)
                }
                for key in [
                    "bookshop:books:1:\(CachedKey.book(42))", "bookshop:books:1:\(CachedKey.shelves)",
                    "bookshop:searches:1:\(CachedKey.list(":austen", "SearchListing"))",
                ] {
                    #expect(try await server.command("EXISTS", key) == ":1\r\n", "\(key)")
                }
                let statistics = try await shop.statistics()
                #expect(statistics.caches.values.allSatisfy { $0.store == "redis" && $0.unavailable == 0 })
                #expect(statistics.caches["searches"]?.entries == 1 && statistics.caches["searches"]?.hits == 1)
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
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = folder.path("shared.sqlite")
        try await FileManager.default.copyItem(atPath: ImportedCatalogue.shared.path(), toPath: database)
        try await withRedisServer { server in
            try await TestShop.open(redisURL: Self.url(of: server), database: database) { first in
                // A shop that opens trusts nothing that it has not watched, so both are open before anything is fetched.
                try await TestShop.open(redisURL: Self.url(of: server), database: database) { second in
                    #expect(try await first.isSettled())
                    #expect(try await second.isSettled())
                    _ = try await first.get("/api/books/42")
                    _ = try await first.get("/api/shelves/horror/top")
                    #expect(try await second.get("/api/books/42").isHit)
                    #expect(try await second.get("/api/shelves/horror/top").isHit)
                    #expect(second.reads == 0)
                    let answer = try await second.send(.put, "/api/books/42", body: #"{"title": "New"}"#)
                    #expect(answer.status == 200)
                    // What the other has changed, this one hears of a moment later.
                    for uri in ["/api/books/42", "/api/books?page=3"] {
                        #expect(try await eventually { try await first.get(uri).text.contains("\"New\"") }, "\(uri)")
                    }
                }
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
                let statistics = try await shop.statistics()
                #expect(statistics.sum(\.unavailable) >= uris.count)
                #expect(statistics.caches.values.allSatisfy { $0.entries == nil })
                #expect(try await shop.get("/stats").text.contains("unknown"))

                // Saved, and read from the catalogue until Redis has heard of it.
                let change = try await shop.send(.put, "/api/books/42", body: #"{"title": "New"}"#)
                #expect(change.status == 200)
                #expect(try await shop.get("/api/books/42").decode(BookAnswer.self).title == "New")
                #expect(try await shop.statistics().books.catalogue?.untold ?? 0 > 0)
                let invalidation = try await shop.send(.post, "/api/cache/invalidate", body: #"{"all": true}"#)
                #expect(invalidation.status == 503)

                let titles = Counter()
                try await server.restart()
                #expect(
                    try await eventually {
                        let answer = try await shop.get("/api/books/42")
                        if try answer.decode(BookAnswer.self).title != "New" { titles.add() }
                        return answer.isHit
                    }
                )
                #expect(try await eventually { try await shop.statistics().books.catalogue?.untold == 0 })
                #expect(titles.value == 0, "the old title was shown again")
            }
        }
    }

    /// The server's URL, with more patience than visitors have: tests run on busy machines.
    private static func url(of server: RedisServer) -> String { server.url + "?socket_timeout=10" }
}
