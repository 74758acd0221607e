import Foundation
import HTTPTypes
import Larder
import LarderRedisClient
import Testing

@testable import Bookshop

/// Every template, with hostile text in everything that it shows.
@Suite struct EscapingTests {
    private static func cache() -> Cache { Cache(MemoryStore(limit: .entries(1_000)), namespace: "test") }

    /// Renders a page, with hostile text around the content as well.
    private static func expectEscaped<Content: PageContent>(
        _ texts: HostileTexts,
        in content: Content,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var texts = texts
        let (title, query, name) = (texts.next(), texts.next(), texts.next())
        let book = Self.book(&texts)
        let sidebar = Sidebar(key: texts.next(), name: name) { [book] }
        let page = try await PageRenderer(cache: Self.cache())
            .html(content, titled: title, query: query, sidebar: sidebar)
        var shown = HostileTexts()
        // All but the key, which comes last.
        for _ in texts.all.dropLast() { _ = shown.next() }
        shown.expectShown(in: page, sourceLocation: sourceLocation)
    }

    private static func book(_ texts: inout HostileTexts) -> BookSummary {
        BookSummary(id: 1, title: texts.next(), authors: [texts.next()], language: "en", issued: "1998-06-01")
    }

    /// A book of whose title there is a second line.
    private static func longBook(_ texts: inout HostileTexts) -> BookSummary {
        let title = "\(texts.next())\n\(texts.next())"
        return BookSummary(id: 2, title: title, authors: [texts.next()], language: "en", issued: "1998-06-01")
    }

    @Test func everyTemplateOfAPageIsWalked() {
        let walked: [any PageContent.Type] = [
            AccountPage.self, AnalyticsPage.self, BooksPage.self, ErrorPage.self, LeaderboardPage.self, LimitPage.self,
            SearchPage.self, ShelfPage.self, ShelvesPage.self, SingleBookPage.self, StatisticsPage.self,
        ]
        let parts = ["bar-chart", "books-list", "counter-group", "layout", "sidebar"]
        #expect((walked.map { $0.template } + parts).sorted() == Templates.names)
    }

    @Test func shelves() async throws {
        var texts = HostileTexts()
        let shelves = (1...3).map { Shelf(slug: texts.next(), name: texts.next(), books: $0) }
        try await Self.expectEscaped(texts, in: ShelvesPage(books: 1) { shelves })
    }

    @Test func shelf() async throws {
        var texts = HostileTexts()
        let shelf = Shelf(slug: texts.next(), name: texts.next(), books: 9)
        let books = [Self.book(&texts), Self.longBook(&texts)]
        try await Self.expectEscaped(texts, in: ShelfPage(TopOfShelf(shelf: shelf, books: books)))
    }

    @Test func books() async throws {
        var texts = HostileTexts()
        let shelf = Shelf(slug: texts.next(), name: texts.next(), books: 9)
        let books = [Self.book(&texts), Self.longBook(&texts)]
        let page = BookPage(books: books, page: 7, pages: 20, total: 400, shelf: shelf)
        try await Self.expectEscaped(texts, in: BooksPage(page))
    }

    @Test func book() async throws {
        var texts = HostileTexts()
        let book = Book(
            id: 1,
            title: "\(texts.next())\n\(texts.next())",
            authors: [texts.next(), "\(texts.next()) [\(texts.next())]"],
            language: texts.next(),
            issued: texts.next(),
            shelves: [
                ShelfName(slug: texts.next(), name: texts.next()),
                ShelfName(slug: texts.next(), name: "Browsing: \(texts.next())"),
            ],
            subjects: [texts.next(), texts.next()]
        )
        try await Self.expectEscaped(texts, in: SingleBookPage(book))
    }

    @Test func search() async throws {
        var texts = HostileTexts()
        let shelf = Shelf(slug: "horror", name: texts.next(), books: 9)
        let result = SearchResult(books: [Self.book(&texts), Self.longBook(&texts)], shelf: shelf)
        try await Self.expectEscaped(texts, in: SearchPage(result, query: texts.next()))
    }

    @Test func errors() async throws {
        var texts = HostileTexts()
        let status = HTTPResponse.Status(code: 499, reasonPhrase: texts.next())
        try await Self.expectEscaped(texts, in: ErrorPage(.init(status: status, message: texts.next())))
        try await Self.expectEscaped(HostileTexts(), in: LimitPage(path: "/search", seconds: 3))
    }

    @Test func figures() async throws {
        var texts = HostileTexts()
        let today = [RankedBook(rank: 1, book: Self.book(&texts), views: 3)]
        let ever = [RankedBook(rank: 1, book: Self.book(&texts), views: 3)]
        try await Self.expectEscaped(texts, in: LeaderboardPage(today: today, ever: ever))
        let days = CalendarDay(Date(timeIntervalSince1970: 0)).last(14).map { DayCounts(day: $0) }
        try await Self.expectEscaped(HostileTexts(), in: AnalyticsPage(days, skipped: 3))
    }

    @Test func statistics() async throws {
        var texts = HostileTexts()
        let cache = CacheStatistics(
            name: texts.next(),
            counters: Self.cache().counters,
            entries: nil,
            store: texts.next(),
            nearCache: nil,
            catalogue: nil
        )
        let topology = RedisTopologyDescription(
            kind: .sentinel,
            primaryName: texts.next(),
            nodes: [.init(address: texts.next(), role: .primary, isConnected: true, roundTrip: 0.1)]
        )
        let statistics = ShopStatistics(caches: [cache], topology: topology)
        try await Self.expectEscaped(texts, in: StatisticsPage(statistics, visitorsToday: nil))
    }

    @Test func account() async throws {
        var texts = HostileTexts()
        try await Self.expectEscaped(texts, in: AccountPage(error: texts.next(), typedName: texts.next()))
        texts = HostileTexts()
        let session = AccountPage.Session(since: Date(timeIntervalSince1970: 0), isThisOne: true)
        let page = AccountPage(signedIn: texts.next(), recentlyViewed: 3, sessions: [session])
        try await Self.expectEscaped(texts, in: page)
    }
}
