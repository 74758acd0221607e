import GRDB
import HTTPTypes
import HummingbirdTesting
import Larder
import LarderSQLite
import LarderTesting
import NIOCore
import Testing

@testable import Bookshop

/// Whole pages out of the cache, in memory and on Redis alike.
@Suite(.timeLimit(.minutes(3))) struct PageCacheTests {
    @Test(arguments: ShopPlace.allCases)
    func strangersGetTheSamePageOutOfTheCache(place: ShopPlace) async throws {
        try await place.open { shop in
            for uri in ["/", "/shelves/horror", "/books", "/books?page=2", "/books/345"] {
                let first = try await shop.look(uri)
                #expect(first.pageStatus?.contains("stored") == true, "\(uri)")
                let reads = shop.reads
                let second = try await shop.look(uri)
                #expect(second.pageStatus?.hasPrefix("Larder;hit;ttl=") == true, "\(uri)")
                #expect(second.text == first.text && shop.reads == reads)
                #expect(second.header(.eTag) != nil && second.header(.eTag) == first.header(.eTag))
                // Each is somebody else, and is told so past the cache.
                #expect(
                    first.visitor != nil && second.visitor != nil && first.visitor?.cookie != second.visitor?.cookie
                )
                #expect(second.header(.cacheControl)?.hasPrefix("private") == true)
            }
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func titleThatChangesTakesThePagesThatShowIt(place: ShopPlace) async throws {
        try await place.open { shop in
            let shown = ["/books/345", "/shelves/horror"]
            for uri in shown + ["/books/42"] { _ = try await shop.look(uri) }
            #expect(try await shop.send(.put, "/api/books/345", body: #"{"title": "The Count"}"#).status == 200)
            for uri in shown {
                let page = try await shop.look(uri)
                #expect(
                    page.text.contains("The Count") && !page.text.contains("345\">Dracula<")
                        && !page.text.contains("<h1>Dracula<"),
                    "\(uri)"
                )
            }
            // Who is not on it stays.
            #expect(try await shop.look("/books/42").pageStatus?.contains("hit") == true)
        }
    }

    @Test(arguments: [
        #"{"tags": ["catalogue/book#345"]}"#, #"{"keys": ["\#(CachedKey.book(345))"]}"#, #"{"all": true}"#,
    ])
    func invalidatingPurgesPagesToo(body: String) async throws {
        try await TestShop.open { shop in
            for _ in 1...2 { _ = try await shop.look("/books/345") }
            #expect(try await shop.look("/books/345").pageStatus?.contains("hit") == true)
            let ada = try await shop.visit()
            _ = try await shop.get("/books/84", as: ada)
            #expect(try await shop.send(.post, "/api/cache/invalidate", body: body).status == 200)
            #expect(try await shop.look("/books/345").pageStatus?.contains("hit") != true)
            // Sessions cannot be made anew, and are not what is emptied.
            #expect(try await shop.get("/", as: ada).text.contains("href=\"/books/84\""))
        }
    }

    /// The list of shelves is a fragment of the home page, which would bring the old one back.
    @Test func invalidatingTheShelvesMakesTheHomePageAnew() async throws {
        try await TestShop.open(foreignWrites: .unnoticed) { shop in
            let old = try await shop.look("/")
            // Behind the caches' back, which is what an invalidation by hand is for.
            let other = try DatabaseQueue(path: shop.repository.books.writer.path)
            try await other.write { db in
                try db.execute(sql: "UPDATE shelf SET name = 'Terror' WHERE slug = 'horror'")
            }
            try other.close()
            #expect(try await shop.look("/").text == old.text)
            #expect(old.text.contains("<span>Horror</span>"))
            let body = "{\"keys\": [\"\(CachedKey.shelves)\"]}"
            #expect(try await shop.send(.post, "/api/cache/invalidate", body: body).status == 200)
            let reads = shop.reads
            #expect(try await shop.look("/").text.contains("<span>Terror</span>"))
            #expect(shop.reads > reads)
        }
    }

    /// Whoever makes up arguments fills no memory with them.
    @Test func argumentsThatNobodyReadsMakeNoPages() async throws {
        try await TestShop.open { shop in
            for (uri, made) in [
                ("/", ["/?n=1", "/?n=2&m=3", "/?utm=x"]), ("/books/345", ["/books/345?n=1"]),
                ("/shelves/horror", ["/shelves/horror?n=1"]),
                ("/books?page=2", ["/books?n=1&page=2", "/books?page=2&n=2"]),
            ] {
                let page = try await shop.look(uri)
                #expect(page.pageStatus?.contains("stored") == true, "\(uri)")
                for uri in made {
                    let again = try await shop.look(uri)
                    #expect(again.pageStatus?.contains("hit") == true && again.text == page.text, "\(uri)")
                }
            }
            // These are read somewhere, or say the same in another way.
            for uri in [
                "/?page=7", "/books/345?shelf=horror", "/books?page=02", "/books?page=2&page=3", "/books?page=%32",
                "/books?shelf=&page=2",
            ] {
                for _ in 1...2 {
                    let page = try await shop.look(uri)
                    #expect(page.status == 200, "\(uri)")
                    #expect(
                        page.pageStatus?.contains("hit") != true && page.pageStatus?.contains("stored") != true,
                        "\(uri)"
                    )
                }
            }
            // What is kept stays.
            #expect(try await shop.look("/").pageStatus?.contains("hit") == true)
            #expect(try await shop.look("/books?page=2").pageStatus?.contains("hit") == true)
        }
    }

    /// A page with somebody's name is nothing for the back/forward cache of a browser.
    @Test func pageWithANameIsNotStoredAnywhere() async throws {
        try await TestShop.open { shop in
            let stranger = try await shop.visit("/books/345")
            #expect(try await shop.get("/", as: stranger).header(.cacheControl)?.contains("no-store") == false)
            let ada = try #require(
                try await shop.submit(
                    ["name": "Ada", "password": "correct horse battery"],
                    to: "/account/register",
                    as: stranger
                ).visitor
            )
            for uri in ["/", "/books/345"] {
                let page = try await shop.get(uri, as: ada)
                #expect(page.text.contains("Signed in as"))
                #expect(page.header(.cacheControl)?.contains("no-store") == true, "\(uri)")
            }
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func nobodySeesAnothersSidebar(place: ShopPlace) async throws {
        try await place.open { shop in
            let (ada, bob) = (try await shop.visit(), try await shop.visit())
            _ = try await shop.get("/books/345", as: ada)
            _ = try await shop.get("/books/84", as: bob)
            for _ in 1...2 {
                for (visitor, own, other) in [(ada, 345, 84), (bob, 84, 345)] {
                    for uri in ["/", "/books/42"] {
                        let page = try await shop.get(uri, as: visitor)
                        #expect(page.text.contains("href=\"/books/\(own)\""), "\(uri)")
                        #expect(!page.text.contains("href=\"/books/\(other)\""), "\(uri)")
                        #expect(page.pageStatus?.contains("hit") != true && page.pageStatus?.contains("stored") != true)
                        #expect(page.header(.cacheControl)?.hasPrefix("private") == true)
                    }
                }
                let stranger = try await shop.look("/")
                #expect(!stranger.text.contains("/books/345") && !stranger.text.contains("/books/84"))
            }
        }
    }

    @Test func browserThatHasThePageIsToldSo() async throws {
        try await TestShop.open { shop in
            let ada = try await shop.visit("/books/345")
            for (uri, visitor) in [("/books/42", nil), ("/books", ada), ("/", ada)] {
                let page = try await (visitor == nil ? shop.look(uri) : shop.get(uri, as: ada))
                let tag = try #require(page.header(.eTag), "\(uri)")
                var headers: HTTPFields = [.ifNoneMatch: tag]
                headers[.cookie] = visitor?.cookie
                let again = try await shop.client.executeRequest(uri: uri, method: .get, headers: headers, body: nil)
                #expect(again.status == .notModified && again.body.readableBytes == 0, "\(uri)")
            }
        }
    }

    /// What stands in for a database that fails is no page to keep.
    @Test func pageOfOldValuesIsNotKept() async throws {
        let clock = ManualClock()
        try await TestShop.open(clock: CacheClock(clock)) { shop in
            _ = try await shop.look("/books/42")
            clock.advance(by: .seconds(3_700))
            try shop.catalogue.close()
            for _ in 1...2 {
                let page = try await shop.look("/books/42")
                #expect(page.status == 200 && page.pageStatus?.contains("hit") != true)
                #expect(page.header(.cacheControl)?.contains("no-store") == true)
            }
        }
    }
}

extension TestShop {
    /// Asks as a stranger does: without a cookie, and without the administrator's token.
    fileprivate func look(_ uri: String) async throws -> TestAnswer {
        TestAnswer(response: try await self.client.executeRequest(uri: uri, method: .get, headers: [:], body: nil))
    }
}
