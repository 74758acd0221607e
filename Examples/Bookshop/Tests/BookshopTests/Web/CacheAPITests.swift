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
                    "hits", "misses", "stale", "unavailable", "fills", "hitRatio", "entries", "store",
                ]
            )
            #expect(try before.decode(StatisticsAnswer.self).hitRatio == 0)
            for _ in 1...4 { _ = try await shop.get("/api/books/42") }
            let after = try await shop.get("/api/stats").decode(StatisticsAnswer.self)
            #expect(after.hits == 3 && after.misses == 1 && after.fills == 1)
            #expect(after.stale == 0 && after.unavailable == 0)
            #expect(after.hitRatio == 0.75)
            #expect(after.entries == 1)
            #expect(after.store == "memory")
        }
    }
}
