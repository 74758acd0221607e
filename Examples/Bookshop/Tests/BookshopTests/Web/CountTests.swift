import Foundation
import HTTPTypes
import Larder
import LarderHummingbird
import Testing

@testable import Bookshop

/// What visitors do and what is told of it, in memory and on Redis alike.
@Suite(.timeLimit(.minutes(3))) struct CountTests {
    // MARK: Leaderboard

    @Test(arguments: ShopPlace.allCases)
    func booksAreRankedByViewsOfTheirPagesAndTheAPI(place: ShopPlace) async throws {
        try await place.open { shop in
            #expect(try await shop.get("/api/leaderboard").decode(LeaderboardAnswer.self).books.isEmpty)
            for _ in 1...3 { _ = try await shop.get("/books/345") }
            for uri in ["/books/42", "/api/books/42", "/api/books/84"] { _ = try await shop.get(uri) }
            // None of these is a look at a book.
            _ = try await shop.send(.head, "/books/84")
            _ = try await shop.get("/books/99999")
            _ = try await shop.get("/api/books/99999")
            try await shop.settle()

            for uri in ["/api/leaderboard", "/api/leaderboard?period=today&limit=100"] {
                let board = try await shop.get(uri).decode(LeaderboardAnswer.self)
                #expect(board.books.map(\.book.id) == [345, 42, 84])
                #expect(board.books.map(\.views) == [3, 2, 1])
                #expect(board.books.map(\.rank) == [1, 2, 3])
                #expect(board.books.first?.book.title == "Dracula")
            }
            let first = try await shop.get("/api/leaderboard?limit=1").decode(LeaderboardAnswer.self)
            #expect(first.books.map(\.book.id) == [345] && first.period == "all")
            let page = try await shop.get("/leaderboard")
            #expect(page.status == 200)
            #expect(page.text.contains("<h2 id=\"ranking-today\">Today</h2>"))
            #expect(page.text.ranges(of: "<a href=\"/books/345\">Dracula</a>").count == 2)
            #expect(page.text.contains("<strong>3</strong>"))
        }
    }

    @Test(arguments: ["0", "101", "-1", "1.5", "ten", "", "99999999999999999999", "+5"])
    func limitOutsideItsRangeIsRefused(limit: String) async throws {
        try await TestShop.open { shop in
            let encoded = limit.replacing("+", with: "%2B")
            let answer = try await shop.get("/api/leaderboard?limit=\(encoded)")
            #expect(answer.status == 400)
            #expect(try answer.errorMessage() == "\"limit\" must be a whole number from 1 to 100.")
        }
    }

    @Test func periodThatIsNoneIsRefused() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/leaderboard?period=week")
            #expect(answer.status == 400)
            #expect(try answer.errorMessage() == "\"period\" must be all or today.")
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func todayEndsAtMidnightAndEverDoesNot(place: ShopPlace) async throws {
        let calendar = try TestCalendar("2026-11-22T23:50:00Z")
        try await place.open(now: { calendar.now }) { shop in
            _ = try await shop.get("/books/345")
            try await shop.settle()
            calendar.advance(by: 1_200)
            _ = try await shop.get("/books/42")
            try await shop.settle()
            let today = try await shop.get("/api/leaderboard?period=today").decode(LeaderboardAnswer.self)
            #expect(today.books.map(\.book.id) == [42])
            let ever = try await shop.get("/api/leaderboard").decode(LeaderboardAnswer.self)
            #expect(Set(ever.books.map(\.book.id)) == [345, 42])
        }
    }

    /// A ranking shows titles, and nothing shows the old one.
    @Test(arguments: ShopPlace.allCases)
    func rankingShowsTheNewTitle(place: ShopPlace) async throws {
        try await place.open { shop in
            _ = try await shop.get("/books/345")
            try await shop.settle()
            #expect(try await shop.get("/leaderboard").text.contains("Dracula"))
            _ = try await shop.send(.put, "/api/books/345", body: #"{"title": "The <Count>"}"#)
            let page = try await shop.get("/leaderboard").text
            #expect(!page.contains("Dracula") && page.contains("The &lt;Count&gt;"))
        }
    }

    // MARK: Visitors

    @Test func cookieIsRandomAndKeptFromScripts() async throws {
        try await TestShop.open { shop in
            let cookie = try #require(try await shop.get("/books").header(.setCookie))
            let parts = Set(cookie.split(separator: "; ").dropFirst().map(String.init))
            // An hour, until it has come back once.
            #expect(parts.isSuperset(of: ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=3600"]))
            #expect(!parts.contains("Secure"))
            #expect(cookie.firstMatch(of: /^session=[A-Za-z0-9_-]{32};/) != nil)
            let other = try #require(try await shop.get("/books").header(.setCookie))
            #expect(cookie.prefix(40) != other.prefix(40))
            // Neither files nor the API give any, and who has one keeps it: for 30 days from then on.
            let visitor = try await shop.visit()
            let kept = try #require(try await shop.get("/books", as: visitor).header(.setCookie))
            #expect(kept.hasPrefix(visitor.cookie + ";") && kept.contains("Max-Age=2592000"))
            #expect(try await shop.get("/books", as: visitor).header(.setCookie) == nil)
            for uri in ["/style.css", "/api/shelves", "/api/books/42"] {
                #expect(try await shop.get(uri).header(.setCookie) == nil, "\(uri)")
            }
        }
    }

    @Test(arguments: [
        "", "session=", "session=42", "session=\(String(repeating: "g", count: 32))", "session=../x",
        "session=\(String(repeating: "0", count: 32))",
        "session=\(String(repeating: "0", count: 32)).\(String(repeating: "0", count: 64))",
    ])
    func cookieThatTheShopCannotHaveMadeIsReplaced(cookie: String) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/books", as: TestVisitor(cookie: cookie))
            #expect(answer.status == 200 && answer.header(.setCookie)?.hasPrefix("session=") == true)
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func visitorIsCountedOnceADay(place: ShopPlace) async throws {
        let calendar = try TestCalendar("2026-11-22T12:00:00Z")
        try await place.open(now: { calendar.now }) { shop in
            let visitors = [try await shop.visit(), try await shop.visit(), try await shop.visit()]
            for visitor in visitors {
                for uri in ["/", "/books/42", "/api/books/42"] { _ = try await shop.get(uri, as: visitor) }
            }
            try await shop.settle()
            let today = try #require(try await Self.analytics(shop).days.last)
            #expect(today.day == "2026-11-22" && today.visitors == 3)
            let statistics = try await shop.get("/stats").text
            #expect(statistics.contains("<th scope=\"row\">Visitors today</th><td class=\"number\">"))

            calendar.advance(by: 86_400)
            _ = try await shop.get("/", as: visitors[0])
            try await shop.settle()
            #expect(try await Self.analytics(shop).days.suffix(2).map(\.visitors) == [4, 1])
        }
    }

    // MARK: Recently viewed

    @Test(arguments: ShopPlace.allCases)
    func recentlyViewedBooksAreThereOnceTheLatestFirst(place: ShopPlace) async throws {
        let calendar = try TestCalendar("2026-11-22T12:00:00Z")
        try await place.open(now: { calendar.now }) { shop in
            let visitor = try await shop.visit("/books/345")
            for id in [42, 84, 345, 1_342] {
                calendar.advance(by: 1)
                try await shop.settle()
                _ = try await shop.get("/books/\(id)", as: visitor)
            }
            try await shop.settle()
            #expect(try await Self.recent(shop.get("/", as: visitor)) == [1_342, 345, 84, 42])
            // A book's page does not recommend itself.
            #expect(try await Self.recent(shop.get("/books/84", as: visitor)) == [1_342, 345, 42])
            // Nobody else sees it.
            #expect(try await Self.recent(shop.get("/", as: shop.visit())) == [])
            #expect(try await Self.recent(shop.get("/")) == [])
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func recentlyViewedBooksAreFewAndEnd(place: ShopPlace) async throws {
        let calendar = try TestCalendar("2026-11-22T12:00:00Z")
        try await place.open(now: { calendar.now }) { shop in
            let visitor = try await shop.visit()
            for id in 1...20 {
                calendar.advance(by: 1)
                _ = try await shop.get("/api/books/\(id)", as: visitor)
            }
            #expect(try await Self.recent(shop.get("/", as: visitor)) == [20, 19, 18, 17, 16, 15])
            let id = try #require(visitor.id)
            let session = try #require(try await shop.front.sessions.session(id))
            #expect(session[.recentlyViewed]?.count == Session.trailLength)
            #expect(session.expiry == SessionTimes.visitor)
            let left = try #require(try await shop.timeLeft(of: visitor))
            #expect(left > .seconds(29 * 86_400) && left <= .seconds(30 * 86_400))
        }
    }

    /// Crawlers that keep no cookies leave a trail with each page.
    @Test(arguments: ShopPlace.allCases)
    func trailOfAVisitorWhoDoesNotComeBackEndsSoon(place: ShopPlace) async throws {
        try await place.open { shop in
            let visitor = try await shop.visit("/books/42")
            let id = try #require(visitor.id)
            let session = try #require(try await shop.front.sessions.session(id))
            #expect(session.expiry == SessionTimes.firstVisit && session[.recentlyViewed] == [42])
            let left = try #require(try await shop.timeLeft(of: visitor))
            #expect(left > .seconds(3_500) && left <= .seconds(3_600))
        }
    }

    // MARK: Analytics

    @Test(arguments: ShopPlace.allCases)
    func eventsAreCountedByDayAndEnd(place: ShopPlace) async throws {
        let calendar = try TestCalendar("2026-11-22T12:00:00Z")
        let limits = Settings.SearchLimits(perMinute: 1, burst: 2)
        try await place.open(searchLimits: limits, now: { calendar.now }) { shop in
            for uri in ["/", "/books/42", "/books/84", "/api/books/42", "/api/shelves", "/api/nothing/here"] {
                _ = try await shop.get(uri)
            }
            for _ in 1...3 { _ = try await shop.get("/search?q=austen") }
            _ = try await shop.get("/api/search?q=austen")
            try await shop.settle()
            let answer = try await Self.analytics(shop)
            #expect(answer.days.count == 14 && answer.skipped == 0)
            #expect(answer.days.first?.day == "2026-11-09")
            #expect(answer.days.dropLast().allSatisfy { $0.pages == 0 && $0.apiCalls == 0 && $0.visitors == 0 })
            let today = try #require(answer.days.last)
            #expect(today.bookViews == 3 && today.pages == 5 && today.visitors == 5)
            #expect(today.searches == 2 && today.limitedSearches == 2)
            // What leads nowhere is no call of the API. The one that tells this may be counted already.
            #expect((3...4).contains(today.apiCalls))

            let day = CalendarDay(calendar.now)
            let left = try #require(try await shop.front.counts.counter(.pages, on: day).ttl()?.duration)
            #expect(left > .seconds(14 * 86_400) && left <= .seconds(15 * 86_400))
            let visitorsLeft = try #require(try await shop.front.counts.visitors(on: day).ttl()?.duration)
            #expect(visitorsLeft <= .seconds(15 * 86_400))
            let viewsLeft = try #require(try await shop.front.counts.views(on: day).ttl()?.duration)
            #expect(viewsLeft <= .seconds(2 * 86_400))
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func analyticsPageHasPlotsThatAreToldInWords(place: ShopPlace) async throws {
        let calendar = try TestCalendar("2026-11-22T12:00:00Z")
        try await place.open(now: { calendar.now }) { shop in
            for _ in 1...3 { _ = try await shop.get("/books/42") }
            try await shop.settle()
            let page = try await shop.get("/analytics")
            #expect(page.status == 200)
            #expect(page.text.ranges(of: "<svg viewBox=\"0 0 420 180\" role=\"img\" aria-labelledby=\"").count == 6)
            #expect(page.text.contains("<title id=\"bookViews-title\">Book views</title>"))
            let words = "A bar for each of the last 14 days: 3 in all, most on 22 November 2026 with 3, today 3."
            #expect(page.text.contains("<desc id=\"bookViews-desc\">\(words)</desc>"))
            #expect(page.text.contains("<title>22 November 2026: 3</title>"))
            #expect(page.text.ranges(of: "<rect class=\"bar").count == 6 * 14)
            #expect(page.text.contains("<dt>Book views</dt><dd>3</dd>"))
            #expect(page.text.contains("<time datetime=\"2026-11-09\">9 November 2026</time>"))
            #expect(!page.text.contains("skipped") && !page.text.contains("<script") && !page.text.contains("style="))
        }
    }

    @Test func pagesLinkToRankingAndAnalytics() async throws {
        try await TestShop.open { shop in
            let page = try await shop.get("/").text
            #expect(page.contains("<a href=\"/leaderboard\">") && page.contains("<a href=\"/analytics\">"))
            let empty = try await shop.get("/leaderboard").text
            #expect(empty.contains("Nobody has looked at a book yet today."))
        }
    }

    // MARK: Looking

    private static func analytics(_ shop: TestShop) async throws -> AnalyticsAnswer {
        try await shop.get("/api/analytics").decode()
    }

    /// The numbers of the books that a page shows as recently viewed.
    private static func recent(_ page: TestAnswer) throws -> [Int] {
        guard let list = page.text.firstMatch(of: /(?s)<ol class="recent">.*?<\/ol>/) else { return [] }
        return list.output.matches(of: /href="\/books\/(\d+)"/).compactMap { Int($0.1) }
    }
}
