import Synchronization

/// Lets nobody pass before it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiters = self.state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func passed() async {
        await withCheckedContinuation { waiter in
            let isOpen = self.state.withLock { state in
                if !state.isOpen { state.waiters.append(waiter) }
                return state.isOpen
            }
            if isOpen { waiter.resume() }
        }
    }
}

/// The condition did not come true in time.
struct NeverHappened: Error {
    var what: String
}

/// Waits for something that other tasks are about to bring about.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(60))
    while try await !condition() {
        if ContinuousClock.now > deadline { throw NeverHappened(what: what) }
        await Task.yield()
    }
}
