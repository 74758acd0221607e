import Larder

/// What was counted on a day.
struct DayCounts: Codable, Sendable, Equatable {
    let day: CalendarDay
    /// About how many visitors there were.
    var visitors = 0
    var events: [CountedEvent: Int] = [:]
}

/// A book and how often it was looked at.
struct ViewedBook: Codable, Sendable, Equatable {
    /// Its place, from 1 on.
    let rank: Int
    let id: Int
    let views: Int
}

extension ShopCounts {
    private enum Number: Sendable {
        case visitors(Int)
        case event(CountedEvent, Int)
    }

    /// What was counted on each of the last days, the earliest first.
    ///
    /// All is read at once, which is about one round trip on Redis.
    ///
    /// - Parameter today: The last of the days.
    /// - Returns: ``days`` days.
    /// - Throws: `CacheError` where the store cannot be asked.
    func lastDays(until today: CalendarDay) async throws -> [DayCounts] {
        let days = today.last(Self.days)
        return try await withThrowingTaskGroup(of: (Int, Number).self) { group in
            for (index, day) in days.enumerated() {
                group.addTask { (index, .visitors(try await self.visitors(on: day).count())) }
                for event in CountedEvent.allCases {
                    group.addTask { (index, .event(event, try await self.counter(event, on: day).value())) }
                }
            }
            var counts = days.map { DayCounts(day: $0) }
            for try await (index, number) in group {
                switch number {
                case .visitors(let visitors): counts[index].visitors = visitors
                case .event(let event, let number): counts[index].events[event] = number
                }
            }
            return counts
        }
    }

    /// The most viewed books, on one day or ever.
    ///
    /// - Parameters:
    ///   - count: How many at most.
    ///   - day: The day; `nil` for all times.
    /// - Returns: The books, the most viewed first.
    /// - Throws: `CacheError` where the store cannot be asked.
    func mostViewed(_ count: Int, on day: CalendarDay?) async throws -> [ViewedBook] {
        let board = day.map { self.views(on: $0) } ?? self.views()
        return try await board.top(count).map { entry in
            ViewedBook(rank: entry.rank + 1, id: entry.member, views: Int(exactly: entry.score.rounded()) ?? 0)
        }
    }
}
