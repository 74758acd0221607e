import Logging
import Synchronization

/// Carries out what the store has not heard of before anybody else is let through: one replay at a time, for all who wait.
///
/// It runs in a task of the cache's own, so that no caller's cancellation ends it for the others.
final class InvalidationReplay: Sendable {
    private struct State {
        var run = 0
        var isRunning = false
        /// Whether the replay under way has taken longer than callers are to wait.
        var isLate = false
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]

        mutating func takeWaiters() -> [CheckedContinuation<Void, any Error>] {
            defer { self.waiters = [:] }
            return Array(self.waiters.values)
        }
    }

    /// How long a caller waits for a replay that makes progress; each of its calls has the store's own timeout.
    ///
    /// Removing by pattern can take a store long. The replay goes on then, and callers do without the store.
    static let patience = Duration.seconds(1)

    private let state = Mutex(State())
    private let log: InvalidationLog
    private let clock: CacheClock
    private let logger: Logger
    private let tasks: FlightTable
    private let send: @Sendable (InvalidationBatch) async throws -> Void

    /// - Parameters:
    ///   - log: What the store has not heard of.
    ///   - clock: What patience is measured by.
    ///   - logger: Where an invalidation is reported that the store refuses.
    ///   - tasks: Who owns the replay.
    ///   - send: Tells the store.
    init(
        _ log: InvalidationLog,
        clock: CacheClock,
        logger: Logger,
        tasks: FlightTable,
        send: @escaping @Sendable (InvalidationBatch) async throws -> Void
    ) {
        self.log = log
        self.clock = clock
        self.logger = logger
        self.tasks = tasks
        self.send = send
    }

    /// Whether something may be owed to the store.
    var isNeeded: Bool { self.log.needsReplay }

    /// Returns when nothing is owed to the store that was owed when the call began.
    ///
    /// - Throws: ``CacheError``: ``CacheError/Code/unavailable`` where the store cannot be told,
    ///   ``CacheError/Code/fileFailed``; `CancellationError`.
    func settle() async throws {
        // A replay that was about to end may not have seen what was kept last, so it is asked again.
        while self.isNeeded { try await self.joinOrStart() }
    }

    private func joinOrStart() async throws {
        enum Next {
            case start(run: Int)
            case wait
            case fail(any Error)
        }
        let waiter = self.state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let next = self.state.withLock { state -> Next in
                    // Asked under the lock: a later cancellation finds the waiter.
                    if Task.isCancelled { return .fail(CancellationError()) }
                    if state.isLate { return .fail(Self.lateness) }
                    state.waiters[waiter] = continuation
                    if state.isRunning { return .wait }
                    state.isRunning = true
                    state.run += 1
                    return .start(run: state.run)
                }
                switch next {
                case .start(let run): self.start(run)
                case .wait: break
                case .fail(let error): continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            self.state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume(throwing: CancellationError())
        }
    }

    private func start(_ run: Int) {
        let deadline = self.clock.now.advanced(by: Self.patience)
        let timer = self.tasks.run {
            do { try await self.clock.sleep(until: deadline) } catch { return }
            self.endPatience(with: run)
        }
        _ = self.tasks.run {
            var result = Result<Void, any Error>.success(())
            do { try await self.replayAll() } catch { result = .failure(error) }
            timer.cancel()
            self.end(result)
        }
    }

    private func endPatience(with run: Int) {
        let waiters = self.state.withLock { state in
            guard state.isRunning, state.run == run else { return [CheckedContinuation<Void, any Error>]() }
            state.isLate = true
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume(throwing: Self.lateness) }
    }

    private func end(_ result: Result<Void, any Error>) {
        let waiters = self.state.withLock { state in
            state.isRunning = false
            state.isLate = false
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume(with: result) }
    }

    private static var lateness: CacheError {
        CacheError(
            .unavailable,
            "the replay of kept invalidations takes its time, and nothing is served before its end"
        )
    }

    // MARK: The replay

    private func replayAll() async throws {
        while let batch = try await self.log.takeBatch() {
            do {
                try await self.replay(batch)
            } catch {
                try await self.log.batchEnded(isDone: false)
                guard let error = error as? CacheError, error.code == .unavailable else { throw error }
                throw CacheError(
                    .unavailable,
                    "kept invalidations could not be replayed, and nothing is served before they are",
                    underlying: error
                )
            }
            try await self.log.batchEnded(isDone: true)
        }
    }

    private func replay(_ batch: InvalidationBatch) async throws {
        do {
            try await self.send(batch)
        } catch let error as CacheError where error.isRefusal {
            // The store takes no such name, so it holds nothing under it; what else is in the batch goes by itself.
            let singles = batch.singles
            guard singles.count > 1 else {
                self.logger.error("The store refuses a kept invalidation", metadata: ["larder.error": "\(error)"])
                return
            }
            for single in singles { try await self.replay(single) }
        }
    }
}

extension CacheError {
    /// Whether a store can never carry the call out.
    fileprivate var isRefusal: Bool {
        self.code == .invalidKey || self.code == .invalidTag || self.code == .invalidArgument
    }
}
