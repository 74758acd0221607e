import HTTPTypes
import Testing

@testable import Bookshop

@Suite struct BookAPITests {
    @Test func shelvesListsAllOfThem() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/shelves")
            #expect(answer.status == 200)
            #expect(answer.header(.contentType) == "application/json; charset=utf-8")
            let shelves = try answer.decode(ShelvesAnswer.self).shelves
            #expect(shelves.count == 211)
            #expect(Set(shelves.map(\.slug)).count == 211)
            #expect(shelves.contains(.init(slug: "horror", name: "Horror", books: 18)))
            #expect(shelves.contains(.init(slug: "browsing-literature", name: "Browsing: Literature", books: 4_785)))
        }
    }

    @Test func everyShelfHasATop() async throws {
        try await TestShop.open { shop in
            let shelves = try await shop.get("/api/shelves").decode(ShelvesAnswer.self).shelves
            for shelf in shelves {
                let top = try await shop.get("/api/shelves/\(shelf.slug)/top").decode(TopAnswer.self)
                #expect(top.shelf == shelf)
                #expect(top.books.count == min(shelf.books, 20))
            }
        }
    }

    @Test func topHasTheBestKnownBooksFirst() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/shelves/browsing-fiction/top")
            #expect(try answer.keys() == ["shelf", "books"])
            #expect(try answer.decode(TopAnswer.self).books.prefix(3).map(\.id) == [84, 2_600, 73])
        }
    }

    @Test(arguments: ["nothing", "Horror", "%00", "..%2F.."])
    func topOfUnknownShelfIsNotFound(slug: String) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/shelves/\(slug)/top")
            #expect(answer.status == 404)
            #expect(try answer.errorMessage() == "There is no such shelf.")
        }
    }

    @Test func booksAreTwentyAPage() async throws {
        try await TestShop.open { shop in
            let first = try await shop.get("/api/books")
            #expect(try first.keys() == ["books", "page", "pages", "hasNext", "hasPrevious"])
            let page = try first.decode(PageAnswer.self)
            #expect(page.books.map(\.id) == Array(1...20))
            #expect(page.page == 1 && page.pages == 383)
            #expect(page.hasNext && !page.hasPrevious)

            let last = try await shop.get("/api/books?page=383").decode(PageAnswer.self)
            #expect(last.books.count == 20 && last.books.last?.id == 7_702)
            #expect(!last.hasNext && last.hasPrevious)
        }
    }

    @Test func booksOfAShelfAreTwentyAPage() async throws {
        try await TestShop.open { shop in
            let page = try await shop.get("/api/books?shelf=science-fiction&page=4").decode(PageAnswer.self)
            #expect(page.pages == 4 && page.books.count == 2)
            #expect(!page.hasNext && page.hasPrevious)
        }
    }

    @Test(arguments: ["0", "-1", "+1", "1.0", "x", "", "99999999999999999999", "1000001", "%FF"])
    func pageThatIsNoNumberIsABadRequest(page: String) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/books?page=\(page)")
            #expect(answer.status == 400)
            #expect(try answer.errorMessage() != "")
        }
    }

    @Test(arguments: ["page=384", "page=1000000", "shelf=nothing", "shelf=Horror", "shelf=horror&page=2"])
    func pageThatIsNotThereIsNotFound(query: String) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/books?\(query)")
            #expect(answer.status == 404)
            #expect(try answer.errorMessage() != "")
        }
    }

    @Test func bookHasWhatTheCatalogueSays() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/books/2")
            #expect(try answer.keys() == ["id", "title", "authors", "language", "issued", "shelves", "subjects"])
            let book = try answer.decode(BookAnswer.self)
            #expect(book.id == 2)
            #expect(
                book.title
                    == "The United States Bill of Rights\n"
                    + "The Ten Original Amendments to the Constitution of the United States"
            )
            #expect(book.authors == ["United States"])
            #expect(book.language == "en" && book.issued == "1972-12-01")
            #expect(book.shelves.prefix(2) == ["Politics", "American Revolutionary War"])
            #expect(book.subjects.first == "Civil rights -- United States -- Sources")
        }
    }

    @Test func unknownBookIsACachedNotFound() async throws {
        try await TestShop.open { shop in
            let first = try await shop.get("/api/books/99999")
            #expect(first.status == 404)
            #expect(first.cacheStatus == "Larder; fwd=miss; stored")
            let reads = shop.reads
            let second = try await shop.get("/api/books/99999")
            #expect(second.status == 404)
            #expect(second.isHit)
            #expect(try second.errorMessage() == "There is no such book.")
            #expect(shop.reads == reads)
        }
    }

    @Test(arguments: ["abc", "0", "-1", "1.5", "99999999999999999999", "%00"])
    func idThatIsNoNumberIsABadRequest(id: String) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/books/\(id)")
            #expect(answer.status == 400)
            #expect(try answer.errorMessage() != "")
        }
    }

    @Test func searchFindsTitlesAndAuthors() async throws {
        try await TestShop.open { shop async throws in
            func ids(_ query: String) async throws -> [Int] {
                try await shop.get("/api/search?q=\(query)").decode(SearchAnswer.self).books.map(\.id)
            }
            #expect(try await ids("war+and+peace").first == 2_600)
            #expect(try await ids("austen").prefix(2) == [1_342, 158])
            #expect(try await ids("sherl+holm").contains(1_661))
            #expect(try await ids("moliere") == ids("Moli%C3%A8re"))
            #expect(try await ids("the").count == 50)
            // An author's years are not part of the name.
            #expect(try await ids("austen+1775") == [])
            #expect(try await ids("xyzzy") == [])
        }
    }

    @Test func searchCanBeLimitedToAShelf() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/search?q=poe&shelf=horror").decode(SearchAnswer.self)
            #expect(answer.books.contains { $0.id == 2_148 })
            #expect(answer.books.allSatisfy { $0.authors.joined().contains("Poe") || $0.title.contains("Poe") })
            #expect(try await shop.get("/api/search?q=poe&shelf=nothing").status == 404)
            #expect(try await shop.get("/api/search?q=poe&shelf=").status == 200)
        }
    }

    @Test(arguments: ["", "?q=", "?q=+", "?shelf=horror", "?q=%FF"])
    func searchWithoutAQueryIsABadRequest(query: String) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/search\(query)")
            #expect(answer.status == 400)
            #expect(try answer.errorMessage() != "")
        }
    }

    @Test(arguments: ["%22", "'", "*", "(", "title:x", "NEAR(a+b)", "a+AND", "%00", "-x", "%22a%22b", "%E4%B8%AD"])
    func searchTakesAnyText(query: String) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/search?q=\(query)")
            #expect(answer.status == 200)
        }
    }

    @Test(arguments: [
        "/api/shelves", "/api/shelves/horror/top", "/api/books?page=2", "/api/books?shelf=horror", "/api/books/42",
        "/api/search?q=austen", "/", "/shelves/horror", "/books", "/books/42", "/search?q=austen&shelf=horror",
    ])
    func secondAnswerComesFromTheCache(uri: String) async throws {
        try await TestShop.open { shop in
            let first = try await shop.get(uri)
            #expect(first.status == 200)
            #expect(first.cacheStatus == "Larder; fwd=miss; stored")
            let reads = shop.reads
            let second = try await shop.get(uri)
            let status = try #require(second.cacheStatus)
            let match = try #require(status.wholeMatch(of: /Larder; hit; ttl=(\d+)/))
            let ttl = try #require(Int(match.1))
            #expect((1...3_600).contains(ttl))
            #expect(shop.reads == reads)
        }
    }

    @Test func nothingIsJSONBelowAPI() async throws {
        try await TestShop.open { shop in
            for uri in ["/api", "/api/", "/api/nothing", "/api/books/1/2"] {
                let answer = try await shop.get(uri)
                #expect(answer.status == 404)
                #expect(try answer.errorMessage().contains("There is nothing"))
            }
        }
    }

    @Test func databaseThatFailsIsAServerErrorThatSaysNothingOfItself() async throws {
        try await TestShop.open { shop in
            _ = try await shop.get("/api/books/42")
            try shop.catalogue.close()
            let answer = try await shop.get("/api/books/43")
            #expect(answer.status == 500)
            #expect(try answer.errorMessage() == "Something went wrong on our side.")
            #expect(try await shop.get("/books/43").status == 500)
            // What is in the cache needs no database.
            #expect(try await shop.get("/api/books/42").status == 200)
        }
    }

    @Test func headAnswersWithoutABody() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.send(.head, "/api/books/42")
            #expect(answer.status == 200)
            #expect(answer.text.isEmpty)
        }
    }
}
