import Foundation
import Testing

@testable import Bookshop

@Suite struct BarChartTests {
    private static func chart(_ values: [Int]) throws -> BarChart {
        let today = CalendarDay(try Date("2026-11-22T12:00:00Z", strategy: .iso8601))
        return BarChart(id: "searches", title: "Searches", values: Array(zip(today.last(values.count), values)))
    }

    @Test(arguments: [
        (0, 2), (1, 2), (2, 2), (3, 5), (6, 10), (10, 10), (11, 20), (51, 100), (4_999, 5_000), (5_001, 10_000),
        (Int.max, Int.max),
    ])
    func axisEndsWithARoundNumber(value: Int, ceiling: Int) {
        #expect(BarChart.ceiling(above: value) == ceiling)
    }

    @Test func barsAreAsHighAsTheirNumbers() throws {
        let chart = try Self.chart([0, 50, 100])
        let heights = try chart.bars.map { try #require(Double($0.height)) }
        #expect(heights[0] == 0 && heights[1] * 2 == heights[2])
        let top = try #require(Double(chart.bars[2].y))
        #expect(chart.lines.map(\.label) == ["0", "50", "100"])
        #expect(Double(chart.lines[2].y) == top)
        #expect(chart.bars.map(\.isToday) == [false, false, true])
        #expect(chart.bars[1].meaning == "21 November 2026: 50")
    }

    @Test func oneAmongThousandsIsSeen() throws {
        let chart = try Self.chart([1, 100_000])
        let height = try #require(Double(chart.bars[0].height))
        #expect(height > 1)
    }

    @Test func plotIsToldInWords() throws {
        let chart = try Self.chart([1, 1_200, 7])
        let text = "A bar for each of the last 3 days: 1,208 in all, most on 21 November 2026 with 1,200, today 7."
        #expect(chart.description == text)
        #expect(try Self.chart([0, 0]).description == "Nothing in the last 2 days.")
    }

    @Test func someDaysAreNamedAndTodayAmongThem() throws {
        let chart = try Self.chart(Array(repeating: 1, count: 14))
        #expect(chart.days.map(\.text) == ["10 Nov", "14 Nov", "18 Nov", "22 Nov"])
        let bars = chart.bars.map { (Double($0.x) ?? -1) + (Double($0.width) ?? 0) }
        #expect(bars.allSatisfy { $0 > 0 && $0 <= 420 } && bars == bars.sorted())
    }
}
