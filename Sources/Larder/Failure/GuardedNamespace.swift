import Logging

/// The namespace of a store that can become unavailable, behind a circuit breaker and a log of invalidations.
///
/// Every call on the store passes the breaker, and none before the store has heard of the invalidations that it missed.
final class GuardedNamespace: NamespaceStore {
    private let base: any NamespaceStore
    private let breaker: CircuitBreaker?
    private let log: InvalidationLog?
    private let replay: InvalidationReplay?
    /// Counts and reports what was kept, since the caller hears of no error.
    private let onKept: @Sendable (CacheError, Int) -> Void

    /// - Parameters:
    ///   - base: The store's namespace.
    ///   - name: Its name.
    ///   - defaults: The cache's policies.
    ///   - clock: What pauses are measured by.
    ///   - logger: Where the breaker's opening and closing are reported.
    ///   - tasks: Who owns probes and replays.
    ///   - probeCoder: Any coder: the probe asks for a key that nobody writes.
    ///   - onKept: Told of every failure after which invalidations were kept, and of how many keys it named.
    init(
        _ base: any NamespaceStore,
        name: CacheNamespace,
        defaults: CacheDefaults,
        clock: CacheClock,
        logger: Logger,
        tasks: FlightTable,
        probeCoder: any EntryCoder,
        onKept: @escaping @Sendable (CacheError, Int) -> Void
    ) {
        let breaker = defaults.circuitBreaker.map { policy in
            CircuitBreaker(
                policy,
                clock: clock,
                logger: logger,
                tasks: tasks,
                store: base,
                probeCoder: probeCoder
            )
        }
        let log = defaults.invalidationPolicy.replay.map { InvalidationLog($0, namespace: name, logger: logger) }
        self.base = base
        self.breaker = breaker
        self.log = log
        self.replay = log.map { log in
            InvalidationReplay(log, clock: clock, logger: logger, tasks: tasks) { batch in
                try await Self.call(breaker, { batch.namedKeys }) { try await batch.send(to: base) }
            }
        }
        self.onKept = onKept
    }

    /// Whether calls reach the store.
    var circuit: CircuitState { self.breaker?.circuit ?? .closed }

    /// How many invalidations the store has not heard of.
    var pendingInvalidations: Int { self.log?.count ?? 0 }

    // MARK: The guard

    private static func call<Result>(
        _ breaker: CircuitBreaker?,
        _ keys: () -> [StoreKey]?,
        _ body: () async throws -> Result
    ) async throws -> Result {
        guard let breaker else { return try await body() }
        return try await breaker.call(keys, body)
    }

    /// Calls the store where the breaker lets it, after the invalidations that wait.
    ///
    /// - Parameters:
    ///   - keys: The keys that the call is about, none for one about the namespace; `nil` for one that needs all parts.
    ///   - body: The call.
    /// - Returns: What the call returns.
    /// - Throws: What the call throws; `CacheError` with `.unavailable` where the store is not to be asked.
    private func call<Result>(
        on keys: @autoclosure () -> [StoreKey]?,
        _ body: () async throws -> Result
    ) async throws -> Result {
        if let replay = self.replay, replay.isNeeded {
            // Who is not let through need not wait.
            _ = try self.breaker?.admit(keys)
            try await replay.settle()
        }
        return try await Self.call(self.breaker, keys, body)
    }

    /// Invalidates, or keeps the invalidations for later where the policy says so.
    ///
    /// - Parameters:
    ///   - keys: The keys that the call is about, as for every call.
    ///   - invalidations: What to keep.
    ///   - unknown: What the caller is told where nobody can say how many entries there were.
    ///   - body: Tells the store.
    /// - Returns: What the store says, or `unknown`.
    /// - Throws: What the store throws, where nothing is kept; what the log throws, where it cannot keep it.
    private func invalidate<Result>(
        on keys: @autoclosure () -> [StoreKey]?,
        _ invalidations: @autoclosure () -> [Invalidation],
        unknown: @autoclosure () -> Result,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await self.call(on: keys(), body)
        } catch let error as CacheError where error.code == .unavailable {
            guard let log = self.log else { throw error }
            let invalidations = invalidations()
            try await log.keep(invalidations, because: error)
            self.onKept(error, invalidations.count)
            return unknown()
        }
    }

    // MARK: Reading

    func readNow(_ key: StoreKey) -> ImmediateLookup {
        // What is in memory may be what has to be invalidated.
        if let replay = self.replay, replay.isNeeded { return .unknown }
        return self.base.readNow(key)
    }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        try await self.call(on: keys) { try await self.base.read(keys, options) }
    }

    func report(on key: StoreKey) async throws -> [EntryReport] {
        try await self.call(on: [key]) { try await self.base.report(on: key) }
    }

    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        GuardedKeys(base: self.base, pattern: pattern, breaker: self.breaker, replay: self.replay)
    }

    // MARK: Writing

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        do {
            return try await self.call(on: writes.map(\.key)) { try await self.base.write(writes, condition) }
        } catch let error as CacheError where error.code == .unavailable {
            // Who adds says nothing about an entry that is there. Who sets has made it untrue.
            if let log = self.log, condition.replacesEntries {
                try await log.keep(writes.map { .key($0.key) }, because: error)
            }
            throw error
        }
    }

    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        try await self.call(on: [key]) {
            try await self.base.increment(key, by: delta, initial: initial, within: bounds)
        }
    }

    func append(_ write: EntryWrite) async throws -> Int {
        try await self.call(on: [write.key]) { try await self.base.append(write) }
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        try await self.call(on: [key]) { try await self.base.touch(key, lifetime) }
    }

    // MARK: Filling

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        try await self.call(on: commits.map(\.write.key)) { try await self.base.commit(commits) }
    }

    func release(_ leases: [Lease]) async throws {
        try await self.call(on: leases.map(\.key)) { try await self.base.release(leases) }
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        try await self.call(on: leases.map(\.key)) { try await self.base.renew(leases, for: duration) }
    }

    func listen(for key: StoreKey) async throws -> (any LeaseSignal)? {
        try await self.call(on: [key]) { try await self.base.listen(for: key) }
    }

    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        try await self.call(on: []) { try await self.base.marks(of: tags, for: duration) }
    }

    // MARK: Invalidating

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        try await self.invalidate(on: keys, keys.map { .key($0) }, unknown: keys.map { _ in false }) {
            try await self.base.remove(keys)
        }
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        try await self.invalidate(on: [], tags.map { .tag($0, manner) }, unknown: ()) {
            try await self.base.invalidate(tags, manner)
        }
    }

    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        // Matching keys can lie anywhere. While a part is known to be lost it could not be carried out, so it is not begun: it
        // fails at once, or is kept, as the policy says.
        try await self.invalidate(on: nil, [.pattern(pattern)], unknown: 0) {
            try await self.base.removeAll(matching: pattern)
        }
    }

    func clear() async throws {
        try await self.invalidate(on: [], [.clear], unknown: ()) { try await self.base.clear() }
    }
}

extension WriteCondition {
    /// Whether a write states that what the store has is not true any more.
    fileprivate var replacesEntries: Bool {
        switch self {
        case .always, .ifPresent: true
        case .ifAbsent: false
        }
    }
}
