import Foundation
import HTTPTypes
import Larder
import Synchronization
import Testing

@testable import Bookshop

/// The parts of pages that are cached by themselves.
@Suite struct FragmentTests {
    private static func sidebar(_ page: TestAnswer) throws -> String {
        String(try #require(page.text.firstMatch(of: /(?s)<aside class="sidebar".*?<\/aside>/)).output)
    }

    /// Not even the cache is asked for what a fragment shows.
    @Test func secondHomePageDoesNotReadTheShelves() async throws {
        try await TestShop.open { shop in
            let first = try await shop.get("/").text
            let reads = shop.reads
            // Alone: an invalidation by key takes the fragments along.
            let isForgotten = try await shop.front.caches.books.remove(CacheKey<Never>(CachedKey.shelves))
            #expect(isForgotten)
            #expect(try await shop.get("/").text == first)
            #expect(shop.reads == reads)
            // Who needs the shelves themselves has to read them.
            #expect(try await !shop.get("/api/shelves").isHit)
            #expect(shop.reads == reads + 1)
        }
    }

    @Test func shelfThatIsRenamedHasItsNewNameOnTheHomePage() async throws {
        try await TestShop.open { shop in
            #expect(try await shop.get("/").text.contains("<span>Horror</span>"))
            try await shop.write("UPDATE shelf SET name = 'Terror' WHERE slug = 'horror'")
            let page = try await shop.get("/").text
            #expect(page.contains("<span>Terror</span>") && !page.contains("<span>Horror</span>"))
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func bookThatIsRenamedHasItsNewTitleInASidebar(place: ShopPlace) async throws {
        try await place.open { shop in
            let visitor = try await shop.visit("/books/84")
            _ = try await shop.get("/books/42", as: visitor)
            try await shop.settle()
            let old = try await Self.sidebar(shop.get("/", as: visitor))
            #expect(old.contains("<a href=\"/books/42\">The Strange Case of Dr. Jekyll and Mr. Hyde</a>"))
            let reads = shop.reads
            #expect(try await Self.sidebar(shop.get("/", as: visitor)) == old)
            #expect(shop.reads == reads)

            let change = try await shop.send(.put, "/api/books/42", body: #"{"title": "The Doctor <Renamed>"}"#)
            #expect(change.status == 200)
            let new = try await Self.sidebar(shop.get("/", as: visitor))
            #expect(new.contains("<a href=\"/books/42\">The Doctor &lt;Renamed&gt;</a>") && !new.contains("Jekyll"))
        }
    }

    @Test func sidebarsOfTwoVisitorsDiffer() async throws {
        try await TestShop.open { shop in
            let (one, another) = (try await shop.visit(), try await shop.visit())
            _ = try await shop.get("/books/42", as: one)
            _ = try await shop.get("/books/345", as: another)
            try await shop.settle()
            // Twice, so that one is from the cache.
            for _ in 1...2 {
                let (mine, theirs) = (
                    try await Self.sidebar(shop.get("/", as: one)), try await Self.sidebar(shop.get("/", as: another))
                )
                #expect(mine.contains("href=\"/books/42\"") && !mine.contains("href=\"/books/345\""))
                #expect(theirs.contains("href=\"/books/345\"") && !theirs.contains("href=\"/books/42\""))
            }
            let third = try await Self.sidebar(shop.get("/", as: shop.visit()))
            #expect(third.contains("<a href=\"/account\">Sign in</a>") && !third.contains("class=\"recent\""))
            #expect(try await !shop.get("/").text.contains("<aside"))
        }
    }

    @Test func sidebarIsMadeOnceForAKey() async throws {
        let pages = try PageRenderer(cache: Cache(MemoryStore(limit: .entries(10)), namespace: "test"))
        let reads = Mutex(0)
        let books = (1...9).map { BookSummary(id: $0, title: "T\($0)", authors: [], language: "en", issued: "") }
        func page(_ key: String, _ name: String?) async throws -> String {
            let sidebar = Sidebar(key: key, name: name) {
                reads.withLock { $0 += 1 }
                return books
            }
            return try await pages.html(LimitPage(path: "/search", seconds: 1), titled: "", sidebar: sidebar)
        }
        let ada = try await page("1", "Ada")
        #expect(ada.contains("Signed in as <a href=\"/account\">Ada</a>") && !ada.contains("Sign in"))
        #expect(ada.ranges(of: "<li><span class=\"cover small").count == Sidebar.mostBooks)
        #expect(try await page("1", "Ada") == ada)
        #expect(reads.withLock { $0 } == 1)
        #expect(try await page("2", "Grace").contains("<a href=\"/account\">Grace</a>"))
        #expect(reads.withLock { $0 } == 2)
        let without = try await pages.html(LimitPage(path: "/search", seconds: 1), titled: "")
        #expect(!without.contains("sidebar") && !without.contains("columns"))
    }

    /// All pages are made of the same templates, which are taken apart once.
    @Test func manyPagesAreMadeAtTheSameTime() async throws {
        let pages = try PageRenderer(cache: Cache(MemoryStore(limit: .entries(1_000)), namespace: "test"))
        let days = CalendarDay(Date(timeIntervalSince1970: 0)).last(14).map { DayCounts(day: $0) }
        @Sendable func page(_ number: Int) async throws -> String {
            let books = [BookSummary(id: number, title: "T\(number)", authors: [], language: "en", issued: "")]
            let sidebar = Sidebar(key: "\(number)", name: "N\(number)") { books }
            let title = "Page \(number)"
            guard !number.isMultiple(of: 3) else {
                return try await pages.html(AnalyticsPage(days, skipped: number), titled: title, sidebar: sidebar)
            }
            let content = BooksPage(BookPage(books: books, page: 1, pages: 1, total: 1, shelf: nil))
            return try await pages.html(content, titled: title, sidebar: sidebar)
        }
        try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for number in 1...60 {
                group.addTask { @concurrent in (number, try await page(number)) }
            }
            for try await (number, text) in group {
                #expect(text.contains("<title>Page \(number) · Bookshop</title>"))
                #expect(
                    text.contains(">N\(number)</a>") && text.contains(">T\(number)</a>") && text.hasSuffix("</html>\n")
                )
            }
        }
    }
}
