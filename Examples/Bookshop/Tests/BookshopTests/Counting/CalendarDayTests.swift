import Foundation
import Testing

@testable import Bookshop

@Suite struct CalendarDayTests {
    @Test(arguments: [
        ("2026-11-22T00:00:00Z", "2026-11-22"), ("2026-11-22T23:59:59Z", "2026-11-22"),
        ("2026-11-23T00:30:00+01:00", "2026-11-22"), ("1970-01-01T00:00:00Z", "1970-01-01"),
        ("1969-12-31T23:59:59Z", "1969-12-31"), ("2028-02-29T12:00:00Z", "2028-02-29"),
    ])
    func dayGoesFromMidnightToMidnightInUTC(moment: String, day: String) throws {
        #expect(CalendarDay(try Date(moment, strategy: .iso8601)).text == day)
    }

    @Test func lastDaysEndWithTheDayItself() throws {
        let day = CalendarDay(try Date("2026-03-02T08:00:00Z", strategy: .iso8601))
        #expect(day.last(4).map(\.text) == ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"])
        #expect(day.last(2)[0] < day)
    }
}
