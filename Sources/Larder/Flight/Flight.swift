import Synchronization

/// One fill under way, shared by all who wait for it.
final class Flight<Landing: Sendable>: Sendable {
    private let state = Mutex(FlightState<Landing>())
    /// What is to be done once when the flight ends.
    private let onEnd = Mutex<(@Sendable (End) -> Void)?>(nil)

    /// How a flight ended.
    struct End {
        /// Whether its lease is left to be given back, because no commit has used it up.
        var leavesLease: Bool
        /// Whether those who waited got an error, or were all gone.
        var isFailed: Bool
    }

    /// The server meeting under which the flight's lease was granted; `nil` before that is known, and where there is none.
    var meeting: UInt64? { self.state.withLock { $0.meeting } }

    /// The flight's lease was granted under this server meeting.
    func met(_ meeting: UInt64) {
        self.state.withLock { $0.meeting = meeting }
    }

    /// How many have a seat.
    var seatCount: Int { self.state.withLock { $0.seatCount } }

    /// Takes a seat among those who wait; whoever has one calls ``landing(in:)`` or ``leave(_:)``.
    ///
    /// - Returns: The seat; `nil` if the flight has ended.
    func join() -> Int? {
        self.state.withLock { $0.join() }
    }

    /// Waits until the flight ends.
    ///
    /// Cancelling the calling task ends the wait at once, and the fill too if nobody else waits for it.
    ///
    /// - Throws: The fill's error. `CancellationError`.
    func landing(in seat: Int) async throws -> Landing {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: FlightState<Landing>.Waiter) in
                if let outcome = self.state.withLock({ $0.wait(continuation, in: seat) }) {
                    continuation.resume(returning: outcome)
                }
            }
        } onCancel: {
            self.leave(seat)
        }
        return try outcome.get()
    }

    /// Gives a seat up.
    func leave(_ seat: Int) {
        let leaving = self.state.withLock { $0.leave(seat) }
        if leaving.cancelsFill { self.ended(End(leavesLease: true, isFailed: true)) }
        leaving.waiter?.resume(returning: .failure(CancellationError()))
    }

    /// Ends one call's wait and lets the fill finish behind it.
    ///
    /// - Parameters:
    ///   - seat: The call's seat.
    ///   - error: What the call is told.
    func part(from seat: Int, _ error: any Error) {
        self.state.withLock { $0.part(from: seat, error) }?.resume(returning: .failure(error))
    }

    /// The lease is granted, and the fill is about to begin.
    ///
    /// - Parameter onEnd: Called once when the flight ends; at once, if it has ended already.
    func begin(onEnd: @escaping @Sendable (End) -> Void) {
        self.onEnd.withLock { $0 = onEnd }
        if !self.state.withLock({ $0.beginFilling() }) { self.ended(End(leavesLease: true, isFailed: true)) }
    }

    /// Whether the fill's value may be stored.
    func beginCommitting() -> Bool {
        self.state.withLock { $0.beginCommitting() }
    }

    /// Ends the flight from inside.
    ///
    /// - Parameters:
    ///   - outcome: What those who wait are told.
    ///   - leavesLease: Whether its lease is left to be given back.
    func end(_ outcome: Result<Landing, any Error>, leavesLease: Bool = true) {
        self.tell(self.state.withLock { $0.end(outcome) }, leavesLease: leavesLease)
    }

    /// Ends the flight from outside, unless its value is being stored already.
    func abort(_ error: any Error) {
        self.tell(self.state.withLock { $0.abort(error) }, leavesLease: true)
    }

    private func tell(_ ending: FlightState<Landing>.Ending?, leavesLease: Bool) {
        guard let ending else { return }
        var isFailed = false
        if case .failure = ending.outcome { isFailed = true }
        self.ended(End(leavesLease: leavesLease, isFailed: isFailed))
        for waiter in ending.waiters { waiter.resume(returning: ending.outcome) }
    }

    private func ended(_ end: End) {
        self.onEnd.withLock { $0.take() }?(end)
    }
}
