public import Larder
import Synchronization

/// Records what happens in a cache, for tests to look at.
///
/// ```swift
/// let recorder = EventRecorder()
/// let cache = Cache(.memory(entries: 100), namespace: "books", onEvent: recorder.record)
/// _ = try await cache.fetch("k") { 1 }
/// #expect(recorder.events == [.miss(key: "k"), .fillBegan(keys: ["k"], isBehind: false), …])
/// ```
public final class EventRecorder: Sendable {
    private struct State {
        var events: [CacheEvent] = []
        var waiters: [Int: Waiter] = [:]
        var lastWaiter = 0
    }

    private struct Waiter {
        var isMet: @Sendable ([CacheEvent]) -> Bool
        var continuation: CheckedContinuation<Bool, Never>
    }

    private let state = Mutex(State())

    /// Makes a recorder that has recorded nothing.
    public init() {}

    /// What has happened, in order.
    public var events: [CacheEvent] { self.state.withLock { $0.events } }

    /// Records an event; what a cache is given as `onEvent`.
    ///
    /// - Parameter event: The event.
    public func record(_ event: CacheEvent) {
        let met = self.state.withLock { state in
            state.events.append(event)
            let met = state.waiters.filter { $0.value.isMet(state.events) }
            for waiter in met.keys { state.waiters[waiter] = nil }
            return Array(met.values)
        }
        for waiter in met { waiter.continuation.resume(returning: true) }
    }

    /// Forgets what has happened so far.
    public func reset() {
        self.state.withLock { $0.events = [] }
    }

    /// Waits until what has happened meets a condition.
    ///
    /// - Parameters:
    ///   - patience: How long to wait at most, in real time.
    ///   - isMet: The condition; asked with all events so far, after each.
    /// - Returns: Whether it was met in time.
    public func wait(
        atMost patience: Duration = .seconds(10),
        until isMet: @escaping @Sendable ([CacheEvent]) -> Bool
    ) async -> Bool {
        let number = self.state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        let timer = Task {
            guard (try? await Task.sleep(for: patience)) != nil else { return }
            self.giveUp(number)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = self.state.withLock { state in
                    if isMet(state.events) { return true }
                    state.waiters[number] = Waiter(isMet: isMet, continuation: continuation)
                    return false
                }
                if isDone {
                    continuation.resume(returning: true)
                } else if Task.isCancelled {
                    self.giveUp(number)
                }
            }
        } onCancel: {
            self.giveUp(number)
        }
    }

    private func giveUp(_ waiter: Int) {
        self.state.withLock { $0.waiters.removeValue(forKey: waiter) }?.continuation.resume(returning: false)
    }
}
