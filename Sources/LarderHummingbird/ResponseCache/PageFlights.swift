import Larder
import LarderHTTP
import Synchronization

/// What came of a flight.
enum PageLanding: Sendable {
    /// The answer is stored.
    case stored(StoredPage, variant: Int)
    /// The answer may not be stored: those who waited ask for themselves, all at once.
    case unstorable
    /// There was no answer, or it was overtaken by an invalidation: those who waited begin again.
    case again
    /// It takes longer than anybody waits.
    case timedOut
}

/// One request to the origin, and those who wait for its answer.
final class PageFlight: Sendable {
    private struct State {
        var landing: PageLanding?
        var waiting: [Int: CheckedContinuation<PageLanding, Never>] = [:]
        var lastSeat = 0
        var timer: Task<Void, Never>?
    }

    private let state = Mutex(State())

    /// How many invalidations had been made through the cache when the flight began.
    let partings: UInt64

    init(partings: UInt64) {
        self.partings = partings
    }

    /// How many wait.
    var waiters: Int { self.state.withLock { $0.waiting.count } }

    /// Waits for the end of the flight; a caller that is cancelled gets ``PageLanding/timedOut``.
    ///
    /// - Parameters:
    ///   - longest: How long anybody waits, counted from the first who does.
    ///   - clock: What it is counted by.
    /// - Returns: What came of it.
    func wait(longest: Duration, _ clock: CacheClock) async -> PageLanding {
        let seat = self.takeSeat(longest, clock)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let landing = self.state.withLock { state -> PageLanding? in
                    if let landing = state.landing { return landing }
                    if Task.isCancelled { return .timedOut }
                    state.waiting[seat] = continuation
                    return nil
                }
                if let landing { continuation.resume(returning: landing) }
            }
        } onCancel: {
            self.state.withLock { $0.waiting.removeValue(forKey: seat) }?.resume(returning: .timedOut)
        }
    }

    /// One timer for all, and none for a flight that nobody joins.
    private func takeSeat(_ longest: Duration, _ clock: CacheClock) -> Int {
        self.state.withLock { state in
            state.lastSeat += 1
            if state.timer == nil, state.landing == nil {
                let deadline = clock.now.advanced(by: longest)
                // Ends with the flight, which cancels it.
                state.timer = Task { [weak self] in
                    guard (try? await clock.sleep(until: deadline)) != nil else { return }
                    self?.stopWaiting()
                }
            }
            return state.lastSeat
        }
    }

    private func stopWaiting() {
        let waiting = self.state.withLock { state in
            state.timer = nil
            defer { state.waiting = [:] }
            return state.waiting
        }
        for waiter in waiting.values { waiter.resume(returning: .timedOut) }
    }

    /// Tells all who wait, and all who come, what came of it; only the first time counts.
    ///
    /// - Returns: Whether it was the first time.
    @discardableResult
    func land(_ landing: PageLanding) -> Bool {
        let waiting = self.state.withLock { state -> [Int: CheckedContinuation<PageLanding, Never>]? in
            guard state.landing == nil else { return nil }
            state.landing = landing
            state.timer?.cancel()
            defer { state.waiting = [:] }
            return state.waiting
        }
        for waiter in (waiting ?? [:]).values { waiter.resume(returning: landing) }
        return waiting != nil
    }
}

/// The flights of one cache, and what it remembers of pages from earlier ones.
final class PageFlights: Sendable {
    private struct State {
        var flights: [[UInt8]: PageFlight] = [:]
        /// Until when pages are asked for by everybody at once, since their answers could not be stored.
        var uncacheable: [[UInt8]: CacheInstant] = [:]
        /// Pages whose refresh has failed.
        var backoffs: [[UInt8]: RefreshBackoff] = [:]
    }

    private let state = Mutex(State())

    /// How many pages are remembered of each kind; who attacks with random addresses makes it forget, and no more.
    private static let mostRemembered = 4_096

    /// How many flights are under way.
    var count: Int { self.state.withLock { $0.flights.count } }

    /// Joins the flight of this name, or begins one.
    ///
    /// - Parameters:
    ///   - key: The name.
    ///   - partings: How many invalidations have been made through the cache; a flight from before one is not joined.
    /// - Returns: The flight, and whether the caller leads it.
    func joinOrLead(_ key: [UInt8], partings: UInt64) -> (flight: PageFlight, isLeader: Bool) {
        self.state.withLock { state in
            if let flight = state.flights[key], flight.partings == partings { return (flight, false) }
            let flight = PageFlight(partings: partings)
            state.flights[key] = flight
            return (flight, true)
        }
    }

    /// Ends a flight.
    func land(_ flight: PageFlight, _ key: [UInt8], _ landing: PageLanding) {
        self.state.withLock { state in
            if state.flights[key] === flight { state.flights[key] = nil }
        }
        flight.land(landing)
    }

    /// Parts later callers from all flights, after an invalidation of which no lease tells.
    func detachAll() {
        self.state.withLock { $0.flights = [:] }
    }

    // MARK: Memory

    /// Whether a page's answer could not be stored lately.
    func isUncacheable(_ key: [UInt8], now: CacheInstant) -> Bool {
        self.state.withLock { state in
            guard let end = state.uncacheable[key] else { return false }
            if now < end { return true }
            state.uncacheable[key] = nil
            return false
        }
    }

    /// A page's answer could not be stored.
    func rememberUncacheable(_ key: [UInt8], until end: CacheInstant, now: CacheInstant) {
        self.state.withLock { state in
            if state.uncacheable.count >= Self.mostRemembered {
                state.uncacheable = state.uncacheable.filter { now < $0.value }
                if state.uncacheable.count >= Self.mostRemembered { state.uncacheable = [:] }
            }
            state.uncacheable[key] = end
        }
    }

    /// A page's answer was stored.
    func forgetUncacheable(_ key: [UInt8]) {
        self.state.withLock { state in
            if !state.uncacheable.isEmpty { state.uncacheable[key] = nil }
            if !state.backoffs.isEmpty { state.backoffs[key] = nil }
        }
    }

    /// Whether the origin may be asked about what is stale.
    func mayRefresh(_ key: [UInt8], now: HTTPTime) -> Bool {
        self.state.withLock { state in
            if state.backoffs.isEmpty { return true }
            return state.backoffs[key]?.allows(at: now) ?? true
        }
    }

    /// The origin was asked about what is stale, and failed.
    func refreshFailed(_ key: [UInt8], now: HTTPTime) {
        self.state.withLock { state in
            if state.backoffs.count >= Self.mostRemembered {
                state.backoffs = state.backoffs.filter { !$0.value.allows(at: now) }
            }
            if state.backoffs.count >= Self.mostRemembered { state.backoffs = [:] }
            state.backoffs[key, default: RefreshBackoff()].failed(at: now)
        }
    }
}
