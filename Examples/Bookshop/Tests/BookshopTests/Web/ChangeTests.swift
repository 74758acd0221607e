import HTTPTypes
import Testing

@testable import Bookshop

@Suite struct ChangeTests {
    /// Every way to the book with number 42, as JSON and as pages.
    private static let ways = [
        "/api/books/42", "/api/books?page=3", "/api/books?page=1&shelf=horror", "/api/shelves/horror/top",
        "/api/search?q=stevenson+jekyll", "/api/search?q=stevenson", "/api/search?q=stevenson&shelf=horror",
        "/books/42", "/books?page=3", "/books?shelf=horror", "/shelves/horror", "/search?q=stevenson",
        "/search?q=stevenson&shelf=horror",
    ]

    @Test func afterAPutNothingShowsTheOldTitle() async throws {
        try await TestShop.open { shop in
            let old = "The Strange Case of Dr. Jekyll and Mr. Hyde"
            for way in Self.ways {
                #expect(try await shop.get(way).text.contains(old), "before, at \(way)")
                #expect(try await shop.get(way).isHit)
            }
            // Another edition of the same title stands beside it, so what counts is the number of occurrences.
            func occurrences(_ way: String) async throws -> Int {
                try await shop.get(way).text.ranges(of: old).count
            }
            var before: [String: Int] = [:]
            for way in Self.ways { before[way] = try await occurrences(way) }

            let answer = try await shop.send(.put, "/api/books/42", body: #"{"title": "The Doctor Renamed"}"#)
            #expect(answer.status == 200)
            let book = try answer.decode(BookAnswer.self)
            #expect(book.id == 42 && book.title == "The Doctor Renamed")
            #expect(try answer.keys() == ["id", "title", "authors", "language", "issued", "shelves", "subjects"])

            for way in Self.ways {
                let after = try await occurrences(way)
                #expect(after < (before[way] ?? 0), "after, at \(way)")
                if !way.contains("jekyll") {
                    #expect(try await shop.get(way).text.contains("The Doctor Renamed"), "after, at \(way)")
                }
            }
            let found = try await shop.get("/api/search?q=doctor+renamed").decode(SearchAnswer.self)
            #expect(found.books.map(\.id) == [42])
        }
    }

    /// What does not show the book, and could not show it now, stays.
    @Test func aPutLeavesTheRestInTheCache() async throws {
        try await TestShop.open { shop in
            let others = [
                "/api/books/43", "/api/shelves", "/api/books?page=1", "/api/shelves/american-revolutionary-war/top",
            ]
            for uri in others { #expect(try await !shop.get(uri).text.contains("\"id\":42,"), "\(uri)") }
            let answer = try await shop.send(.put, "/api/books/42", body: #"{"title": "The Doctor Renamed"}"#)
            #expect(answer.status == 200)
            for uri in others { #expect(try await shop.get(uri).isHit, "\(uri)") }
        }
    }

    /// A list that shows the book is made anew of one row: which books are in it has not changed.
    @Test func aPutCostsOneReadHoweverManyListsShowTheBook() async throws {
        try await TestShop.open { shop in
            let lists = ["/api/books?page=3", "/api/books?shelf=horror", "/api/shelves/horror/top"]
            for uri in lists { _ = try await shop.get(uri) }
            // The answer has the book in it, which reads the row and its shelves.
            #expect(try await shop.send(.put, "/api/books/42", body: #"{"title": "Renamed"}"#).status == 200)
            let reads = shop.reads
            for uri in lists { #expect(try await shop.get(uri).text.contains("\"Renamed\""), "\(uri)") }
            #expect(shop.reads == reads)
        }
    }

    /// A search that had found nothing is made of no book, so no book's tag could tell it.
    @Test func aPutReachesSearchesThatDidNotFindTheBook() async throws {
        try await TestShop.open { shop in
            let searches = ["/api/search?q=zanzibar", "/api/search?q=zanzibar&shelf=horror", "/search?q=zanzibar"]
            for uri in searches { #expect(try await !shop.get(uri).text.contains("Zanzibar"), "\(uri)") }
            let answer = try await shop.send(.put, "/api/books/345", body: #"{"title": "Dracula of Zanzibar"}"#)
            #expect(answer.status == 200)
            for uri in searches { #expect(try await shop.get(uri).text.contains("Dracula of Zanzibar"), "\(uri)") }
        }
    }

    /// Tells from the explanation, and not only from the title, what a new title takes with it and what it leaves.
    @Test func aPutKillsTheRowAndTheSearchesAndLeavesTheLists() async throws {
        try await TestShop.open { shop in
            for way in Self.ways { _ = try await shop.get(way) }
            let row = CachedKey.book(42)
            let search = CachedKey.list(":stevenson", "SearchListing")
            let lists = [
                CachedKey.list("top:horror", "ShelfListing"), CachedKey.list("page:horror:1", "PageListing"),
                CachedKey.list("page::3", "PageListing"), CachedKey.shelves(of: 42),
            ]
            let before = try #require(try await shop.explain(row).tiers.first)
            #expect(before.state == "fresh" && before.tags.contains("catalogue/book#42"))
            #expect(try await shop.explain(search, in: "searches").tiers.first?.state == "fresh")
            for key in lists { #expect(try await shop.explain(key).tiers.first?.state == "fresh", "\(key)") }

            try await shop.write("UPDATE book SET title = 'The Doctor Renamed' WHERE id = 42")
            // The memory store gives back what is dead when it comes upon it, so it may be gone already.
            let after = try #require(try await shop.explain(row).tiers.first)
            #expect(after.state == "dead" || after.state == "absent")
            if after.state == "dead" { #expect(after.tag == "catalogue/book#42") }
            let found = try #require(try await shop.explain(search, in: "searches").tiers.first)
            #expect(found.state == "dead" || found.state == "absent")
            for key in lists { #expect(try await shop.explain(key).tiers.first?.state == "fresh", "\(key)") }
        }
    }

    /// Readers fill the cache all the while; none that asks after a change is answered may get an older title.
    @Test func readersNeverSeeATitleOlderThanTheLastChange() async throws {
        try await TestShop.open { shop in
            for round in 1...20 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for way in ["/api/books/345", "/api/shelves/horror/top", "/api/search?q=stoker"] {
                        for _ in 1...3 {
                            group.addTask { _ = try await shop.get(way) }
                        }
                    }
                    group.addTask {
                        let body = "{\"title\": \"Dracula, printing \(round)\"}"
                        let answer = try await shop.send(.put, "/api/books/345", body: body)
                        #expect(answer.status == 200)
                    }
                    try await group.waitForAll()
                }
                for way in ["/api/books/345", "/api/shelves/horror/top", "/api/search?q=stoker"] {
                    #expect(try await shop.get(way).text.contains("\"Dracula, printing \(round)\""))
                }
            }
        }
    }

    @Test func putOfAnUnknownBookIsNotFound() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.send(.put, "/api/books/99999", body: #"{"title": "New"}"#)
            #expect(answer.status == 404)
            #expect(try answer.errorMessage() == "There is no such book.")
        }
    }

    @Test(arguments: [
        "", "{}", "[]", "\"New\"", #"{"title": 5}"#, #"{"title": null}"#, #"{"title": ""}"#, #"{"title": "  \n "}"#,
        #"{"title": "a\u0000b"}"#, "{\"title\": \"\(String(repeating: "x", count: 1_001))\"}", #"{"title": "New""#,
    ])
    func putWithABadBodyIsABadRequest(body: String) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.send(.put, "/api/books/42", body: body)
            #expect(answer.status == 400)
            #expect(try answer.errorMessage() != "")
        }
    }

    @Test func putWithABadIDIsABadRequest() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.send(.put, "/api/books/abc", body: #"{"title": "New"}"#)
            #expect(answer.status == 400)
        }
    }

    @Test func bodiesAreLimited() async throws {
        try await TestShop.open { shop in
            let body = "{\"title\": \"\(String(repeating: "x", count: 70_000))\"}"
            for (method, uri) in [(HTTPRequest.Method.put, "/api/books/42"), (.post, "/api/cache/invalidate")] {
                let answer = try await shop.send(method, uri, body: body)
                #expect(answer.status == 413)
                #expect(try answer.errorMessage() != "")
            }
        }
    }

    @Test func titleIsTidied() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.send(.put, "/api/books/42", body: #"{"title": " One \r\n\n  Two "}"#)
            #expect(try answer.decode(BookAnswer.self).title == "One\nTwo")
        }
    }
}
