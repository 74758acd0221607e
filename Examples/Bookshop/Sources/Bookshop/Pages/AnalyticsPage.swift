/// How much was done in the shop in the last days.
struct AnalyticsPage: PageContent {
    static let template = "analytics"

    /// A number of today.
    struct Tile: Sendable {
        let name: String
        let value: String
    }

    struct Row: Sendable {
        let day: String
        let date: String
        let values: [String]
    }

    /// What is plotted: its name, and its number on a day.
    private struct Series {
        let id: String
        let name: String
        let value: (DayCounts) -> Int

        init(_ event: CountedEvent, _ name: String) {
            self.id = event.rawValue
            self.name = name
            self.value = { $0.events[event] ?? 0 }
        }

        private init(id: String, name: String, value: @escaping (DayCounts) -> Int) {
            self.id = id
            self.name = name
            self.value = value
        }

        static var all: [Series] {
            [
                Series(id: "visitors", name: "Visitors", value: \.visitors),
                Series(.pages, "Pages"),
                Series(.bookViews, "Book views"),
                Series(.searches, "Searches"),
                Series(.limitedSearches, "Refused searches"),
                Series(.apiCalls, "API calls"),
            ]
        }
    }

    /// Whether the numbers are known.
    let isKnown: Bool
    let days: Int
    let tiles: [Tile]
    let charts: [BarChart]
    let columns: [String]
    /// The days, today first.
    let rows: [Row]
    /// What this process could not count; `nil` where that is nothing.
    let skipped: String?

    /// - Parameters:
    ///   - days: What was counted, the earliest day first; `nil` where it is not known.
    ///   - skipped: What this process could not count since its start.
    init(_ days: [DayCounts]?, skipped: Int) {
        let known = days ?? []
        let series = Series.all
        self.isKnown = days != nil
        self.days = ShopCounts.days
        self.tiles =
            known.last.map { today in
                series.map { Tile(name: $0.name, value: grouped($0.value(today))) }
            } ?? []
        self.charts =
            known.isEmpty
            ? []
            : series.map { series in
                BarChart(id: series.id, title: series.name, values: known.map { ($0.day, series.value($0)) })
            }
        self.columns = series.map(\.name)
        self.rows = known.reversed().map { day in
            Row(day: dayInWords(day.day.text), date: day.day.text, values: series.map { grouped($0.value(day)) })
        }
        self.skipped = skipped > 0 ? grouped(skipped) : nil
    }
}
