import Synchronization

/// Waits until the server has confirmed several names, or until the first of them fails.
final class Confirmations: Sendable {
    enum Outcome: Sendable {
        case listening
        case failure(RedisError)
        case cancelled
    }

    private typealias Waiter = CheckedContinuation<Outcome, Never>

    private struct State {
        var missing: Int
        var outcome: Outcome?
        var waiter: Waiter?

        /// - Returns: Who has to be resumed, if somebody waits and the outcome is known now.
        mutating func note(_ outcome: Outcome) -> (Waiter, Outcome)? {
            guard self.outcome == nil else { return nil }
            if case .listening = outcome {
                self.missing -= 1
                guard self.missing <= 0 else { return nil }
            }
            self.outcome = outcome
            guard let waiter = self.waiter else { return nil }
            self.waiter = nil
            return (waiter, outcome)
        }
    }

    private let state: Mutex<State>

    /// - Parameter count: How many names have to be confirmed.
    init(_ count: Int) {
        self.state = Mutex(State(missing: count))
    }

    /// Notes what became of one name.
    func note(_ outcome: Outcome) {
        if let (waiter, outcome) = self.state.withLock({ $0.note(outcome) }) { waiter.resume(returning: outcome) }
    }

    /// Waits for the outcome; whoever is noted as failed has to end within a deadline of its own.
    ///
    /// - Throws: `RedisError`; `CancellationError`.
    func wait() async throws {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let outcome = self.state.withLock { state -> Outcome? in
                    if state.outcome == nil { state.waiter = waiter }
                    return state.outcome
                }
                if let outcome { waiter.resume(returning: outcome) }
            }
        } onCancel: {
            self.note(.cancelled)
        }
        switch outcome {
        case .listening: try Task.checkCancellation()
        case .failure(let error): throw error
        case .cancelled: throw CancellationError()
        }
    }
}
