import HTTPTypes
import Testing

@testable import Bookshop

@Suite struct CacheAPITests {
    @Test func invalidatedKeysAreFetchedAgain() async throws {
        try await TestShop.open { shop in
            for uri in ["/api/books/42", "/api/books/43", "/api/shelves"] { _ = try await shop.get(uri) }
            let answer = try await shop.send(
                .post,
                "/api/cache/invalidate",
                body: "{\"keys\": [\"\(CachedKey.book(42))\", \"\(CachedKey.shelves)\", \"no:such:key\"]}"
            )
            #expect(answer.status == 200)
            #expect(try answer.decode([String: Bool].self) == ["invalidated": true])
            #expect(try await shop.get("/api/books/42").isHit == false)
            #expect(try await shop.get("/api/shelves").isHit == false)
            #expect(try await shop.get("/api/books/43").isHit)
        }
    }

    @Test(arguments: [
        ("catalogue/book#42", ["/api/books?page=3"], ["/api/books/43", "/api/shelves", "/api/books"]),
        ("catalogue/book.standing", ["/api/shelves/horror/top"], ["/api/shelves", "/api/books/42"]),
        ("catalogue/book+", ["/api/books", "/api/books?page=7"], ["/api/shelves", "/api/books/42"]),
        ("catalogue/booksearch", ["/api/search?q=austen", "/api/search?q=poe&shelf=horror"], ["/api/books"]),
        ("catalogue/book#99999", ["/api/books/99999"], ["/api/books/99998"]),
        ("catalogue", ["/api/shelves", "/api/books/42", "/api/search?q=austen"], []),
    ])
    func tagStandsForItsData(tag: String, falling: [String], staying: [String]) async throws {
        try await TestShop.open { shop in
            for uri in falling + staying { _ = try await shop.get(uri) }
            let answer = try await shop.send(.post, "/api/cache/invalidate", body: "{\"tags\": [\"\(tag)\"]}")
            #expect(answer.status == 200)
            #expect(try answer.decode([String: Bool].self) == ["invalidated": true])
            for uri in staying { #expect(try await shop.get(uri).isHit, "\(uri)") }
            for uri in falling { #expect(try await shop.get(uri).isHit == false, "\(uri)") }
        }
    }

    @Test func keysAndTagsAreInvalidatedTogether() async throws {
        try await TestShop.open { shop in
            for uri in ["/api/books/42", "/api/books/43", "/api/shelves"] { _ = try await shop.get(uri) }
            let body = "{\"keys\": [\"\(CachedKey.shelves)\"], \"tags\": [\"catalogue/book#42\", \"no such tag\"]}"
            #expect(try await shop.send(.post, "/api/cache/invalidate", body: body).status == 200)
            #expect(try await shop.get("/api/books/42").isHit == false)
            #expect(try await shop.get("/api/shelves").isHit == false)
            #expect(try await shop.get("/api/books/43").isHit)
        }
    }

    @Test func invalidatingAllEmptiesTheCache() async throws {
        try await TestShop.open { shop in
            for uri in ["/api/books/42", "/api/shelves"] { _ = try await shop.get(uri) }
            let answer = try await shop.send(.post, "/api/cache/invalidate", body: #"{"all": true}"#)
            #expect(try answer.decode([String: Bool].self) == ["invalidated": true])
            for uri in ["/api/books/42", "/api/shelves"] { #expect(try await shop.get(uri).isHit == false) }
        }
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"all": false}"#, #"{"keys": []}"#, #"{"keys": "k"}"#, #"{"keys": [""]}"#,
        #"{"keys": ["a\u0000"]}"#, #"{"keys": ["a"], "all": true}"#, #"{"keys": [1]}"#,
        "{\"keys\": [\(Array(repeating: "\"k\"", count: 1_001).joined(separator: ","))]}",
        #"{"tags": []}"#, #"{"tags": "k"}"#, #"{"tags": [""]}"#, #"{"tags": ["a\u0007"]}"#, #"{"tags": [1]}"#,
        #"{"tags": null}"#, #"{"tags": ["k"], "all": true}"#, #"{"tags": ["k"], "all": false}"#,
        // Nothing is done where only half of it can be.
        #"{"keys": ["k"], "tags": []}"#, #"{"keys": [""], "tags": ["k"]}"#,
        #"{"keys": ["k"], "tag": ["shelves"]}"#,
        "{\"keys\": [\"k\"], \"tags\": [\"\(String(repeating: "t", count: 251))\"]}",
        "{\"tags\": [\(Array(repeating: "\"k\"", count: 101).joined(separator: ","))]}",
    ])
    func invalidatingNothingIsABadRequest(body: String) async throws {
        try await TestShop.open { shop in
            _ = try await shop.get("/api/books/42")
            let answer = try await shop.send(.post, "/api/cache/invalidate", body: body)
            #expect(answer.status == 400)
            #expect(try answer.errorMessage() != "")
            #expect(try await shop.get("/api/books/42").isHit)
        }
    }

    @Test func statisticsCountEachCacheByItself() async throws {
        try await TestShop.open { shop in
            let before = try await shop.get("/api/stats")
            #expect(try before.keys() == ["caches"])
            let caches = try before.decode(StatisticsAnswer.self).caches
            #expect(Set(caches.keys) == ["books", "searches", "figures", "sessions"])
            #expect(caches.values.allSatisfy { $0.hitRatio == 0 && $0.fills == 0 && $0.entries == 0 })
            for _ in 1...4 { _ = try await shop.get("/api/books/42") }
            _ = try await shop.get("/api/search?q=xyzzy")
            let after = try await shop.statistics()
            // The row and its shelves, once each.
            let books = try after.books
            #expect(books.hits == 6 && books.misses == 2 && books.fills == 2)
            #expect(books.stale == 0 && books.unavailable == 0)
            #expect(books.refreshes == 0 && books.failedFills == 0 && books.staleServes == 0)
            #expect(books.hitRatio == 0.75)
            #expect(books.entries == 2)
            #expect(books.store == "memory")
            let catalogue = try #require(books.catalogue)
            #expect(catalogue.reads == 2 && catalogue.passedBy == 0 && catalogue.untold == 0)
            let searches = try #require(after.caches["searches"])
            #expect(searches.misses == 1 && searches.fills == 1 && searches.entries == 1)
            let figures = try #require(after.caches["figures"])
            #expect(figures.misses == 0 && figures.catalogue == nil)
        }
    }
}
