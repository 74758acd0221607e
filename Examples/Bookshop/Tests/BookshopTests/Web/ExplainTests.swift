import HTTPTypes
import Larder
import LarderTesting
import Testing

@testable import Bookshop

@Suite(.timeLimit(.minutes(2))) struct ExplainTests {
    @Test func freshBookIsExplained() async throws {
        let clock = ManualClock()
        try await TestShop.open(clock: CacheClock(clock)) { shop in
            _ = try await shop.get("/api/books/42")
            clock.advance(by: .seconds(60))
            let answer = try await shop.get("/api/cache/explain?key=\(CachedKey.book(42))")
            #expect(answer.status == 200)
            #expect(answer.header(.cacheControl) == "no-store")
            #expect(try answer.keys() == ["key", "version", "waiters", "tiers"])
            let explanation = try answer.decode(ExplanationAnswer.self)
            #expect(explanation.key == CachedKey.book(42) && explanation.version == 1 && explanation.waiters == nil)
            let tier = try #require(explanation.tiers.first)
            #expect(explanation.tiers.count == 1)
            #expect(tier.tier == "memory" && tier.state == "fresh" && tier.tag == nil && tier.holder == nil)
            #expect(tier.why == "It is what readers get.")
            #expect(tier.tags.sorted() == ["catalogue", "catalogue/book#", "catalogue/book#42"])
            #expect(tier.age == 60)
            // An hour less its jitter and the minute.
            let timeLeft = try #require(tier.timeLeft)
            #expect((3_180...3_540).contains(timeLeft))
            #expect(tier.grace == 86_400)
        }
    }

    /// Lists are under the columns that they read, of which the title is none; searches are under all of the index.
    @Test func listsCarryTheTagsOfWhatTheyRead() async throws {
        try await TestShop.open { shop async throws in
            func tags(_ uri: String, _ key: String, in cache: String = "books") async throws -> Set<String> {
                #expect(try await shop.get(uri).status == 200)
                return Set(try await shop.explain(key, in: cache).tiers.flatMap(\.tags))
            }
            let top = try await tags("/api/shelves/horror/top", CachedKey.list("top:horror", "ShelfListing"))
            #expect(top.isSuperset(of: ["catalogue", "catalogue/book+", "catalogue/book.standing"]))
            #expect(top.contains("catalogue/bookonshelf"))
            let page = try await tags("/api/books", CachedKey.list("page::1", "PageListing"))
            #expect(page.contains("catalogue/book+"))
            for tags in [top, page] {
                #expect(!tags.contains("catalogue/book") && !tags.contains("catalogue/book.title"))
            }
            let shelves = try await tags("/api/shelves", CachedKey.shelves)
            #expect(shelves.contains { $0.hasPrefix("catalogue/shelf") })
            #expect(!shelves.contains { $0.hasPrefix("catalogue/book") })
            let search = CachedKey.list("horror:stoker", "SearchListing")
            let found = try await tags("/api/search?q=stoker&shelf=horror", search, in: "searches")
            #expect(found.contains { $0.hasPrefix("catalogue/booksearch") })
        }
    }

    @Test func cacheThatIsNotThereIsABadRequest() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/cache/explain?key=k&cache=pages")
            #expect(answer.status == 400)
            #expect(try answer.errorMessage() == "\"cache\" must be one of books, figures, searches, sessions.")
        }
    }

    @Test func keyThatIsNotThereIsAbsent() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/cache/explain?key=book%3A42")
            #expect(answer.status == 200)
            let tier = try #require(try answer.decode(ExplanationAnswer.self).tiers.first)
            #expect(tier.state == "absent" && tier.age == nil && tier.timeLeft == nil && tier.tags.isEmpty)
            // Whatever is unknown is there as null.
            for name in ["tag", "age", "timeLeft", "grace", "size", "codec", "fillCost", "holder"] {
                #expect(answer.text.contains("\"\(name)\":null"), "\(name)")
            }
        }
    }

    @Test func explainingCountsAsNoRead() async throws {
        try await TestShop.open { shop in
            _ = try await shop.get("/api/books/42")
            let before = try await shop.get("/api/stats").text
            for key in [CachedKey.book(42), CachedKey.book(43)] {
                _ = try await shop.get("/api/cache/explain?key=\(key)")
            }
            #expect(try await shop.get("/api/stats").text == before)
        }
    }

    @Test(arguments: ["", "?key=", "?key", "?other=book:42", "?key=%FF", "?key=a%00b", "?key=a%C2%85b"])
    func withoutAKeyItIsABadRequest(query: String) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/cache/explain\(query)")
            #expect(answer.status == 400)
            #expect(try answer.errorMessage() != "")
        }
    }

    @Test(.timeLimit(.minutes(1))) func fillUnderWayIsExplainedAndJoined() async throws {
        try await TestShop.open { shop in
            // How books are read is found out with the first.
            _ = try await shop.get("/api/books/43")
            let reads = shop.reads
            let database = BusyDatabase(shop.catalogue)
            try await database.occupy()
            let leader = Task { try await shop.get("/api/books/42") }
            func waiters(_ count: Int) async throws -> Bool {
                try await eventually { try await shop.explain(CachedKey.book(42)).waiters == count }
            }
            #expect(try await waiters(1))
            let holder = try #require(try await shop.explain(CachedKey.book(42)).tiers.first?.holder)
            #expect(holder.lease.count == 32)
            #expect(holder.timeLeft > 0 && holder.timeLeft <= 5)

            let joined = Task { try await shop.get("/api/books/42") }
            #expect(try await waiters(2))
            await database.release()
            #expect(try await leader.value.cacheStatus == "Larder; fwd=miss; stored")
            #expect(try await joined.value.cacheStatus == "Larder; fwd=miss; collapsed")
            // The row and its shelves, once each.
            #expect(shop.reads == reads + 2)
            #expect(try await shop.explain(CachedKey.book(42)).waiters == nil)
        }
    }

    @Test func entryInRedisIsExplained() async throws {
        try await withRedisServer { server in
            try await TestShop.open(redisURL: server.url + "?socket_timeout=10") { shop async throws in
                func tier() async throws -> ExplanationAnswer.Tier {
                    let tiers = try await shop.explain(CachedKey.book(345)).tiers
                    #expect(tiers.map(\.tier) == ["memory", "redis"])
                    return try #require(tiers.last)
                }
                _ = try await shop.get("/api/shelves/horror/top")
                let before = try await tier()
                #expect(before.tier == "redis" && before.state == "fresh" && before.codec == "json")
                #expect(before.size ?? 0 > 100)
                #expect(before.tags.contains("catalogue/book#345"))
                try await shop.write("UPDATE book SET title = 'The Count' WHERE id = 345")
                let after = try await tier()
                #expect(after.state == "dead" && after.tag == "catalogue/book#345")
                #expect(after.why.contains("catalogue/book#345"))

                await server.kill()
                let answer = try await shop.get("/api/cache/explain?key=\(CachedKey.book(345))")
                #expect(answer.status == 503)
                #expect(try answer.errorMessage() != "")
            }
        }
    }
}
