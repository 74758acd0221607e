import Larder
import LarderTesting
import Testing

@testable import Bookshop

/// Numbers that may be some seconds old.
@Suite struct FiguresTests {
    @Test func rankingIsAddedUpOnceInAFewSeconds() async throws {
        let clock = ManualClock()
        try await TestShop.open(caches: "", clock: CacheClock(clock)) { shop async throws in
            func ranked() async throws -> [Int] {
                try await shop.get("/api/leaderboard").decode(LeaderboardAnswer.self).books.map(\.book.id)
            }
            _ = try await shop.get("/api/books/42")
            try await shop.settle()
            #expect(try await ranked() == [42])
            for _ in 1...2 { _ = try await shop.get("/api/books/345") }
            try await shop.settle()
            #expect(try await ranked() == [42])
            clock.advance(by: .seconds(6))
            #expect(try await ranked() == [345, 42])
            let figures = try #require(try await shop.statistics().caches["figures"])
            #expect(figures.fills == 2 && figures.hits == 1)
        }
    }

    /// What is called how many is one number, and what is ranked how long is another.
    @Test func eachQuestionHasAnAnswerOfItsOwn() async throws {
        try await TestShop.open(caches: "") { shop in
            for id in [42, 345] { _ = try await shop.get("/api/books/\(id)") }
            try await shop.settle()
            for (query, count) in [("limit=1", 1), ("limit=2", 2), ("limit=2&period=today", 2)] {
                let board = try await shop.get("/api/leaderboard?\(query)").decode(LeaderboardAnswer.self)
                #expect(board.books.count == count)
            }
            #expect(try await shop.get("/api/analytics").decode(AnalyticsAnswer.self).days.count == 14)
            #expect(try await shop.get("/stats").status == 200)
            #expect(try await shop.statistics().caches["figures"]?.fills == 5)
        }
    }
}
