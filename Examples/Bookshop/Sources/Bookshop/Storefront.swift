import Foundation
import Larder
import LarderHummingbird
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
    let searchLimits: SearchLimits
    let accounts: Accounts
    /// Holds whoever tries passwords to a few a minute; tells nobody whether one was right while it cannot count.
    let passwordLimiter: RateLimiter
    /// Holds the tries of passwords for one name to a few an hour, from however many addresses.
    let nameLimiter: RateLimiter
    /// What the shop remembers of each visitor.
    let sessions: Sessions
    /// Whole pages, in the cache of the books that they show, so that they fall with them.
    let pages: ResponseCache
    /// What counts are asked for through.
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
    ///   - passwordCost: How much work it is to guess a password.
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
        passwordCost: PasswordHash.Cost = .init(),
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
        self.searchLimits = try SearchLimits(
            settings.searchLimits,
            on: store,
            behind: settings.trustedProxies,
            recorder: self.recorder
        )
        self.accounts = Accounts(database: self.repository.books, cost: passwordCost)
        self.passwordLimiter = try store.limiter([.perMinute(10), .perHour(100)], onUnavailable: .denying)
        self.nameLimiter = try store.limiter([.perHour(20)], onUnavailable: .denying)
        // Who cannot be recognised is a stranger, and the shop is open to strangers.
        let remembering = SessionConfiguration(expiry: SessionTimes.visitor, onUnavailable: .anonymous)
        self.sessions = Sessions(self.caches.sessions, remembering, clock: clock)
        self.pages = ResponseCache(self.caches.books, options: PageCaching.options(clock: clock))
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
