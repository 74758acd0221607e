import Synchronization

/// The tasks of one fill, which serves one flight or, in `fetchMany`, several.
///
/// They are cancelled when the last of the flights has ended, however it ended.
final class FillTask: Sendable {
    private struct State {
        var openFlights: Int
        var tasks: [Task<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(flights: Int) {
        self.state = Mutex(State(openFlights: flights))
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

    func flightEnded() {
        let tasks = self.state.withLock { state -> [Task<Void, Never>] in
            state.openFlights -= 1
            guard state.openFlights == 0 else { return [] }
            defer { state.tasks = [] }
            return state.tasks
        }
        for task in tasks { task.cancel() }
    }
}
