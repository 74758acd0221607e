import Synchronization

/// One fill under way, shared by all who wait for it.
final class Flight: Sendable {
    private let state = Mutex(FlightState())
    /// What is to be done once when the flight ends, with whether it ended without a commit.
    private let onEnd = Mutex<(@Sendable (_ isGivenUp: Bool) -> Void)?>(nil)

    /// Takes a seat among those who wait; whoever has one calls ``result(in:)`` or ``leave(_:)``.
    ///
    /// - Returns: The seat; `nil` if the flight has ended.
    func join() -> Int? {
        self.state.withLock { $0.join() }
    }

    /// Waits until the flight ends. Cancelling the calling task ends the wait at once, and the fill too if nobody else
    /// waits for it.
    ///
    /// - Throws: `CancellationError`.
    func result(in seat: Int) async throws -> FlightResult {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: FlightState.Waiter) in
                if let result = self.state.withLock({ $0.wait(continuation, in: seat) }) {
                    continuation.resume(returning: result)
                }
            }
        } onCancel: {
            self.leave(seat)
        }
        if case .failed(let error) = result, error is CancellationError { throw error }
        return result
    }

    /// Gives a seat up.
    func leave(_ seat: Int) {
        let leaving = self.state.withLock { $0.leave(seat) }
        if leaving.cancelsFill { self.ended(isGivenUp: true) }
        leaving.waiter?.resume(returning: .failed(CancellationError()))
    }

    /// The lease is granted, and the fill is about to begin.
    ///
    /// - Parameter onEnd: Called once when the flight ends, with whether it ended without a commit; at once, if it has ended
    ///   already.
    func begin(onEnd: @escaping @Sendable (_ isGivenUp: Bool) -> Void) {
        self.onEnd.withLock { $0 = onEnd }
        if !self.state.withLock({ $0.beginFilling() }) { self.ended(isGivenUp: true) }
    }

    /// Whether the fill's value may be stored.
    func beginCommitting() -> Bool {
        self.state.withLock { $0.beginCommitting() }
    }

    /// Ends the flight from inside.
    ///
    /// - Parameter isCommitted: Whether its lease was used up.
    func end(_ result: FlightResult, isCommitted: Bool = false) {
        self.tell(self.state.withLock { $0.end(result) }, isGivenUp: !isCommitted)
    }

    /// Ends the flight from outside, unless its value is being stored already.
    func abort(_ error: any Error) {
        self.tell(self.state.withLock { $0.abort(error) }, isGivenUp: true)
    }

    private func tell(_ ending: FlightState.Ending?, isGivenUp: Bool) {
        guard let ending else { return }
        self.ended(isGivenUp: isGivenUp)
        for waiter in ending.waiters { waiter.resume(returning: ending.result) }
    }

    private func ended(isGivenUp: Bool) {
        self.onEnd.withLock { $0.take() }?(isGivenUp)
    }
}
