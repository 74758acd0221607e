import Synchronization

/// Waits for the end of the leases on one key of a memory store.
final class MemoryLeaseSignal: LeaseSignal {
    private struct State {
        /// Whether a lease has ended since somebody last waited.
        var hasEnded = false
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, any Error>] = [:]

        mutating func takeEnd() -> Bool {
            defer { self.hasEnded = false }
            return self.hasEnded
        }

        /// Whoever waits hears of the end; where nobody does, the next one will.
        mutating func end() -> [CheckedContinuation<Void, any Error>] {
            if self.waiters.isEmpty { self.hasEnded = true }
            defer { self.waiters = [:] }
            return Array(self.waiters.values)
        }

        mutating func makeWaiter() -> UInt64 {
            defer { self.nextWaiter += 1 }
            return self.nextWaiter
        }
    }

    let name: NamespacedName
    private let table: LeaseTable
    private let clock: CacheClock
    private let state = Mutex(State())

    init(_ name: NamespacedName, in table: LeaseTable, clock: CacheClock) {
        self.name = name
        self.table = table
        self.clock = clock
    }

    func wait(atMost duration: Duration) async throws {
        if self.state.withLock({ $0.takeEnd() }) { return }
        let deadline = self.clock.now.advanced(by: duration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.waitForEnd() }
            group.addTask { try await self.clock.sleep(until: deadline) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func waitForEnd() async throws {
        let waiter = self.state.withLock { $0.makeWaiter() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = self.state.withLock { state -> Result<Void, any Error>? in
                    if state.takeEnd() { return .success(()) }
                    // Asked under the lock: a later cancellation finds the waiter.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters[waiter] = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let continuation = self.state.withLock { $0.waiters.removeValue(forKey: waiter) }
            continuation?.resume(throwing: CancellationError())
        }
    }

    /// A lease on the key has ended, or may have.
    ///
    /// Called without any lock: those who wait go on at once.
    func tell() {
        for waiter in self.state.withLock({ $0.end() }) { waiter.resume() }
    }

    func cancel() {
        self.table.stopListening(self)
        // Nobody would be told any more.
        self.tell()
    }
}

/// Leases that ended while locks were held: what they held, and who is to be told when the locks are free.
struct EndedLeases: Sendable {
    private var tags: [EntryTags] = []
    private var signals: [MemoryLeaseSignal] = []

    /// Keeps what a lease was bound to, so that no tag ends under a lock.
    mutating func keep(_ tags: EntryTags?) {
        if let tags { self.tags.append(tags) }
    }

    mutating func add(_ signals: some Sequence<MemoryLeaseSignal>) {
        self.signals.append(contentsOf: signals)
    }

    /// Tells those who listen.
    ///
    /// Called without any lock.
    consuming func tell() {
        for signal in self.signals { signal.tell() }
    }
}
