import Synchronization

/// How long the origin may take to go on with an answer, counted only while somebody waits for that.
final class AnswerDeadline: Sendable {
    private struct State {
        /// Since when somebody waits; `nil` while nobody does.
        var since: ContinuousClock.Instant?
        var watcher: Task<Void, Never>?
    }

    private let state = Mutex(State())

    /// Begins with nobody waiting.
    ///
    /// - Parameters:
    ///   - patience: How long a wait may take.
    ///   - onLate: What to do about one that takes longer; it happens once.
    init(_ patience: Duration, onLate: @escaping @Sendable () -> Void) {
        let watcher = Task { [weak self] in
            var left = patience
            while left > .zero {
                // It only ends early when it is wanted no more.
                guard (try? await Task.sleep(for: left)) != nil, let since = self?.since else { return }
                left = since.map { patience - (.now - $0) } ?? patience
            }
            onLate()
        }
        self.state.withLock { $0.watcher = watcher }
    }

    deinit { self.end() }

    func beginWaiting() { self.state.withLock { $0.since = .now } }

    func endWaiting() { self.state.withLock { $0.since = nil } }

    /// Ends all of it: nobody is going to wait.
    func end() { self.state.withLock { $0.watcher }?.cancel() }

    private var since: ContinuousClock.Instant?? { .some(self.state.withLock { $0.since }) }
}
