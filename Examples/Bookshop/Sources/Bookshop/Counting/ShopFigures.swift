import Larder
import LarderMacros

/// What was counted, as pages show it: from the cache `figures`, so that a busy page does not add it all up each time.
///
/// The figures may be as old as that cache's ttl, a few seconds.
struct ShopFigures: Sendable {
    /// The counts were not asked for, or gave no answer.
    struct Unavailable: Error {}

    let cache: Cache
    let counts: ShopCounts
    /// What counts are asked for through: what comes from the cache says nothing of their store.
    let breaker: StoreBreaker

    /// About how many visitors there were on a day.
    @Cached(in: \ShopFigures.cache, key: #"visitors:\(day.text)"#)
    func visitors(on day: CalendarDay) async throws -> Int {
        try await self.ask { try await self.counts.visitors(on: day).count() }
    }

    /// What was counted on each of the last days, the earliest first.
    @Cached(in: \ShopFigures.cache, key: #"days:\(day.text)"#)
    func lastDays(until day: CalendarDay) async throws -> [DayCounts] {
        try await self.ask { try await self.counts.lastDays(until: day) }
    }

    /// The most viewed books, on one day or ever.
    @Cached(in: \ShopFigures.cache, key: #"views:\(day?.text ?? "all"):\(count)"#)
    func mostViewed(_ count: Int, on day: CalendarDay?) async throws -> [ViewedBook] {
        try await self.ask { try await self.counts.mostViewed(count, on: day) }
    }

    private func ask<Answer: Sendable>(_ body: () async throws -> Answer) async throws -> Answer {
        guard let answer = try await self.breaker.ask(body) else { throw Unavailable() }
        return answer
    }
}
