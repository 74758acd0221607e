import LarderTesting
import Synchronization
import Testing

/// Holds whoever comes until it is opened, so that a test decides when a fill goes on.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var arrivals = 0
        var nextID = 0
        var held: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// How many have come so far.
    var arrivals: Int { self.state.withLock { $0.arrivals } }

    func open() {
        let held = self.state.withLock { state in
            state.isOpen = true
            defer { state.held = [:] }
            return Array(state.held.values)
        }
        for continuation in held { continuation.resume() }
    }

    /// Waits until the gate is open or the task is cancelled.
    func pass() async throws {
        let id = self.arrive()
        await withTaskCancellationHandler {
            await self.wait(id) { Task.isCancelled }
        } onCancel: {
            self.state.withLock { $0.held.removeValue(forKey: id) }?.resume()
        }
        try Task.checkCancellation()
    }

    /// Waits until the gate is open, whatever happens to the task.
    func passStubbornly() async {
        await self.wait(self.arrive()) { false }
    }

    private func arrive() -> Int {
        self.state.withLock { state in
            state.arrivals += 1
            state.nextID += 1
            return state.nextID
        }
    }

    private func wait(_ id: Int, unless isOver: () -> Bool) async {
        await withCheckedContinuation { continuation in
            let goesOn = self.state.withLock { state in
                if state.isOpen || isOver() { return true }
                state.held[id] = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
    }
}

/// Counts across tasks.
final class Tally: Sendable {
    private let state = Mutex(0)

    var count: Int { self.state.withLock { $0 } }

    @discardableResult
    func add() -> Int {
        self.state.withLock { count in
            count += 1
            return count
        }
    }
}

/// The condition did not come true in time.
struct NeverHappened: Error {
    var what: String
}

/// Waits for something that other tasks are about to bring about.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(120))
    while try await !condition() {
        if ContinuousClock.now > deadline { throw NeverHappened(what: what) }
        await Task.yield()
    }
}

/// Waits for something that other tasks are about to bring about, while the clock goes on to whatever sleeps on it before a
/// limit.
func eventually(
    _ what: String,
    advancing clock: ManualClock,
    before limit: Duration = .seconds(Int.max / 2),
    _ condition: () -> Bool
) async throws {
    try await eventually(what) {
        if condition() { return true }
        if let next = clock.nextDeadline, next.offset < limit { clock.advance(to: next) }
        return false
    }
}

/// What a task ends with, while the clock goes on to whatever sleeps on it before a limit.
func value<Value: Sendable>(
    of task: Task<Value, any Error>,
    advancing clock: ManualClock,
    before limit: Duration = .seconds(Int.max / 2)
) async throws -> Value {
    let isOver = Box<Bool>()
    let watcher = Task {
        _ = await task.result
        isOver.value = true
    }
    do {
        try await eventually("the task is over", advancing: clock, before: limit) { isOver.value == true }
    } catch {
        // Neither is left behind.
        task.cancel()
        throw error
    }
    await watcher.value
    return try await task.value
}

/// A variable that tasks share.
final class Box<Value: Sendable>: Sendable {
    private let state = Mutex<Value?>(nil)

    var value: Value? {
        get { self.state.withLock { $0 } }
        set { self.state.withLock { $0 = newValue } }
    }
}
