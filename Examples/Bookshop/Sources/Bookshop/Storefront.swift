import Foundation
import Larder
import LarderSQLite
import Logging
import ServiceLifecycle

/// All that the shop's routes work with, on one catalogue and its caches.
struct Storefront: Sendable {
    let caches: ShopCaches
    let repository: BookRepository
    let counts: ShopCounts
    let figures: ShopFigures
    let recorder: EventRecorder
    let searchLimiter: SearchLimiter
    /// What counts and limits are asked for through.
    let breaker: StoreBreaker
    /// What time it is; days are counted by it.
    let now: @Sendable () -> Date
    /// What has to run while the shop is open, in the order of starting.
    let services: [any Service]

    /// Puts the shop together.
    ///
    /// - Parameters:
    ///   - catalogue: The books.
    ///   - caches: What stands before them, and before what is counted.
    ///   - settings: How often anybody may search, and whether shelves are warmed.
    ///   - logger: Where an unavailable store is reported.
    ///   - clock: What goes by for limits in memory.
    ///   - foreignWrites: How changes of the catalogue are noticed that other processes make.
    ///   - now: What time it is.
    ///   - onWarming: Told how the warming of the shelves goes, in sentences.
    /// - Throws: `DatabaseError` where the catalogue cannot be read; `CacheError` for limits that are none.
    init(
        catalogue: Catalogue,
        caches: ShopCaches,
        settings: Settings,
        logger: Logger,
        clock: CacheClock = .system,
        foreignWrites: CachedDatabaseOptions.ForeignWrites = .every(.milliseconds(50)),
        now: @escaping @Sendable () -> Date = { Date() },
        onWarming: @escaping @Sendable (WarmingReport) -> Void = { _ in }
    ) throws {
        self.caches = caches
        self.repository = try BookRepository(
            catalogue,
            self.caches,
            CachedDatabaseOptions(foreignWrites: foreignWrites, logger: logger)
        )
        let store = ShopStore(besides: self.caches, clock: clock)
        self.breaker = StoreBreaker(logger: logger)
        self.now = now
        self.counts = ShopCounts(store.collections())
        self.figures = ShopFigures(cache: self.caches.figures, counts: self.counts, breaker: self.breaker)
        self.recorder = EventRecorder(self.counts, through: self.breaker, now: now)
        self.searchLimiter = try SearchLimiter(settings.searchLimits, on: store, through: self.breaker)
        // They stop in the reverse order: what is still to be counted, and what has changed, is written while there is
        // a store.
        var services: [any Service] = [
            self.caches.all, self.repository.books, self.repository.searches, self.recorder,
        ]
        if settings.warmsShelves {
            services.append(ShelfWarming(self.repository, logger: logger, tell: onWarming))
        }
        self.services = services
    }

    var today: CalendarDay { CalendarDay(self.now()) }

    // MARK: What is counted

    // Of all these, `nil` is the answer while the store gives none.

    /// About how many visitors there were today.
    func visitorsToday() async throws -> Int? {
        try await Self.ifAvailable { try await self.figures.visitors(on: self.today) }
    }

    /// What was counted on each of the last days, the earliest first.
    func lastDays() async throws -> [DayCounts]? {
        try await Self.ifAvailable { try await self.figures.lastDays(until: self.today) }
    }

    private static func ifAvailable<Figures>(_ figures: () async throws -> Figures) async throws -> Figures? {
        do {
            return try await figures()
        } catch is ShopFigures.Unavailable {
            return nil
        }
    }

    /// The most viewed books of a period, with what they are called.
    ///
    /// - Parameters:
    ///   - count: How many at most.
    ///   - period: The period.
    /// - Returns: The books, the most viewed first.
    /// - Throws: What the catalogue throws.
    func mostViewed(_ count: Int, _ period: ViewPeriod) async throws -> [RankedBook]? {
        let day = period == .today ? self.today : nil
        guard let viewed = try await Self.ifAvailable({ try await self.figures.mostViewed(count, on: day) }) else {
            return nil
        }
        let books = try await self.repository.summaries(of: viewed.map(\.id))
        return viewed.compactMap { viewed in
            books[viewed.id].map { RankedBook(rank: viewed.rank, book: $0, views: viewed.views) }
        }
    }

    /// What a visitor has looked at, the latest first; nothing while that is not known.
    ///
    /// - Parameters:
    ///   - visitor: The visitor.
    ///   - id: A book that is on the page anyway.
    /// - Returns: The books.
    /// - Throws: What the catalogue throws.
    func recentlyViewed(by visitor: Visitor?, besides id: Int? = nil) async throws -> [BookSummary] {
        // Who is new has looked at nothing.
        guard let visitor, visitor.isReturning else { return [] }
        let viewed = try await self.breaker.ask { try await self.counts.recentlyViewed(by: visitor) } ?? []
        let ids = viewed.filter { $0 != id }
        let books = try await self.repository.summaries(of: ids)
        return ids.compactMap { books[$0] }
    }
}

/// The time over which views are ranked.
enum ViewPeriod: String, CaseIterable, Sendable {
    case all
    case today
}

/// A book at its place among the most viewed.
struct RankedBook: Sendable, Encodable {
    let rank: Int
    let book: BookSummary
    let views: Int
}
