import Synchronization

/// The flights of one cache, and the tasks that they consist of.
///
/// A flight is found by the token of its lease: who reads a store and is told that somebody else holds the lease joins the
/// flight of that very token, or none. So nobody joins a fill that an invalidation has cut off. Where the store grants no
/// leases (because it has none or cannot be reached), flights are found by key, and the cache's own invalidations cut
/// them off.
final class FlightTable: Sendable {
    enum ID: Hashable, Sendable {
        case lease(LeaseToken, StoreKey)
        case key(StoreKey)
        /// The wait for the end of a flight of this table whose lease the store's next server shows.
        case successor(LeaseToken, StoreKey, meeting: UInt64)
    }

    private struct State {
        var flights: [ID: Flight<FillLanding>] = [:]
        var runningTasks = 0
        var isShutDown = false
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let partings = Atomic<UInt64>(0)

    /// The first half of the tokens of this table's leases, by which a lease is known whose flight was one of these.
    private let origin = UInt64.random(in: .min ... .max)

    /// Draws the token of leases that flights of this table are to hold.
    func makeToken() -> LeaseToken {
        LeaseToken(high: self.origin, low: .random(in: .min ... .max))
    }

    /// Whether a lease was asked for by a flight of this table.
    func owns(_ token: LeaseToken) -> Bool { token.high == self.origin }

    /// How many flights are under way.
    var count: Int { self.state.withLock { $0.flights.count } }

    /// How many calls wait for flights, or are about to.
    var seatCount: Int { self.state.withLock { $0.flights.values.reduce(0) { $0 + $1.seatCount } } }

    /// How many calls wait for the flight of a lease; `nil` where it is none of this table.
    func seatCount(of token: LeaseToken, _ key: StoreKey) -> Int? {
        self.state.withLock { $0.flights[.lease(token, key)]?.seatCount }
    }

    /// How many tasks run: fills, their timers, and leases that are being given back.
    var taskCount: Int { self.state.withLock { $0.runningTasks } }

    /// A place in a flight: the flight, the seat in it, and whether the caller is the one who has to begin it.
    struct Place {
        var id: ID
        var flight: Flight<FillLanding>
        var seat: Int
        var isLeader: Bool
    }

    /// Whether a lease that the store shows is that of a flight of this table, but from before the store met another server.
    ///
    /// A flight whose lease is on its way does not know yet; its landing tells then.
    func isCutOff(_ holder: LeaseHolder, _ key: StoreKey) -> Bool {
        guard self.owns(holder.token) else { return false }
        let flight = self.state.withLock { $0.flights[.lease(holder.token, key)] }
        guard let meeting = flight?.meeting else { return false }
        return meeting != holder.meeting
    }

    /// Joins the flight of this name, or begins one.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/shutDown``.
    func joinOrBegin(_ id: ID) throws -> Place {
        try self.state.withLock { state in
            if state.isShutDown { throw CacheError(.shutDown, "the cache has been shut down") }
            if let flight = state.flights[id], let seat = flight.join() {
                return Place(id: id, flight: flight, seat: seat, isLeader: false)
            }
            let flight = Flight<FillLanding>()
            guard let seat = flight.join() else { preconditionFailure("a new flight can be joined") }
            state.flights[id] = flight
            return Place(id: id, flight: flight, seat: seat, isLeader: true)
        }
    }

    /// Joins the flight of a lease that the store shows, or begins one beside the fill of another process.
    ///
    /// - Returns: The place; `nil` if the lease belongs to a flight of this table that has ended. Whatever it brought is in
    ///   the store, or the lease is about to be given back: beginning another fill now would fill what is filled already.
    /// - Throws: ``CacheError`` with ``CacheError/Code/shutDown``.
    func joinHolder(_ token: LeaseToken, _ key: StoreKey) throws -> Place? {
        let id = ID.lease(token, key)
        guard self.owns(token) else { return try self.joinOrBegin(id) }
        return try self.state.withLock { state in
            if state.isShutDown { throw CacheError(.shutDown, "the cache has been shut down") }
            guard let flight = state.flights[id], let seat = flight.join() else { return nil }
            return Place(id: id, flight: flight, seat: seat, isLeader: false)
        }
    }

    /// Forgets a flight: nobody finds it any more, those who wait keep waiting.
    func forget(_ id: ID, _ flight: Flight<FillLanding>) {
        self.state.withLock { state in
            if state.flights[id] === flight { state.flights[id] = nil }
        }
    }

    /// Parts later callers from the flights of these keys that no lease guards.
    func detach(_ keys: some Sequence<StoreKey>) {
        self.state.withLock { state in
            if state.flights.isEmpty { return }
            for key in keys { state.flights[.key(key)] = nil }
        }
    }

    /// How often all later callers were parted from flights that no lease guards.
    var partingCount: UInt64 { self.partings.load(ordering: .acquiring) }

    /// Parts later callers from all flights that no lease guards.
    func detachAll() {
        self.partings.add(1, ordering: .acquiringAndReleasing)
        self.state.withLock { state in
            state.flights = state.flights.filter { id, _ in
                if case .key = id { false } else { true }
            }
        }
    }

    /// Runs `operation` in a task that this table owns.
    func run(_ operation: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        self.state.withLock { $0.runningTasks += 1 }
        return Task(executorPreference: TestExecutor.current) {
            await operation()
            self.taskEnded()
        }
    }

    private func taskEnded() {
        let drained = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.runningTasks -= 1
            guard state.runningTasks == 0 else { return [] }
            defer { state.drained = [] }
            return state.drained
        }
        for waiter in drained { waiter.resume() }
    }

    /// Ends all flights with ``CacheError/Code/shutDown`` and waits until their tasks have ended.
    ///
    /// - Parameter patience: How long to wait for fills that do not heed their cancellation.
    func shutDown(patience: Duration) async {
        let flights = self.state.withLock { state in
            state.isShutDown = true
            defer { state.flights = [:] }
            return Array(state.flights.values)
        }
        for flight in flights {
            flight.abort(CacheError(.shutDown, "the cache was shut down while the value was being filled"))
        }
        let timer = Task {
            guard (try? await Task.sleep(for: patience)) != nil else { return }
            self.stopWaiting()
        }
        await withCheckedContinuation { continuation in
            let isDrained = self.state.withLock { state in
                if state.runningTasks == 0 { return true }
                state.drained.append(continuation)
                return false
            }
            if isDrained { continuation.resume() }
        }
        timer.cancel()
    }

    private func stopWaiting() {
        let waiting = self.state.withLock { state in
            defer { state.drained = [] }
            return state.drained
        }
        for waiter in waiting { waiter.resume() }
    }
}
