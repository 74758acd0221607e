import HTTPTypes
import Larder
import LarderTesting
import Testing

@testable import Bookshop

/// A database that fails behind a cache whose values have got old.
@Suite(.timeLimit(.minutes(2))) struct StaleTests {
    private static let uris = [
        "/api/books/42", "/api/shelves", "/api/shelves/horror/top", "/api/books?shelf=horror", "/api/search?q=stoker",
        "/books/42", "/shelves/horror", "/search?q=stoker&shelf=horror",
    ]

    @Test(arguments: Self.uris)
    func staleAnswersStandInForADatabaseThatFails(uri: String) async throws {
        let clock = ManualClock()
        try await TestShop.open(clock: CacheClock(clock)) { shop in
            let fresh = try await shop.get(uri)
            clock.advance(by: .seconds(7_200))
            try shop.catalogue.close()

            let answer = try await shop.get(uri)
            #expect(answer.status == 200)
            let status = try #require(answer.cacheStatus)
            let match = try #require(status.wholeMatch(of: /Larder; hit; ttl=(-\d+); detail=stale/), "\(status)")
            let ttl = try #require(Int(match.1))
            // Two hours less what it was fresh for: an hour for books, five minutes for lists, and up to a tenth less.
            #expect((-6_930 ... -3_600).contains(ttl))
            if uri.hasPrefix("/api") {
                #expect(answer.text == fresh.text)
            } else {
                #expect(answer.text.contains("past its time, because the database did not answer in time"))
            }
            let statistics = try await shop.get("/api/stats").decode(StatisticsAnswer.self)
            #expect(statistics.staleServes >= 1 && statistics.stale >= 1 && statistics.failedFills >= 1)
            #expect(statistics.entries == 0)
        }
    }

    @Test func oldValueThatIsFetchedAnewIsNoMiss() async throws {
        let clock = ManualClock()
        try await TestShop.open(clock: CacheClock(clock)) { shop async throws in
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

    /// What a list is made of can be old while there is no list yet.
    @Test func oldRowDoesNotMakeAMissLookStale() async throws {
        let clock = ManualClock()
        try await TestShop.open(clock: CacheClock(clock)) { shop async throws in
            _ = try await shop.get("/api/shelves/horror/top")
            clock.advance(by: .seconds(7_200))
            #expect(try await shop.get("/api/books?shelf=horror").cacheStatus == "Larder; fwd=miss; stored")
            let statistics = try await shop.get("/api/stats").decode(StatisticsAnswer.self)
            #expect(statistics.stale == 1)
        }
    }

    /// A database that hangs keeps nobody waiting who can have an old answer, and its answer is stored when it comes.
    @Test func staleAnswerStandsInForADatabaseThatIsSlow() async throws {
        let clock = ManualClock()
        try await TestShop.open(clock: CacheClock(clock)) { shop in
            _ = try await shop.get("/api/books/42")
            let book = try #require(try await shop.catalogue.book(42))
            clock.advance(by: .seconds(7_200))

            let (opened, open) = AsyncStream.makeStream(of: Never.self)
            let slow = Task {
                try await shop.repository.cache.larder.fetch(.book(42), tags: ["book:42"], policy: .rows) {
                    () -> Book? in
                    for await _ in opened {}
                    return book
                }
            }
            func explanation() async throws -> ExplanationAnswer {
                try await shop.get("/api/cache/explain?key=book:42").decode(ExplanationAnswer.self)
            }
            while try await explanation().waiters != 1 { await Task.yield() }
            #expect(try await explanation().tiers.first?.state == "stale")
            let visitor = Task { try await shop.get("/api/books/42") }
            while try await explanation().waiters != 2 { await Task.yield() }
            // The fill's own timer, and the patience of the two.
            try await clock.waitForSleepers(3)
            clock.advance(by: .milliseconds(500))
            let answer = try await visitor.value
            #expect(answer.status == 200)
            #expect(answer.cacheStatus?.hasSuffix("; detail=stale") == true)
            #expect(try await slow.value == book)

            open.finish()
            while try await explanation().tiers.first?.state != "fresh" { await Task.yield() }
            #expect(try await shop.get("/api/books/42").isHit)
            let statistics = try await shop.get("/api/stats").decode(StatisticsAnswer.self)
            #expect(statistics.staleServes == 2 && statistics.failedFills == 0)
        }
    }

    @Test func afterADayNothingStandsIn() async throws {
        let clock = ManualClock()
        try await TestShop.open(clock: CacheClock(clock)) { shop in
            _ = try await shop.get("/api/books/42")
            clock.advance(by: .seconds(3_600 + 86_401))
            try shop.catalogue.close()
            #expect(try await shop.get("/api/books/42").status == 500)
        }
    }

    /// What somebody has called wrong is not served for want of something better.
    @Test(arguments: [#"{"tags": ["book:42"]}"#, #"{"keys": ["book:42", "top:horror"]}"#, #"{"all": true}"#])
    func whatWasInvalidatedStandsInForNothing(body: String) async throws {
        let clock = ManualClock()
        try await TestShop.open(clock: CacheClock(clock)) { shop in
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
        try await TestShop.open(clock: CacheClock(clock)) { shop in
            _ = try await shop.get("/api/shelves/horror/top")
            let reads = shop.catalogue.reads
            clock.advance(by: .seconds(241))
            #expect(try await shop.get("/api/shelves/horror/top").isHit)
            while shop.catalogue.reads == reads { await Task.yield() }
            while true {
                let statistics = try await shop.get("/api/stats").decode(StatisticsAnswer.self)
                #expect(statistics.refreshes == 1)
                let answer = try await shop.get("/api/cache/explain?key=top:horror").decode(ExplanationAnswer.self)
                if answer.tiers.first?.age == 0 { break }
                await Task.yield()
            }
            // Past the end of the first, within the time of the second, and nobody has waited.
            clock.advance(by: .seconds(120))
            #expect(try await shop.get("/api/shelves/horror/top").isHit)
            #expect(try await shop.get("/api/stats").decode(StatisticsAnswer.self).misses == 2)
        }
    }

    /// Absences are forgotten before books are.
    @Test func bookThatIsAddedAppearsWithinMinutes() async throws {
        let clock = ManualClock()
        try await TestShop.open(clock: CacheClock(clock)) { shop in
            for id in [42, 99_999] { _ = try await shop.get("/api/books/\(id)") }
            clock.advance(by: .seconds(301))
            #expect(try await shop.get("/api/books/42").isHit)
            #expect(try await shop.get("/api/books/99999").isHit == false)
        }
    }
}
