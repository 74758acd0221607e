import HTTPTypes
import Hummingbird

/// What visitors looked at and how much was done, as JSON.
struct CountAPI: Sendable {
    let shop: Storefront

    func add(to group: RouterGroup<ShopContext>) {
        group.get("leaderboard") { request, context in
            let query = try QueryItems(request)
            let period = try query.period()
            guard let books = try await self.shop.mostViewed(query.limit(), period) else { throw Self.unavailable }
            return try LeaderboardBody(period: period.rawValue, books: books).response(from: request, context: context)
        }
        group.get("analytics") { request, context in
            guard let days = try await self.shop.lastDays() else { throw Self.unavailable }
            let body = AnalyticsBody(days: days.map(DayBody.init), skipped: self.shop.recorder.skipped)
            return try body.response(from: request, context: context)
        }
    }

    /// Zeros would look as if nobody had been here.
    private static var unavailable: HTTPError {
        HTTPError(
            .serviceUnavailable,
            headers: [.retryAfter: "1"],
            message: "The counters could not be reached. Please try again."
        )
    }
}

private struct LeaderboardBody: ResponseEncodable {
    let period: String
    let books: [RankedBook]
}

private struct AnalyticsBody: ResponseEncodable {
    let days: [DayBody]
    /// What this process could not count since its start.
    let skipped: Int
}

/// A day, with a number for each kind of event.
private struct DayBody: Encodable, Sendable {
    let counts: DayCounts

    init(_ counts: DayCounts) {
        self.counts = counts
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) {
            self.stringValue = stringValue
        }

        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        try container.encode(self.counts.day.text, forKey: Name(stringValue: "day"))
        try container.encode(self.counts.visitors, forKey: Name(stringValue: "visitors"))
        for event in CountedEvent.allCases {
            try container.encode(self.counts.events[event] ?? 0, forKey: Name(stringValue: event.rawValue))
        }
    }
}
