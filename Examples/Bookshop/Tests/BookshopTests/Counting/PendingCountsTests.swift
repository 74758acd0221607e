import Foundation
import Testing

@testable import Bookshop

@Suite struct PendingCountsTests {
    private static let noon = Date(timeIntervalSince1970: 1_800_000_000)
    private static let today = CalendarDay(noon)
    private static let ada = Visitor(id: "a", isReturning: false)

    @Test func whatHappensAgainIsAddedUp() {
        var counts = PendingCounts()
        for seconds in 0..<100 {
            let isNoted = counts.add(.book(42), at: Self.noon + Double(seconds), limit: 10)
            #expect(isNoted)
        }
        #expect(counts.happenings == 100)
        #expect(counts.events == [.init(day: Self.today, event: .bookViews): 100])
        #expect(counts.views == [.init(day: Self.today, book: 42): 100])
        #expect(counts.size == 2)
    }

    @Test func daysAreCountedApart() {
        var counts = PendingCounts()
        for day in 0...1 { _ = counts.add(.search, at: Self.noon + Double(day * 86_400), limit: 10) }
        #expect(counts.events.count == 2 && counts.events.values.allSatisfy { $0 == 1 })
    }

    @Test func visitorIsMetOnceADayWhetherNewOrNot() {
        var counts = PendingCounts()
        _ = counts.add(.page(Self.ada), at: Self.noon, limit: 10)
        _ = counts.add(.page(Visitor(id: "a", isReturning: true)), at: Self.noon, limit: 10)
        _ = counts.add(.page(nil), at: Self.noon, limit: 10)
        #expect(counts.visitors == [Self.today: ["a"]])
        #expect(counts.events == [.init(day: Self.today, event: .pages): 3])
        #expect(counts.size == 2)
    }

    @Test func whatFindsNoRoomIsRefusedAndNotKept() {
        var counts = PendingCounts()
        var refused = 0
        for id in 1...1_000 where !counts.add(.book(id), at: Self.noon, limit: 50) { refused += 1 }
        // One that fits begins with room for one thing and may take up to two.
        #expect((50...51).contains(counts.size))
        #expect(counts.views.count == counts.happenings && refused == 1_000 - counts.happenings)
    }
}
