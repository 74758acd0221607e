import Foundation

/// What is to be counted and was not written yet: what happened, added up.
///
/// Adding up keeps it small. A book that a thousand visitors look at in a moment is one addition of a thousand.
struct PendingCounts: Sendable {
    struct DayEvent: Hashable, Sendable {
        let day: CalendarDay
        let event: CountedEvent
    }

    struct DayBook: Hashable, Sendable {
        let day: CalendarDay
        let book: Int
    }

    private(set) var events: [DayEvent: Int] = [:]
    private(set) var views: [DayBook: Int] = [:]
    private(set) var visitors: [CalendarDay: Set<String>] = [:]

    /// How many things happened that are in here.
    private(set) var happenings = 0

    /// How many different things there are to be written: what takes memory.
    private(set) var size = 0

    /// Adds what happened.
    ///
    /// - Parameters:
    ///   - happening: What happened.
    ///   - moment: When.
    ///   - limit: How many different things may be in here.
    /// - Returns: Whether there was room for it.
    mutating func add(_ happening: Happening, at moment: Date, limit: Int) -> Bool {
        // A few are added at a time, so it can become that few too large, and no more.
        guard self.size < limit else { return false }
        let day = CalendarDay(moment)
        switch happening {
        case .page(let visitor):
            self.count(.pages, on: day)
            if let visitor { self.meet(visitor, on: day) }
        case .book(let id):
            self.count(.bookViews, on: day)
            self.view(id, on: day)
        case .search:
            self.count(.searches, on: day)
        case .limitedSearch:
            self.count(.limitedSearches, on: day)
        case .apiCall(let visitor):
            self.count(.apiCalls, on: day)
            if let visitor { self.meet(visitor, on: day) }
        }
        self.happenings += 1
        return true
    }

    private mutating func count(_ event: CountedEvent, on day: CalendarDay) {
        let key = DayEvent(day: day, event: event)
        if self.events[key] == nil { self.size += 1 }
        self.events[key, default: 0] += 1
    }

    private mutating func view(_ book: Int, on day: CalendarDay) {
        let key = DayBook(day: day, book: book)
        if self.views[key] == nil { self.size += 1 }
        self.views[key, default: 0] += 1
    }

    private mutating func meet(_ visitor: Visitor, on day: CalendarDay) {
        if self.visitors[day, default: []].insert(visitor.id).inserted { self.size += 1 }
    }
}
