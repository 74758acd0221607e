import HTTPTypes
import Larder
import LarderHummingbird
import LarderTesting
import Testing

@testable import Bookshop

/// Who searches too much, in memory and on Redis alike.
@Suite(.timeLimit(.minutes(3))) struct SearchLimitTests {
    @Test(arguments: ShopPlace.allCases)
    func searchThatIsOneTooManyIsRefusedOnPageAndAPI(place: ShopPlace) async throws {
        try await place.open(searchLimits: .init(perMinute: 1, burst: 3)) { shop in
            for uri in ["/search?q=austen", "/api/search?q=austen", "/search?q=stoker"] {
                #expect(try await shop.get(uri).status == 200)
            }
            let page = try await shop.get("/search?q=austen")
            #expect(page.status == 429)
            let seconds = try #require(page.header(.retryAfter).flatMap { Int($0) })
            #expect((1...60).contains(seconds))
            #expect(page.header(.contentType) == "text/html; charset=utf-8")
            #expect(page.text.contains("<h1>One moment, please</h1>"))
            let wait = seconds == 1 ? "a second" : "\(seconds) seconds"
            #expect(page.text.contains("You can search again in \(wait);"))

            let call = try await shop.get("/api/search?q=austen")
            #expect(call.status == 429)
            #expect(call.header(.retryAfter).flatMap { Int($0) } != nil)
            #expect(try call.errorMessage().hasPrefix("That was too much at once. Please try again in "))
            // Everything else is open, and what is no search costs none.
            for uri in ["/", "/books/42", "/api/shelves"] { #expect(try await shop.get(uri).status == 200) }
            #expect(try await shop.get("/search").status == 400)
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func visitorsWithCookiesHaveBucketsOfTheirOwn(place: ShopPlace) async throws {
        try await place.open(searchLimits: .init(perMinute: 1, burst: 2)) { shop in
            let (ada, bob) = (try await shop.visit(), try await shop.visit())
            for visitor in [ada, bob] {
                for _ in 1...2 { #expect(try await shop.get("/search?q=austen", as: visitor).status == 200) }
                #expect(try await shop.get("/search?q=austen", as: visitor).status == 429)
                #expect(try await shop.get("/api/search?q=austen", as: visitor).status == 429)
            }
        }
    }

    /// Everybody gets a new cookie for the asking, one for each search if need be.
    @Test(arguments: ShopPlace.allCases)
    func newCookiesDoNotGetAnybodyAroundTheLimitOfTheAddress(place: ShopPlace) async throws {
        try await place.open(searchLimits: .init(perMinute: 60, burst: 20, addressHourly: 5)) { shop in
            var statuses: [Int] = []
            for number in 1...8 {
                let visitor = try await shop.visit("/books/\(number)")
                statuses.append(try await shop.get("/search?q=austen", as: visitor).status)
            }
            #expect(statuses == [200, 200, 200, 200, 200, 429, 429, 429])
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func madeUpCookieIsNone(place: ShopPlace) async throws {
        try await place.open(searchLimits: .init(perMinute: 1, burst: 3)) { shop in
            var statuses: [Int] = []
            for number in 1...5 {
                let id = String(repeating: "0", count: 31) + "\(number)"
                let cookie = "session=\(id)"
                statuses.append(try await shop.get("/search?q=austen", as: TestVisitor(cookie: cookie)).status)
            }
            // All of them are the address.
            #expect(statuses == [200, 200, 200, 429, 429])
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func refusedVisitorUsesUpNothingOfWhatTheAddressShares(place: ShopPlace) async throws {
        try await place.open(searchLimits: .init(perMinute: 1, burst: 2, addressHourly: 4)) { shop in
            let (ada, bob) = (try await shop.visit(), try await shop.visit())
            var statuses: [Int] = []
            for _ in 1...10 { statuses.append(try await shop.get("/search?q=austen", as: ada).status) }
            for _ in 1...2 { statuses.append(try await shop.get("/search?q=austen", as: bob).status) }
            #expect(statuses == [200, 200] + Array(repeating: 429, count: 8) + [200, 200])
        }
    }

    @Test func behindAProxyEachClientHasALimitOfItsOwn() async throws {
        try await TestShop.open(
            searchLimits: .init(perMinute: 1, burst: 1),
            trustedProxies: .hops(1)
        ) { shop in
            let callers = ["192.0.2.1", "192.0.2.1", "6.6.6.6, 192.0.2.1", "192.0.2.2", "192.0.2.1, 192.0.2.3"]
            var statuses: [Int] = []
            for caller in callers {
                statuses.append(try await shop.get("/api/search?q=austen", forwardedFor: caller).status)
            }
            #expect(statuses == [200, 429, 429, 200, 200])
        }
    }

    @Test func withoutTrustNobodyChoosesAnAddress() async throws {
        try await TestShop.open(searchLimits: .init(perMinute: 1, burst: 1)) { shop in
            var statuses: [Int] = []
            for caller in ["192.0.2.1", "192.0.2.2"] {
                statuses.append(try await shop.get("/api/search?q=austen", forwardedFor: caller).status)
            }
            #expect(statuses == [200, 429])
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func hourlyLimitHoldsTogetherWithTheBucket(place: ShopPlace) async throws {
        try await place.open(searchLimits: .init(perMinute: 1_000, burst: 100, hourly: 4)) { shop in
            for _ in 1...4 { #expect(try await shop.get("/api/search?q=austen").status == 200) }
            let refused = try await shop.get("/api/search?q=austen")
            #expect(refused.status == 429)
            let seconds = try #require(refused.header(.retryAfter).flatMap { Int($0) })
            #expect((3_000...3_600).contains(seconds))
            #expect(try refused.errorMessage().hasSuffix(" minutes."))
        }
    }

    @Test func bucketFillsAgain() async throws {
        let clock = ManualClock()
        try await TestShop.open(
            searchLimits: .init(perMinute: 6, burst: 1),
            clock: CacheClock(clock)
        ) { shop in
            #expect(try await shop.get("/api/search?q=austen").status == 200)
            let refused = try await shop.get("/api/search?q=austen")
            #expect(refused.status == 429 && refused.header(.retryAfter) == "10")
            clock.advance(by: .seconds(9))
            #expect(try await shop.get("/api/search?q=austen").header(.retryAfter) == "1")
            clock.advance(by: .seconds(1))
            #expect(try await shop.get("/api/search?q=austen").status == 200)
        }
    }

    @Test func withoutLimitsNobodyIsRefused() async throws {
        try await TestShop.open(searchLimits: nil) { shop async throws in
            for _ in 1...50 { #expect(try await shop.get("/api/search?q=austen").status == 200) }
        }
    }
}
