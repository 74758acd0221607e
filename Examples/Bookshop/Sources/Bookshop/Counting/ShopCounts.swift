import Larder

/// All that the shop counts, in collections that all its processes share.
///
/// Each of them that belongs to a day ends by itself.
struct ShopCounts: Sendable {
    /// How many days the analytics look back, today included.
    static let days = 14

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
}
