import Larder

/// All that the shop counts and remembers of its visitors, in collections that all its processes share.
///
/// Each of them that belongs to a day or a visitor ends by itself. Nothing is remembered of a visitor but the books that the
/// random number in the cookie was shown.
struct ShopCounts: Sendable {
    /// How many days the analytics look back, today included.
    static let days = 14

    /// How many books are remembered of a visitor.
    static let trailLength = 12

    private let collections: Collections

    init(_ collections: Collections) {
        self.collections = collections
    }

    // MARK: Collections

    /// What belongs to a day lives a day longer than anybody looks back.
    private static let dayLifetime = CollectionLifetime.fixed(.days(days + 1))

    /// How often something happened on a day.
    func counter(_ event: CountedEvent, on day: CalendarDay) -> SharedCounter {
        self.collections.counter(Self.counterName(event, on: day), lifetime: Self.dayLifetime)
    }

    /// Adds to counters of days, in one round trip.
    ///
    /// - Parameter deltas: The counters' names with what to add.
    /// - Returns: What became of each.
    /// - Throws: `CacheError`.
    func addToCounters(_ deltas: [String: Int]) async throws -> [String: Result<Int, CacheError>] {
        try await self.collections.incrementMany(deltas, lifetime: Self.dayLifetime)
    }

    /// What the counter of an event on a day is called.
    static func counterName(_ event: CountedEvent, on day: CalendarDay) -> String {
        "\(event.rawValue):\(day.text)"
    }

    /// About how many visitors there were on a day.
    func visitors(on day: CalendarDay) -> DistinctCount<String> {
        self.collections.distinctCount("visitors:\(day.text)", lifetime: Self.dayLifetime)
    }

    /// How often each book was looked at, ever.
    func views() -> Leaderboard<Int> {
        // As many members as there are books, at most.
        self.collections.leaderboard("views")
    }

    /// How often each book was looked at on a day.
    func views(on day: CalendarDay) -> Leaderboard<Int> {
        self.collections.leaderboard("views:\(day.text)", lifetime: .fixed(.days(2)))
    }

    /// The books that a visitor has looked at.
    ///
    /// The score is the moment. So a book is there once, at its last time, and when there are too many, the one that was
    /// looked at longest ago leaves; all that in one step, which a list would need two for.
    ///
    /// - Parameters:
    ///   - visitor: The visitor's number.
    ///   - isReturning: Whether the cookie has come back. Until then the trail ends soon: crawlers that keep no cookies leave
    ///     one with each page.
    /// - Returns: The trail.
    func trail(of visitor: String, isReturning: Bool) -> Leaderboard<Int> {
        self.collections.leaderboard(
            "recent:\(visitor)",
            lifetime: .sliding(isReturning ? .days(30) : .hours(1)),
            limit: Self.trailLength
        )
    }
}
