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
                body: #"{"keys": ["book:42", "shelves", "no:such:key"]}"#
            )
            #expect(answer.status == 200)
            #expect(try answer.decode([String: Bool].self) == ["invalidated": true])
            #expect(try await shop.get("/api/books/42").isHit == false)
            #expect(try await shop.get("/api/shelves").isHit == false)
            #expect(try await shop.get("/api/books/43").isHit)
        }
    }

    @Test func invalidatedTagsTakeWhatWasMadeOfThem() async throws {
        try await TestShop.open { shop in
            let onShelf = [
                "/api/shelves/horror/top", "/api/books?shelf=horror", "/api/search?q=stoker&shelf=horror",
                "/shelves/horror", "/books?shelf=horror", "/search?q=stoker&shelf=horror",
            ]
            let others = ["/api/books/345", "/api/shelves", "/api/search?q=stoker", "/api/shelves/gothic-fiction/top"]
            for uri in onShelf + others { #expect(try await shop.get(uri).status == 200, "\(uri)") }
            let answer = try await shop.send(.post, "/api/cache/invalidate", body: #"{"tags": ["shelf:horror"]}"#)
            #expect(answer.status == 200)
            #expect(try answer.decode([String: Bool].self) == ["invalidated": true])
            for uri in others { #expect(try await shop.get(uri).isHit, "\(uri)") }
            // Each of them is also the page of the same list, so the list is asked for once and the page is a hit.
            for uri in onShelf.prefix(3) { #expect(try await shop.get(uri).isHit == false, "\(uri)") }
        }
    }

    @Test(arguments: [
        ("books", ["/api/books", "/api/books?page=7"], ["/api/books?shelf=horror", "/api/books/42"]),
        ("shelves", ["/api/shelves"], ["/api/shelves/horror/top"]),
        ("searches", ["/api/search?q=austen", "/api/search?q=poe&shelf=horror"], ["/api/books", "/api/books/42"]),
        ("book:99999", ["/api/books/99999"], ["/api/books/99998"]),
    ])
    func tagStandsForItsData(tag: String, falling: [String], staying: [String]) async throws {
        try await TestShop.open { shop in
            for uri in falling + staying { _ = try await shop.get(uri) }
            let answer = try await shop.send(.post, "/api/cache/invalidate", body: "{\"tags\": [\"\(tag)\"]}")
            #expect(answer.status == 200)
            for uri in staying { #expect(try await shop.get(uri).isHit, "\(uri)") }
            for uri in falling { #expect(try await shop.get(uri).isHit == false, "\(uri)") }
        }
    }

    @Test func keysAndTagsAreInvalidatedTogether() async throws {
        try await TestShop.open { shop in
            for uri in ["/api/books/42", "/api/books/43", "/api/shelves"] { _ = try await shop.get(uri) }
            let body = #"{"keys": ["shelves"], "tags": ["book:42", "no such tag"]}"#
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
        "", "{}", "[]", #"{"all": false}"#, #"{"keys": []}"#, #"{"keys": "book:42"}"#, #"{"keys": [""]}"#,
        #"{"keys": ["a\u0000"]}"#, #"{"keys": ["a"], "all": true}"#, #"{"keys": [1]}"#,
        "{\"keys\": [\(Array(repeating: "\"k\"", count: 1_001).joined(separator: ","))]}",
        #"{"tags": []}"#, #"{"tags": "book:42"}"#, #"{"tags": [""]}"#, #"{"tags": ["a\u0007"]}"#, #"{"tags": [1]}"#,
        #"{"tags": null}"#, #"{"tags": ["book:42"], "all": true}"#, #"{"tags": ["book:42"], "all": false}"#,
        // Nothing is done where only half of it can be.
        #"{"keys": ["book:42"], "tags": []}"#, #"{"keys": [""], "tags": ["book:42"]}"#,
        #"{"keys": ["book:42"], "tag": ["shelves"]}"#,
        "{\"keys\": [\"book:42\"], \"tags\": [\"\(String(repeating: "t", count: 251))\"]}",
        "{\"tags\": [\(Array(repeating: "\"book:42\"", count: 101).joined(separator: ","))]}",
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

    @Test func statisticsCount() async throws {
        try await TestShop.open { shop in
            let before = try await shop.get("/api/stats")
            #expect(
                try before.keys() == [
                    "hits", "misses", "stale", "unavailable", "fills", "refreshes", "failedFills", "staleServes",
                    "hitRatio", "entries", "store",
                ]
            )
            #expect(try before.decode(StatisticsAnswer.self).hitRatio == 0)
            for _ in 1...4 { _ = try await shop.get("/api/books/42") }
            let after = try await shop.get("/api/stats").decode(StatisticsAnswer.self)
            #expect(after.hits == 3 && after.misses == 1 && after.fills == 1)
            #expect(after.stale == 0 && after.unavailable == 0)
            #expect(after.refreshes == 0 && after.failedFills == 0 && after.staleServes == 0)
            #expect(after.hitRatio == 0.75)
            #expect(after.entries == 1)
            #expect(after.store == "memory")
        }
    }
}
