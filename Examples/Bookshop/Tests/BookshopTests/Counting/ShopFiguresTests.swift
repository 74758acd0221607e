import Foundation
import Larder
import Logging
import Testing

@testable import Bookshop

@Suite struct ShopFiguresTests {
    private struct Down: Error {}

    @Test func figuresFromTheCacheSayNothingOfTheCountsTheyWereMadeOf() async throws {
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        let breaker = StoreBreaker(rest: .seconds(600), logger: logger)
        let figures = ShopFigures(
            cache: Cache(.memory(entries: 100), namespace: "figures"),
            counts: ShopCounts(Collections(.memory(), namespace: "counts")),
            breaker: breaker
        )
        let (today, before) = (CalendarDay(Date()), CalendarDay(Date() - 86_400))
        #expect(try await figures.visitors(on: today) == 0)
        let failed: Int? = try await breaker.ask { throw Down() }
        #expect(failed == nil)
        // What is cached is there all the same, and does not end the rest.
        #expect(try await figures.visitors(on: today) == 0)
        await #expect(throws: ShopFigures.Unavailable.self) { try await figures.visitors(on: before) }
    }
}
