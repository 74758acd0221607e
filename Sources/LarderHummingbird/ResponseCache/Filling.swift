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
    /// Whether there is no right because the store could not be asked.
    private let storeIsAway: Bool
    private let lead: Lead?
    private let flights: PageFlights
    private let isOver = Atomic<Bool>(false)

    init(
        _ fill: OpenFill<StoredPage>?,
        _ current: ResponseCache.Found?,
        _ lead: Lead?,
        _ flights: PageFlights,
        storeIsAway: Bool = false
    ) {
        self.storeIsAway = storeIsAway
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

    /// Whether an answer is worth keeping: it can be stored, or handed to those who wait.
    var isOfUse: Bool { self.fill != nil || self.lead != nil && self.storeIsAway }

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
    ///   - variant: Which of its variants is the answer; `nil` where none is, and those who wait look again.
    ///   - ttl: How long it is kept.
    /// - Returns: What came of it.
    /// - Throws: ``CacheError``; those who wait have been told.
    func commit(_ page: StoredPage, variant: Int?, ttl: Duration) async throws -> OpenFill<StoredPage>.Outcome {
        guard self.takeEnd() else { return .unstorable }
        let answer = variant.map { PageLanding.stored(page, variant: $0) } ?? .again
        guard let fill = self.fill else {
            // With the store away, those who wait take it from here: no invalidation that they were told of can be newer. With the
            // store there, somebody else has the right to say what is true.
            self.land(self.storeIsAway ? answer : .unstorable)
            return .unstorable
        }
        // Who comes from now on looks into the store, which knows of invalidations that this process has not heard of.
        if let lead = self.lead { self.flights.close(lead.flight, lead.key) }
        do {
            let outcome = try await fill.commit(page, ttl: ttl)
            switch outcome {
            case .stored: self.land(answer)
            case .overtaken: self.land(.again)
            case .unstorable: self.land(.unstorable)
            }
            return outcome
        } catch {
            self.land(.unstorable)
            throw error
        }
    }

    private func takeEnd() -> Bool {
        !self.isOver.exchange(true, ordering: .acquiringAndReleasing)
    }
}
