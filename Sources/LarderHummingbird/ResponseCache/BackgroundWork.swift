import Synchronization

/// Tasks that go on when their caller has left: bounded in number, and ended with their owner.
final class BackgroundWork: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var lastID = 0
        var isOver = false
    }

    private let state = Mutex(State())

    /// How many run.
    var count: Int { self.state.withLock { $0.tasks.count } }

    /// Begins a task, unless there are too many or the owner has ended.
    ///
    /// - Parameters:
    ///   - most: How many may run at a time.
    ///   - body: What it does.
    /// - Returns: Whether it has begun.
    @discardableResult
    func begin(most: Int = .max, _ body: @escaping @Sendable () async -> Void) -> Bool {
        self.state.withLock { state in
            guard !state.isOver, state.tasks.count < most else { return false }
            state.lastID += 1
            let id = state.lastID
            // Under the lock: the task cannot report its end before it is in the table.
            state.tasks[id] = Task {
                await body()
                self.state.withLock { $0.tasks[id] = nil }
            }
            return true
        }
    }

    /// Cancels all tasks and waits for them.
    func end() async {
        let tasks = self.state.withLock { state in
            state.isOver = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
