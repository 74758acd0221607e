import GRDB
import HTTPTypes
import LarderSQLite
import Testing

@testable import Bookshop

/// Changes of the catalogue that come past the shop's API.
@Suite(.timeLimit(.minutes(2))) struct WatchedCatalogueTests {
    private struct Stop: Error {}

    @Test func changeBySQLShowsAtOnce() async throws {
        try await TestShop.open { shop in
            let ways = ["/books/345", "/shelves/horror", "/books?shelf=horror", "/search?q=stoker"]
            for way in ways { _ = try await shop.get(way) }
            try await shop.write("UPDATE book SET title = 'By SQL' WHERE id = 345")
            for way in ways { #expect(try await shop.get(way).text.contains("By SQL"), "\(way)") }
        }
    }

    @Test func changeThatIsRolledBackInvalidatesNothing() async throws {
        try await TestShop.open { shop in
            let ways = ["/api/books/345", "/api/shelves/horror/top", "/api/search?q=stoker"]
            for way in ways { _ = try await shop.get(way) }
            let books = shop.repository.books
            let invalidations = books.statistics.invalidations
            await #expect(throws: Stop.self) {
                try await books.write { db in
                    try db.execute(sql: "UPDATE book SET title = 'Never' WHERE id = 345")
                    throw Stop()
                }
            }
            for way in ways {
                let answer = try await shop.get(way)
                #expect(answer.isHit && !answer.text.contains("Never"), "\(way)")
            }
            #expect(books.statistics.invalidations == invalidations)
        }
    }

    /// A connection of its own is what another process has, too: SQLite tells only that somebody has written.
    @Test func changeByAnotherConnectionShowsAMomentLater() async throws {
        try await TestShop.open { shop in
            let ways = ["/books/345", "/shelves/horror", "/search?q=stoker"]
            for way in ways { #expect(try await !shop.get(way).text.contains("From elsewhere")) }
            let other = try DatabaseQueue(path: shop.repository.books.writer.path)
            try await other.write { db in
                try db.execute(sql: "UPDATE book SET title = 'From elsewhere' WHERE id = 345")
            }
            try other.close()
            for way in ways {
                #expect(try await eventually { try await shop.get(way).text.contains("From elsewhere") }, "\(way)")
            }
            #expect(try await shop.statistics().books.catalogue?.changesByOthers == 1)
        }
    }

    @Test func renamedBookIsFoundUnderItsNewTitleOnly() async throws {
        try await TestShop.open { shop async throws in
            func found(_ query: String) async throws -> [Int] {
                try await shop.get("/api/search?q=\(query)").decode(SearchAnswer.self).books.map(\.id)
            }
            #expect(try await found("zanzibar") == [])
            #expect(try await found("dracula+stoker").contains(345))
            #expect(try await shop.send(.put, "/api/books/345", body: #"{"title": "Zanzibar"}"#).status == 200)
            #expect(try await found("zanzibar") == [345])
            #expect(try await !found("dracula+stoker").contains(345))
        }
    }

    @Test func bookThatIsAddedIsInItsListsAtOnce() async throws {
        try await TestShop.open { shop in
            #expect(try await shop.get("/api/books/99999").status == 404)
            #expect(try await shop.get("/api/books?page=384").status == 404)
            try await shop.write(
                """
                INSERT INTO book (id, title, authors, authorNames, language, issued, subjects, standing)
                VALUES (99999, 'Added', '', '', 'en', '2026-01-01', '', 0)
                """
            )
            #expect(try await shop.get("/api/books/99999").decode(BookAnswer.self).title == "Added")
            #expect(try await shop.get("/api/books?page=384").decode(PageAnswer.self).books.map(\.id) == [99_999])
            #expect(try await shop.get("/api/search?q=added").text.contains("\"Added\""))
        }
    }
}
