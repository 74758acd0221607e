public import Larder
import Synchronization

/// A store that fails or hangs when a test wants it to, around one that works.
///
/// ```swift
/// let store = FaultyStore(.memory(entries: 100))
/// let cache = Cache(store, namespace: "books")
/// store.fail()
/// #expect(try await cache.fetch("k") { 1 } == 1)  // filled, though nothing can be read or stored
/// store.recover()
/// ```
///
/// It answers no read at once, as a store in another process would, and counts how often it is called.
public final class FaultyStore: CacheStore {
    /// What a store is asked to do.
    public enum Operation: Sendable, Hashable, CaseIterable {
        /// Reading, with or without leases.
        case read
        /// `set`, `add`, `replace` and their like.
        case write
        /// Storing what a fill has brought.
        case commit
        /// Giving leases back.
        case release
        /// Letting leases stand longer.
        case renew
        /// Beginning to listen for the end of a lease.
        case listen
        /// Taking the generations of tags.
        case marks
        /// Drawing new generations for tags.
        case invalidate
        /// Explaining what there is of a key.
        case report
        /// Removing keys.
        case remove
        /// Adding to integers.
        case increment
        /// Adding to text or bytes.
        case append
        /// Changing times to live.
        case touch
        /// Walking the keys.
        case keys
        /// Removing by pattern.
        case removeAll
        /// Clearing the namespace.
        case clear
    }

    /// The moment of a call at which something can come between.
    public enum Moment: Sendable, Hashable {
        /// Before the store does anything.
        case before
        /// After it has done everything, before its caller hears of it.
        case after
    }

    /// What comes between: it may wait, and throw in the store's place.
    public typealias Interception = @Sendable (Operation, Moment) async throws -> Void

    private struct State {
        var failing: Set<Operation> = []
        var hanging: Set<Operation> = []
        var calls: [Operation: Int] = [:]
        var interception: Interception?
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let base: any CacheStore
    private let state = Mutex(State())

    /// Wraps a store.
    ///
    /// It works at first.
    ///
    /// - Parameter base: The store that does the work.
    public init(_ base: some CacheStore) {
        self.base = base
    }

    /// What the wrapped store says.
    public var kind: String { self.base.kind }

    /// How often each operation has been called.
    public var calls: [Operation: Int] { self.state.withLock { $0.calls } }

    /// How many calls hang.
    public var hangingCalls: Int { self.state.withLock { $0.waiters.count } }

    /// Lets operations throw `CacheError.Code.unavailable`, without doing anything, until ``recover()``.
    ///
    /// - Parameter operations: Which.
    public func fail(_ operations: Set<Operation> = Set(Operation.allCases)) {
        self.state.withLock { $0.failing.formUnion(operations) }
    }

    /// Lets operations hang until ``recover()``, or until their task is cancelled.
    ///
    /// - Parameter operations: Which.
    public func hang(_ operations: Set<Operation> = Set(Operation.allCases)) {
        self.state.withLock { $0.hanging.formUnion(operations) }
    }

    /// Lets the store work again; calls that hang go on.
    public func recover() {
        let waiters = self.state.withLock { state in
            state.failing = []
            state.hanging = []
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Lets something of your own come between.
    ///
    /// - Parameter interception: Called before and after each operation; `nil` ends it.
    public func intercept(_ interception: Interception?) {
        self.state.withLock { $0.interception = interception }
    }

    /// A namespace of the wrapped store, with the faults of this one.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: What a cache reads and writes.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        FaultyNamespace(store: self, base: self.base.open(namespace))
    }

    /// Does the wrapped store's periodic work.
    public func run() async throws {
        try await self.base.run()
    }

    /// Shuts the wrapped store down.
    public func shutdown() async {
        await self.base.shutdown()
    }

    /// Carries out a call, if the store is to work.
    func perform<Result>(_ operation: Operation, _ body: () async throws -> Result) async throws -> Result {
        let interception = self.state.withLock { state in
            state.calls[operation, default: 0] += 1
            return state.interception
        }
        try await interception?(operation, .before)
        try await self.hangIfWanted(operation)
        if self.state.withLock({ $0.failing.contains(operation) }) {
            throw CacheError(.unavailable, "the faulty store is told to fail")
        }
        let result = try await body()
        try await interception?(operation, .after)
        return result
    }

    private func hangIfWanted(_ operation: Operation) async throws {
        let waiter = self.state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = self.state.withLock { state in
                    // Asked under the lock: a later cancellation finds the waiter.
                    guard state.hanging.contains(operation), !Task.isCancelled else { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
        if self.state.withLock({ $0.hanging.contains(operation) }) { try Task.checkCancellation() }
    }
}

/// A namespace of a faulty store.
private struct FaultyNamespace: NamespaceStore {
    let store: FaultyStore
    let base: any NamespaceStore

    func readNow(_ key: StoreKey) -> ImmediateLookup { .unknown }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        try await self.store.perform(.read) { try await self.base.read(keys, options) }
    }

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        try await self.store.perform(.write) { try await self.base.write(writes, condition) }
    }

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        try await self.store.perform(.commit) { try await self.base.commit(commits) }
    }

    func release(_ leases: [Lease]) async throws {
        try await self.store.perform(.release) { try await self.base.release(leases) }
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        try await self.store.perform(.renew) { try await self.base.renew(leases, for: duration) }
    }

    func listen(for key: StoreKey) async throws -> (any LeaseSignal)? {
        try await self.store.perform(.listen) { try await self.base.listen(for: key) }
    }

    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        try await self.store.perform(.marks) { try await self.base.marks(of: tags, for: duration) }
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        try await self.store.perform(.invalidate) { try await self.base.invalidate(tags, manner) }
    }

    func report(on key: StoreKey) async throws -> [EntryReport] {
        try await self.store.perform(.report) { try await self.base.report(on: key) }
    }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        try await self.store.perform(.remove) { try await self.base.remove(keys) }
    }

    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        try await self.store.perform(.increment) {
            try await self.base.increment(key, by: delta, initial: initial, within: bounds)
        }
    }

    func append(_ write: EntryWrite) async throws -> Int {
        try await self.store.perform(.append) { try await self.base.append(write) }
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        try await self.store.perform(.touch) { try await self.base.touch(key, lifetime) }
    }

    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        FaultyKeys {
            AsyncThrowingStream { continuation in
                let task = Task {
                    do {
                        try await self.store.perform(.keys) {
                            for try await key in self.base.keys(matching: pattern) { continuation.yield(key) }
                        }
                        continuation.finish()
                    } catch {
                        continuation.finish(throwing: error)
                    }
                }
                continuation.onTermination = { _ in task.cancel() }
            }
        }
    }

    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.store.perform(.removeAll) { try await self.base.removeAll(matching: pattern) }
    }

    func clear() async throws {
        try await self.store.perform(.clear) { try await self.base.clear() }
    }
}

/// The keys of a walk, which begins anew with each iteration.
private struct FaultyKeys: AsyncSequence, Sendable {
    typealias Element = StoreKey
    typealias Failure = any Error

    let begin: @Sendable () -> AsyncThrowingStream<StoreKey, any Error>

    func makeAsyncIterator() -> AsyncThrowingStream<StoreKey, any Error>.Iterator { self.begin().makeAsyncIterator() }
}
