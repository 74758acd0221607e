import Larder
import Logging
import Synchronization

/// Tells the cache's store what was committed, and until it has heard of it lets nobody be served with what it was about.
///
/// One task at a time does the telling. It begins with the first change and ends when the store has heard of all, or when
/// the database's cache is shut down, which waits for it.
final class Settlement: Sendable {
    private struct State {
        var marks = MarkTable()
        var queue: ChangeQueue
        var task: Task<Void, Never>?
        var isShutDown = false
        /// How often the store could not be told.
        var failedAttempts = 0
        /// Those who wait until a change has been settled, or has failed to be.
        var waiters: [WakeUp] = []
    }

    private let state: Mutex<State>
    private let cache: Cache
    private let clock: CacheClock
    private let logger: Logger
    private let retry: ClosedRange<Duration>

    /// The most tags that one call may name.
    private static let longestCall = 100

    init(cache: Cache, everything: String, options: CachedDatabaseOptions) {
        self.cache = cache
        self.clock = options.clock
        self.logger = options.logger
        self.retry = options.retryPause
        self.state = Mutex(State(queue: ChangeQueue(limit: options.pendingLimit, everything: everything)))
    }

    // MARK: What readers ask

    /// The moment of now, for ``verdict(on:since:)``.
    var serial: UInt64 { self.state.withLock { $0.marks.serial } }

    /// Whether a value that was read from the cache may be served.
    func verdict(on slots: [MarkSlot], since serial: UInt64) -> MarkTable.Verdict {
        self.state.withLock { $0.marks.verdict(on: slots, since: serial) }
    }

    /// How many tags and keys the store has not heard of.
    var pending: Int { self.state.withLock { $0.queue.pending } }

    /// Whether nothing waits, is under way, or is marked.
    var isIdle: Bool {
        self.state.withLock { $0.queue.isSettled && $0.queue.pending == 0 && $0.marks.isEmpty && $0.task == nil }
    }

    // MARK: What writers tell

    /// A commit is about to become visible.
    func place(on slots: [MarkSlot]) {
        self.state.withLock { $0.marks.place(on: slots) }
    }

    /// It has come to nothing.
    func withdraw(from slots: [MarkSlot]) {
        self.state.withLock { $0.marks.withdraw(from: slots) }
    }

    /// It has become visible.
    ///
    /// - Parameters:
    ///   - tags: The tags that stand for what was changed.
    ///   - keys: Keys that are to be removed.
    ///   - marks: Where it has placed its marks.
    func settle(tags: some Sequence<String>, keys: some Sequence<String>, marks: [MarkSlot]) {
        self.state.withLock { state in
            // Then nothing is read from the cache any more.
            if state.isShutDown { return }
            state.queue.add(tags: tags, keys: keys, marks: marks)
            guard state.task == nil else { return }
            state.task = Task { await self.tellAll() }
        }
    }

    /// How often the store could not be told so far.
    var failedAttempts: Int { self.state.withLock { $0.failedAttempts } }

    /// Waits until the store has heard of all changes so far, or could not be told, or `duration` is over.
    ///
    /// - Parameters:
    ///   - duration: How long to wait.
    ///   - attempts: How often the store could not be told before the caller made its changes; without it, before the call.
    /// - Returns: Whether it has heard of them.
    @discardableResult
    func settled(atMost duration: Duration, unlessFailedSince attempts: Int? = nil) async -> Bool {
        let wakeUp = WakeUp(clock: self.clock)
        let deadline = self.clock.now.advanced(by: duration)
        let wanted = self.state.withLock { $0.queue.count }
        let attempts = attempts ?? self.failedAttempts
        while true {
            let (isSettled, isOver) = self.state.withLock { state -> (Bool, Bool) in
                if state.queue.settled >= wanted { return (true, true) }
                if state.isShutDown || state.failedAttempts > attempts { return (false, true) }
                state.waiters.append(wakeUp)
                return (false, false)
            }
            if isOver { return isSettled }
            let left = self.clock.now.duration(to: deadline)
            guard left > .zero else {
                self.state.withLock { $0.waiters.removeAll { $0 === wakeUp } }
                return false
            }
            do {
                try await wakeUp.wait(atMost: left)
            } catch {
                self.state.withLock { $0.waiters.removeAll { $0 === wakeUp } }
                return false
            }
        }
    }

    /// Ends the telling, after one last attempt.
    ///
    /// - Parameter patience: How long to wait for it.
    func shutDown(patience: Duration) async {
        await self.settled(atMost: patience)
        let (task, pending, waiters) = self.state.withLock { state in
            state.isShutDown = true
            defer { state.waiters = [] }
            return (state.task, state.queue.pending, state.waiters)
        }
        task?.cancel()
        for waiter in waiters { waiter.ring() }
        if pending > 0 {
            self.logger.error(
                "The cache was shut down before its store had heard of all that was written",
                metadata: ["larder.pending": "\(pending)"]
            )
        }
        await task?.value
    }

    // MARK: Telling

    private func tellAll() async {
        while let batch = self.next() {
            do {
                try await self.tell(batch)
                self.batchEnded(isDone: true)
            } catch {
                let failures = self.batchEnded(isDone: false)
                self.logger.warning(
                    "The cache's store could not be told of what was written; until it is, reads go to the database",
                    metadata: ["larder.error": "\(error)", "larder.attempts": "\(failures)"]
                )
                let pause = self.retry.lowerBound * (1 << min(failures - 1, 10))
                do {
                    try await self.clock.sleep(until: self.clock.now.advanced(by: min(pause, self.retry.upperBound)))
                } catch {
                    // Cancelled: nothing but the end does that.
                    return
                }
            }
        }
    }

    /// The next batch; without one, the task is over for everybody.
    private func next() -> ChangeBatch? {
        self.state.withLock { state in
            guard !state.isShutDown, let batch = state.queue.takeBatch() else {
                // In the same step, so that a change that comes now begins another task.
                state.task = nil
                return nil
            }
            return batch
        }
    }

    private func tell(_ batch: ChangeBatch) async throws {
        if batch.clears {
            try await self.cache.clear()
            return
        }
        if !batch.keys.isEmpty { try await self.cache.removeMany(batch.keys.map { CacheKey<Never>($0) }) }
        let tags = batch.tags.sorted()
        for start in stride(from: 0, to: tags.count, by: Self.longestCall) {
            try await self.cache.invalidate(tags: Array(tags[start..<min(start + Self.longestCall, tags.count)]))
        }
    }

    /// - Returns: How many times in a row the store could not be told.
    @discardableResult
    private func batchEnded(isDone: Bool) -> Int {
        let (failures, waiters) = self.state.withLock { state in
            let marks = state.queue.batchEnded(isDone: isDone)
            state.marks.lift(marks)
            if !isDone { state.failedAttempts += 1 }
            defer { state.waiters = [] }
            return (state.queue.failures, state.waiters)
        }
        for waiter in waiters { waiter.ring() }
        return failures
    }
}
