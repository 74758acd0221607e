import HTTPTypes
import Larder
import LarderSQLite
import LarderTesting
import Testing

@testable import Bookshop

/// A database that fails behind a cache whose values have got old.
///
/// It fails by being closed, and a shop that looked for writes of others would take that for one: who cannot be asked may
/// have written. So it does not look.
@Suite(.timeLimit(.minutes(2))) struct StaleTests {
    private static let uris = [
        "/api/books/42", "/api/shelves", "/api/shelves/horror/top", "/api/books?shelf=horror", "/api/search?q=stoker",
        "/books/42", "/shelves/horror", "/search?q=stoker&shelf=horror",
    ]

    @Test(arguments: Self.uris)
    func staleAnswersStandInForADatabaseThatFails(uri: String) async throws {
        let clock = ManualClock()
        try await TestShop.open(foreignWrites: .unnoticed, clock: CacheClock(clock)) { shop in
            let fresh = try await shop.get(uri)
            clock.advance(by: .seconds(7_200))
            try shop.catalogue.close()

            let answer = try await shop.get(uri)
            #expect(answer.status == 200)
            let status = try #require(answer.cacheStatus)
            let match = try #require(status.wholeMatch(of: /Larder; hit; ttl=(-\d+); detail=stale/), "\(status)")
            let ttl = try #require(Int(match.1))
            // Two hours less what it was fresh for: an hour for books, five minutes for lists, and up to a tenth less.
            #expect((-6_930 ... -3_600).contains(ttl), "\(ttl)")
            #expect(answer.text == fresh.text)
            let statistics = try await shop.statistics()
            #expect(statistics.sum(\.staleServes) >= 1 && statistics.sum(\.stale) >= 1)
            #expect(statistics.sum(\.failedFills) >= 1)
            // Who asks for a page is remembered, which needs no database.
            let visitors = uri.hasPrefix("/api") ? 0 : 1
            let entries = statistics.caches.mapValues(\.entries)
            #expect(entries == ["books": 0, "figures": 0, "searches": 0, "sessions": visitors])
        }
    }

    @Test func oldValueThatIsFetchedAnewIsNoMiss() async throws {
        let clock = ManualClock()
        try await TestShop.open(foreignWrites: .unnoticed, clock: CacheClock(clock)) { shop async throws in
            for uri in ["/api/books/42", "/api/shelves/horror/top", "/books?shelf=horror"] {
                #expect(try await shop.get(uri).cacheStatus == "Larder; fwd=miss; stored")
                clock.advance(by: .seconds(7_200))
                #expect(try await shop.get(uri).cacheStatus == "Larder; fwd=stale; stored")
                #expect(try await shop.get(uri).isHit)
                // Past its grace it is as good as gone.
                clock.advance(by: .seconds(100_000))
                #expect(try await shop.get(uri).cacheStatus == "Larder; fwd=miss; stored")
            }
        }
    }

    /// A database that hangs keeps nobody waiting who can have an old answer, and its answer is stored when it comes.
    @Test func staleAnswerStandsInForADatabaseThatIsSlow() async throws {
        let clock = ManualClock()
        try await TestShop.open(foreignWrites: .unnoticed, clock: CacheClock(clock)) { shop in
            _ = try await shop.get("/api/books/42")
            clock.advance(by: .seconds(7_200))
            let database = BusyDatabase(shop.catalogue)
            try await database.occupy()

            let visitor = Task { try await shop.get("/api/books/42") }
            for key in [CachedKey.book(42), CachedKey.shelves(of: 42)] {
                #expect(try await eventually { try await shop.explain(key).waiters == 1 })
                #expect(try await shop.explain(key).tiers.first?.state == "stale")
            }
            // Of the row and of its shelves: the fill's own timer, and the visitor's patience.
            try await clock.waitForSleepers(4)
            clock.advance(by: .milliseconds(500))
            let answer = try await visitor.value
            #expect(answer.status == 200)
            #expect(answer.cacheStatus?.hasSuffix("; detail=stale") == true)

            await database.release()
            for key in [CachedKey.book(42), CachedKey.shelves(of: 42)] {
                #expect(try await eventually { try await shop.explain(key).tiers.first?.state == "fresh" })
            }
            #expect(try await shop.get("/api/books/42").isHit)
            let books = try await shop.statistics().books
            #expect(books.staleServes == 2 && books.failedFills == 0)
        }
    }

    @Test func afterADayNothingStandsIn() async throws {
        let clock = ManualClock()
        try await TestShop.open(foreignWrites: .unnoticed, clock: CacheClock(clock)) { shop in
            _ = try await shop.get("/api/books/42")
            clock.advance(by: .seconds(3_600 + 86_401))
            try shop.catalogue.close()
            #expect(try await shop.get("/api/books/42").status == 500)
        }
    }

    /// What somebody has called wrong is not served for want of something better.
    @Test(arguments: [
        #"{"tags": ["catalogue/book#42", "catalogue/bookonshelf"]}"#, #"{"tags": ["catalogue"]}"#, #"{"all": true}"#,
        "{\"keys\": [\"\(CachedKey.book(42))\", \"\(CachedKey.list("top:horror", "ShelfListing"))\"]}",
    ])
    func whatWasInvalidatedStandsInForNothing(body: String) async throws {
        let clock = ManualClock()
        try await TestShop.open(foreignWrites: .unnoticed, clock: CacheClock(clock)) { shop in
            let uris = ["/api/books/42", "/api/shelves/horror/top"]
            for uri in uris { #expect(try await shop.get(uri).status == 200) }
            #expect(try await shop.send(.post, "/api/cache/invalidate", body: body).status == 200)
            clock.advance(by: .seconds(7_200))
            try shop.catalogue.close()
            for uri in uris { #expect(try await shop.get(uri).status == 500, "\(uri)") }
        }
    }

    @Test func listInDemandIsMadeAnewBehindItsVisitors() async throws {
        let clock = ManualClock()
        try await TestShop.open(foreignWrites: .unnoticed, clock: CacheClock(clock)) { shop in
            let list = CachedKey.list(":stoker", "SearchListing")
            _ = try await shop.get("/api/search?q=stoker")
            clock.advance(by: .seconds(241))
            #expect(try await shop.get("/api/search?q=stoker").isHit)
            #expect(try await eventually { try await shop.explain(list, in: "searches").tiers.first?.age == 0 })
            #expect(try await shop.statistics().caches["searches"]?.refreshes == 1)
            // Past the end of the first, within the time of the second, and nobody has waited.
            clock.advance(by: .seconds(120))
            #expect(try await shop.get("/api/search?q=stoker").isHit)
            #expect(try await shop.statistics().caches["searches"]?.misses == 1)
        }
    }

    /// Absences are forgotten before books are.
    @Test func bookThatIsAddedAppearsWithinMinutes() async throws {
        let clock = ManualClock()
        try await TestShop.open(foreignWrites: .unnoticed, clock: CacheClock(clock)) { shop in
            for id in [42, 99_999] { _ = try await shop.get("/api/books/\(id)") }
            clock.advance(by: .seconds(301))
            #expect(try await shop.get("/api/books/42").isHit)
            #expect(try await shop.get("/api/books/99999").isHit == false)
        }
    }
}
