import Synchronization

/// Whose turn it is to warm, and who waits for that.
final class WarmingPasses: Sendable {
    /// How a pass ended, or how it stands for whoever asks.
    enum Turn {
        /// The caller's own pass begins.
        case begun
        /// A pass that was under way is through, or has stopped.
        case over(Result<WarmingProgress, CacheError>)
        /// Whoever ran the pass has left.
        case interrupted
    }

    private struct State {
        var isUnderWay = false
        var isClosed = false
        var first: Result<Void, CacheError>?
        var progress = WarmingProgress()
        var nextID: UInt64 = 0
        var forPass: [UInt64: CheckedContinuation<Turn, any Error>] = [:]
        var forFirst: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var watchers: [UInt64: AsyncStream<WarmingProgress>.Continuation] = [:]

        mutating func makeID() -> UInt64 {
            defer { self.nextID += 1 }
            return self.nextID
        }

        mutating func takeWaiting() -> [CheckedContinuation<Turn, any Error>] {
            defer { self.forPass = [:] }
            return Array(self.forPass.values)
        }

        mutating func takeFirst() -> [CheckedContinuation<Void, any Error>] {
            defer { self.forFirst = [:] }
            return Array(self.forFirst.values)
        }
    }

    private let state = Mutex(State())

    var progress: WarmingProgress { self.state.withLock { $0.progress } }

    // MARK: Turns

    /// Begins a pass, or waits for the end of the one that is under way.
    ///
    /// - Throws: `CancellationError`.
    func beginOrWait() async throws -> Turn {
        let id = self.state.withLock { $0.makeID() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer = self.state.withLock { state -> Result<Turn, any Error>? in
                    // Asked under the lock: a later cancellation finds the waiter.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.isUnderWay {
                        state.forPass[id] = continuation
                        return nil
                    }
                    state.isUnderWay = true
                    state.progress = WarmingProgress()
                    return .success(.begun)
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let waiter = self.state.withLock { $0.forPass.removeValue(forKey: id) }
            waiter?.resume(throwing: CancellationError())
        }
    }

    /// Ends the pass that is under way.
    func end(_ turn: Turn) {
        let (waiting, first) = self.state.withLock { state in
            state.isUnderWay = false
            if state.first == nil, case .over(let result) = turn { state.first = result.map { _ in } }
            return (state.takeWaiting(), state.first == nil ? [] : state.takeFirst())
        }
        for waiter in waiting { waiter.resume(returning: turn) }
        if case .over(let result) = turn {
            for waiter in first { waiter.resume(with: result.map { _ in }.mapError { $0 as any Error }) }
        }
    }

    /// The warmer does not run any more.
    func close() {
        let (first, watchers) = self.state.withLock { state in
            state.isClosed = true
            defer { state.watchers = [:] }
            return (state.takeFirst(), Array(state.watchers.values))
        }
        for waiter in first { waiter.resume(throwing: Self.closed) }
        for watcher in watchers { watcher.finish() }
    }

    // MARK: Waiting

    /// Waits for the end of the first pass.
    ///
    /// - Throws: What ended it; `CancellationError`.
    func waitForFirst() async throws {
        let id = self.state.withLock { $0.makeID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer = self.state.withLock { state -> Result<Void, any Error>? in
                    if let first = state.first { return first.mapError { $0 as any Error } }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.isClosed { return .failure(Self.closed) }
                    state.forFirst[id] = continuation
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let waiter = self.state.withLock { $0.forFirst.removeValue(forKey: id) }
            waiter?.resume(throwing: CancellationError())
        }
    }

    private static let closed = CacheError(.shutDown, "the warmer ended before its first pass was through")

    // MARK: Progress

    /// Tells all who watch how the pass goes.
    func tell(_ progress: WarmingProgress) {
        let watchers = self.state.withLock { state in
            state.progress = progress
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.yield(progress) }
    }

    /// Keeps the progress for whoever asks, without telling those who watch.
    func note(_ progress: WarmingProgress) {
        self.state.withLock { $0.progress = progress }
    }

    func updates() -> AsyncStream<WarmingProgress> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: WarmingProgress.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        let id = self.state.withLock { state -> UInt64? in
            if state.isClosed { return nil }
            let id = state.makeID()
            state.watchers[id] = continuation
            return id
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }
}
