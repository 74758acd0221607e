public import Larder
import Synchronization

/// A store that fails or hangs when a test wants it to, or by a seeded chance, around one that works.
///
/// ```swift
/// let store = FaultyStore(.memory(entries: 100))
/// let cache = Cache(store, namespace: "books")
/// store.fail()
/// #expect(try await cache.fetch("k") { 1 } == 1)  // filled, though nothing can be read or stored
/// store.recover()
/// ```
///
/// ``follow(_:)`` lets faults come by a ``FaultSchedule``. It answers no read at once, as a store in another process would, and counts how often it is called.
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

    /// Who is told of calls that the wrapped store has failed.
    struct Witness: Sendable {
        /// The moment of now.
        var moment: @Sendable () -> Int64
        /// Takes a failure and the moment at which the call was made.
        var hasFailed: @Sendable (_ since: Int64, any Error) -> Void
    }

    private struct State {
        var witness: Witness?
        var failing: Set<Operation> = []
        var hanging: Set<Operation> = []
        var calls: [Operation: Int] = [:]
        var interception: Interception?
        var schedule: FaultSchedule?
        /// How often each operation has been called since there is a schedule.
        var scheduledCalls: [Operation: Int] = [:]
        var faults: [FaultSchedule.Fault: Int] = [:]
        var known = KnownKeys()
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]

        /// What is to happen to a call, which is counted.
        mutating func beginCall(_ operation: Operation) -> Plan {
            self.calls[operation, default: 0] += 1
            var plan = Plan(interception: self.interception, witness: self.witness)
            guard let schedule = self.schedule else { return plan }
            let call = self.scheduledCalls[operation, default: 0]
            self.scheduledCalls[operation] = call + 1
            let drawn = schedule.draw(operation, call)
            plan.faults = drawn.faults
            if drawn.faults.contains(.delay) { plan.delay = (drawn.delay, schedule.clock) }
            if drawn.faults.contains(.eviction) {
                plan.victim = self.known.take(drawn.victim)
                // Where nothing is known nothing can go.
                if plan.victim == nil { plan.faults.remove(.eviction) }
            }
            for fault in plan.faults { self.faults[fault, default: 0] += 1 }
            return plan
        }
    }

    /// What comes between a call and the store.
    private struct Plan {
        var interception: Interception?
        var witness: Witness?
        var faults: Set<FaultSchedule.Fault> = []
        var delay: (duration: Duration, clock: CacheClock)?
        var victim: KnownKey?
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

    /// How many faults of each kind the schedule has brought.
    public var faults: [FaultSchedule.Fault: Int] { self.state.withLock { $0.faults } }

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

    /// Lets faults come by a schedule from now on, its calls counted from zero.
    ///
    /// ``recover()`` lets calls go on that hang by it, and does not end it.
    ///
    /// - Parameter schedule: The schedule; `nil` ends it.
    public func follow(_ schedule: FaultSchedule?) {
        self.state.withLock { state in
            state.schedule = schedule
            state.scheduledCalls = [:]
        }
    }

    /// Lets something of your own come between.
    ///
    /// - Parameter interception: Called before and after each operation; `nil` ends it.
    public func intercept(_ interception: Interception?) {
        self.state.withLock { $0.interception = interception }
    }

    /// Lets somebody know of calls that the wrapped store fails.
    func setWitness(_ witness: Witness) {
        self.state.withLock { $0.witness = witness }
    }

    /// A namespace of the wrapped store, with the faults of this one.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: What a cache reads and writes.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        FaultyNamespace(store: self, name: namespace, base: self.base.open(namespace))
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
    ///
    /// - Parameters:
    ///   - operation: What is asked for.
    ///   - keys: The keys of entries that may be there afterwards, of a namespace.
    ///   - lost: What the call returns where what it writes gets lost; `nil` where it writes nothing.
    ///   - body: Asks the wrapped store.
    /// - Returns: What the wrapped store returned.
    /// - Throws: `CacheError` where the store is to fail; `CancellationError`; what `body` or an interception throws.
    func perform<Result>(
        _ operation: Operation,
        on keys: KnownKey.Batch? = nil,
        lost: Result? = nil,
        _ body: () async throws -> Result
    ) async throws -> Result {
        let plan = self.state.withLock { state in
            let plan = state.beginCall(operation)
            if let keys { state.known.add(keys) }
            return plan
        }
        try await plan.interception?(operation, .before)
        if let delay = plan.delay { try await delay.clock.sleep(until: delay.clock.now.advanced(by: delay.duration)) }
        if let victim = plan.victim { _ = try await self.base.open(victim.namespace).remove([victim.key]) }
        try await self.hang(operation, isScheduled: plan.faults.contains(.hang))
        if self.state.withLock({ $0.failing.contains(operation) }) {
            throw CacheError(.unavailable, "the faulty store is told to fail")
        }
        if plan.faults.contains(.error) { throw CacheError(.unavailable, "the faulty store fails by its schedule") }
        let result: Result
        if let lost, plan.faults.contains(.lostWrite) {
            result = lost
        } else {
            let begin = plan.witness?.moment() ?? 0
            do {
                result = try await body()
            } catch {
                plan.witness?.hasFailed(begin, error)
                throw error
            }
        }
        try await plan.interception?(operation, .after)
        if plan.faults.contains(.lostAnswer) {
            throw CacheError(.unavailable, "the faulty store loses its answer by its schedule")
        }
        return result
    }

    /// Hangs, if the operation is told to or the schedule wants it.
    private func hang(_ operation: Operation, isScheduled: Bool) async throws {
        let waiter = self.state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = self.state.withLock { state in
                    // Asked under the lock: a later cancellation finds the waiter.
                    guard isScheduled || state.hanging.contains(operation), !Task.isCancelled else { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
        if isScheduled || self.state.withLock({ $0.hanging.contains(operation) }) { try Task.checkCancellation() }
    }
}

/// A key of a namespace that an entry was written or looked for under.
struct KnownKey: Hashable, Sendable {
    /// Keys of one namespace.
    typealias Batch = (namespace: CacheNamespace, keys: [StoreKey])

    var namespace: CacheNamespace
    var key: StoreKey
}

/// Keys that can be evicted, in the order in which they became known.
private struct KnownKeys {
    /// A test that uses more keys than this evicts the oldest no more.
    private static let most = 100_000

    private var places: [KnownKey: Int] = [:]
    private var keys: [KnownKey] = []

    mutating func add(_ batch: KnownKey.Batch) {
        for key in batch.keys {
            let known = KnownKey(namespace: batch.namespace, key: key)
            guard self.places[known] == nil else { continue }
            if self.keys.count == Self.most { self.removeKey(at: 0) }
            self.places[known] = self.keys.count
            self.keys.append(known)
        }
    }

    /// Takes one out; the same number takes the same one of the same keys.
    mutating func take(_ number: UInt64) -> KnownKey? {
        if self.keys.isEmpty { return nil }
        return self.removeKey(at: Int(number % UInt64(self.keys.count)))
    }

    /// The last one takes its place.
    @discardableResult
    private mutating func removeKey(at index: Int) -> KnownKey {
        self.keys.swapAt(index, self.keys.count - 1)
        let key = self.keys.removeLast()
        self.places[key] = nil
        if index < self.keys.count { self.places[self.keys[index]] = index }
        return key
    }
}
