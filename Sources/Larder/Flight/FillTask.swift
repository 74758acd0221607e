import Synchronization

/// The tasks of one fill, which serves one flight or, in `fetchMany`, several.
///
/// They are cancelled when the last of the flights has ended, however it ended.
final class FillTask: Sendable {
    private struct State {
        var openFlights: Int
        var hasBegun = false
        /// Whether one of the flights ended without an error.
        var hasSucceeded = false
        var tasks: [Task<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(flights: Int) {
        self.state = Mutex(State(openFlights: flights))
    }

    /// The fill is about to begin.
    ///
    /// - Returns: Whether anyone still wants it.
    func begin() -> Bool {
        self.state.withLock { state in
            state.hasBegun = state.openFlights > 0
            return state.hasBegun
        }
    }

    /// Takes charge of the tasks.
    func own(_ tasks: [Task<Void, Never>]) {
        let areUnwanted = self.state.withLock { state in
            guard state.openFlights > 0 else { return true }
            state.tasks += tasks
            return false
        }
        if areUnwanted {
            for task in tasks { task.cancel() }
        }
    }

    /// One of the flights has ended.
    ///
    /// - Returns: Whether it was the last one of a fill that has failed for all of them.
    func flightEnded(isFailed: Bool) -> Bool {
        let (tasks, hasFailed) = self.state.withLock { state -> ([Task<Void, Never>], Bool) in
            state.openFlights -= 1
            if !isFailed { state.hasSucceeded = true }
            guard state.openFlights == 0 else { return ([], false) }
            defer { state.tasks = [] }
            return (state.tasks, state.hasBegun && !state.hasSucceeded)
        }
        for task in tasks { task.cancel() }
        return hasFailed
    }
}
