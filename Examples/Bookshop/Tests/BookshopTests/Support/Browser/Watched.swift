import Dispatch
import Synchronization

/// A value that one thread changes and tasks wait on, each for something of its own, each with a deadline.
///
/// Who waits is asked again after every change, so nobody polls.
final class Watched<Value: Sendable>: Sendable {
    private struct Waiter: Sendable {
        /// Looks once; what resumes the waiter, when it has found what it waits for.
        let look: @Sendable (inout Value) -> (@Sendable () -> Void)?
        let fail: @Sendable (any Error) -> Void
    }

    private struct State: Sendable {
        var value: Value
        var waiters: [Int: Waiter] = [:]
        var lastTicket = 0
        var end: (any Error)?

        /// Takes out those who have found what they wait for.
        mutating func satisfied() -> [@Sendable () -> Void] {
            var resumptions: [@Sendable () -> Void] = []
            for (ticket, waiter) in self.waiters.sorted(by: { $0.key < $1.key }) {
                guard let resume = waiter.look(&self.value) else { continue }
                self.waiters[ticket] = nil
                resumptions.append(resume)
            }
            return resumptions
        }
    }

    private let state: Mutex<State>

    init(_ value: Value) {
        self.state = Mutex(State(value: value))
    }

    /// The value as it is now.
    var now: Value { self.state.withLock { $0.value } }

    /// Changes the value, and resumes those who waited for that.
    func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        let (result, resumptions) = self.state.withLock { state in
            let result = body(&state.value)
            return (result, state.satisfied())
        }
        for resume in resumptions { resume() }
        return result
    }

    /// Fails all who wait, and all who are going to, with the first reason given.
    func end(_ error: any Error) {
        let waiters = self.state.withLock { state in
            if state.end == nil { state.end = error }
            let waiters = Array(state.waiters.values)
            state.waiters = [:]
            return waiters
        }
        for waiter in waiters { waiter.fail(error) }
    }

    /// Waits until something is so.
    ///
    /// - Parameters:
    ///   - what: What is waited for, for the error.
    ///   - limit: How long.
    ///   - look: Looks once, and may take what it finds; `nil` when it is not there yet.
    /// - Returns: What was found.
    /// - Throws: `BrowserError.deadline`, what `look` throws, the reason of `end`, `CancellationError`.
    func wait<Found: Sendable>(
        for what: @autoclosure () -> String,
        within limit: Duration,
        _ look: @escaping @Sendable (inout Value) throws -> Found?
    ) async throws -> Found {
        let ticket = self.state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        let late = BrowserError.deadline(waitedFor: what(), limit: limit)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Found, any Error>) in
                let waiter = Waiter { value in
                    do {
                        guard let found = try look(&value) else { return nil }
                        return { continuation.resume(returning: found) }
                    } catch {
                        return { continuation.resume(throwing: error) }
                    }
                } fail: { error in
                    continuation.resume(throwing: error)
                }
                self.add(waiter, ticket: ticket)
                // Cancelled before it was added, the handler found nobody to tell.
                if Task.isCancelled { self.fail(ticket, CancellationError()) }
                DispatchQueue.global().asyncAfter(deadline: .now() + limit.seconds) { [weak self] in
                    self?.fail(ticket, late)
                }
            }
        } onCancel: {
            self.fail(ticket, CancellationError())
        }
    }

    private func add(_ waiter: Waiter, ticket: Int) {
        let resume: (@Sendable () -> Void)? = self.state.withLock { state in
            if let resume = waiter.look(&state.value) { return resume }
            if let end = state.end { return { waiter.fail(end) } }
            state.waiters[ticket] = waiter
            return nil
        }
        resume?()
    }

    private func fail(_ ticket: Int, _ error: any Error) {
        let waiter = self.state.withLock { $0.waiters.removeValue(forKey: ticket) }
        waiter?.fail(error)
    }
}

extension Duration {
    /// The length in seconds, for interfaces that count in them.
    fileprivate var seconds: Double {
        Double(self.components.seconds) + Double(self.components.attoseconds) / 1e18
    }
}
