import Larder
import LarderHTTP
import Synchronization

/// The right to store an answer, and the duty to tell those who wait for it: ended once, by whatever comes first.
///
/// Where nobody ends it, as when a server drops an answer without sending it, its last reference does.
final class Filling: Sendable {
    /// The flight that this caller leads.
    struct Lead: Sendable {
        var flight: PageFlight
        var key: [UInt8]
    }

    /// The right to store; `nil` where the store gave none.
    let fill: OpenFill<StoredPage>?
    /// What was stored when the right was granted.
    let current: ResponseCache.Found?
    private let lead: Lead?
    private let flights: PageFlights
    private let isOver = Atomic<Bool>(false)

    init(
        _ fill: OpenFill<StoredPage>?,
        _ current: ResponseCache.Found?,
        _ lead: Lead?,
        _ flights: PageFlights
    ) {
        self.fill = fill
        self.current = current
        self.lead = lead
        self.flights = flights
    }

    deinit {
        guard self.takeEnd() else { return }
        self.fill?.abandon()
        self.land(.again)
    }

    /// Whether somebody may wait for what comes of it.
    var leads: Bool { self.lead != nil }

    /// Runs a part of the fill, so that what it fetches becomes a tag of the page.
    func run<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        if let fill = self.fill { return try await fill.run(body) }
        return try await body()
    }

    /// Ends without a stored answer.
    func end(_ landing: PageLanding) async {
        guard self.takeEnd() else { return }
        await self.fill?.giveUp()
        self.land(landing)
    }

    private func land(_ landing: PageLanding) {
        if let lead = self.lead { self.flights.land(lead.flight, lead.key, landing) }
    }

    /// Stores a page and tells those who wait.
    ///
    /// - Parameters:
    ///   - page: The page.
    ///   - variant: Which of its variants is the answer.
    ///   - ttl: How long it is kept.
    /// - Returns: Whether it was stored: not after an invalidation since the fill began.
    /// - Throws: ``CacheError``; those who wait have been told.
    func commit(_ page: StoredPage, variant: Int, ttl: Duration) async throws -> Bool {
        guard self.takeEnd() else { return false }
        guard let fill = self.fill else {
            // Nobody can store, so those who wait have to take it from here: the store is away.
            self.land(.stored(page, variant: variant))
            return false
        }
        do {
            let isStored = try await fill.commit(page, ttl: ttl)
            self.land(isStored ? .stored(page, variant: variant) : .again)
            return isStored
        } catch {
            self.land(.unstorable)
            throw error
        }
    }

    private func takeEnd() -> Bool {
        !self.isOver.exchange(true, ordering: .acquiringAndReleasing)
    }
}
