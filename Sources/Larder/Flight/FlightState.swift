/// The life of one flight, as a value: what has happened, who waits, and what is to be done next.
///
/// A flight begins while its lease is being asked for, fills once the lease is granted (or abandons if it is not), commits
/// when the fill has brought a value, and ends. It performs nothing itself; each event returns what the caller has to do
/// once it holds no lock.
struct FlightState<Landing: Sendable> {
    /// What a flight brings to those who wait for it, or the fill's error.
    typealias Outcome = Result<Landing, any Error>
    typealias Waiter = CheckedContinuation<Outcome, Never>

    enum Phase {
        /// The lease is being asked for. Others may wait already, since the store can show them the lease before us.
        case acquiring
        /// The fill runs.
        case filling
        /// The fill has brought a value, which is being stored. Nothing can stop it now.
        case committing
        /// Everyone has been told.
        case ended(Outcome)
    }

    private enum Seat {
        /// A call is about to wait.
        case reserved
        /// A call waits.
        case taken(Waiter)
        /// A call that is about to wait will not have to.
        case parted(any Error)
    }

    private(set) var phase = Phase.acquiring
    /// The server meeting under which the lease was granted, once it is.
    var meeting: UInt64?
    /// Everyone who is interested.
    ///
    /// A fill that nobody is interested in is cancelled.
    private var seats: [Int: Seat] = [:]
    private var lastSeat = 0
    /// Whether the fill goes on when nobody is interested any more.
    private var finishesBehind = false

    /// How many are interested.
    var seatCount: Int { self.seats.count }

    /// What has to be done when a flight ends.
    struct Ending {
        var waiters: [Waiter]
        var outcome: Outcome
    }

    /// A call wants the result.
    ///
    /// - Returns: Its seat; `nil` if the flight has ended.
    mutating func join() -> Int? {
        if case .ended = self.phase { return nil }
        self.lastSeat += 1
        self.seats[self.lastSeat] = .reserved
        return self.lastSeat
    }

    /// A call begins to wait.
    ///
    /// - Returns: The result, if there is nothing to wait for any more.
    mutating func wait(_ waiter: Waiter, in seat: Int) -> Outcome? {
        if case .ended(let outcome) = self.phase { return outcome }
        // The call was cancelled before it came to wait.
        guard let reserved = self.seats[seat] else { return .failure(CancellationError()) }
        if case .parted(let error) = reserved {
            self.seats[seat] = nil
            return .failure(error)
        }
        self.seats[seat] = .taken(waiter)
        return nil
    }

    /// What became of a call that left.
    struct Leaving {
        var waiter: Waiter?
        /// The last one left: the fill is to be cancelled and the lease given back.
        var cancelsFill: Bool
    }

    /// A call's task was cancelled.
    mutating func leave(_ seat: Int) -> Leaving {
        if case .ended = self.phase { return Leaving(waiter: nil, cancelsFill: false) }
        var leaving = Leaving(waiter: nil, cancelsFill: false)
        if case .taken(let waiter) = self.seats.removeValue(forKey: seat) { leaving.waiter = waiter }
        if self.seats.isEmpty, !self.finishesBehind, case .filling = self.phase {
            self.phase = .ended(.failure(CancellationError()))
            leaving.cancelsFill = true
        }
        return leaving
    }

    /// A call waits no longer, and the fill is to go on without it.
    ///
    /// - Parameters:
    ///   - seat: Its seat.
    ///   - error: What it is told if it has not come to wait yet.
    /// - Returns: Who waited.
    mutating func part(from seat: Int, _ error: any Error) -> Waiter? {
        if case .ended = self.phase { return nil }
        switch self.seats[seat] {
        case .taken(let waiter):
            self.finishesBehind = true
            self.seats[seat] = nil
            return waiter
        case .reserved:
            self.finishesBehind = true
            self.seats[seat] = .parted(error)
            return nil
        case .parted, nil:
            return nil
        }
    }

    /// The lease was granted, and the fill begins.
    ///
    /// - Returns: Whether it is still wanted.
    mutating func beginFilling() -> Bool {
        guard case .acquiring = self.phase else { return false }
        self.phase = .filling
        return true
    }

    /// The fill has brought a value.
    ///
    /// - Returns: Whether it may be stored; not if the flight has been given up in the meantime.
    mutating func beginCommitting() -> Bool {
        guard case .filling = self.phase else { return false }
        self.phase = .committing
        return true
    }

    /// The flight ends from inside: the lease was not granted, the fill failed, or its value is stored.
    mutating func end(_ outcome: Outcome) -> Ending? {
        if case .ended = self.phase { return nil }
        return self.tell(outcome)
    }

    /// The flight ends from outside, because its time is over or its cache shuts down.
    ///
    /// A commit under way goes on: it has a deadline of its own, and its callers are owed the value.
    mutating func abort(_ error: any Error) -> Ending? {
        switch self.phase {
        case .acquiring, .filling: self.tell(.failure(error))
        case .committing, .ended: nil
        }
    }

    private mutating func tell(_ outcome: Outcome) -> Ending {
        self.phase = .ended(outcome)
        let waiters = self.seats.values.compactMap { seat -> Waiter? in
            if case .taken(let waiter) = seat { waiter } else { nil }
        }
        self.seats.removeAll()
        return Ending(waiters: waiters, outcome: outcome)
    }
}
