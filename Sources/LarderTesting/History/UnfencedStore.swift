public import Larder

/// A store that commits without looking at leases and tags, around one that looks: what the history checker has to find
/// violations on.
///
/// Whatever a fill brings is written, under its tags as they are then. A value that was read before an invalidation so
/// comes back after it, as in every cache that has no such fence.
public struct UnfencedStore: CacheStore {
    private let base: any CacheStore

    /// Wraps a store.
    ///
    /// - Parameter base: The store that does the work.
    public init(_ base: some CacheStore) {
        self.base = base
    }

    /// What the wrapped store says.
    public var kind: String { self.base.kind }

    /// What the wrapped store says.
    public var isLocal: Bool { self.base.isLocal }

    /// A namespace of the wrapped store, without its fence.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: What a cache reads and writes.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        UnfencedNamespace(base: self.base.open(namespace))
    }

    /// Does the wrapped store's periodic work.
    public func run() async throws {
        try await self.base.run()
    }

    /// Shuts the wrapped store down.
    public func shutdown() async {
        await self.base.shutdown()
    }
}

/// A namespace without its fence.
private struct UnfencedNamespace: NamespaceStore {
    let base: any NamespaceStore

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        let writes = commits.map { commit in
            var write = commit.write
            let tags = commit.lease.marks.map(\.name) + commit.marks.map(\.name) + commit.lateTags
            write.tags = Set(tags).sorted()
            return write
        }
        return try await self.base.write(writes, .always)
    }

    func readNow(_ key: StoreKey) -> ImmediateLookup { self.base.readNow(key) }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        try await self.base.read(keys, options)
    }

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        try await self.base.write(writes, condition)
    }

    func release(_ leases: [Lease]) async throws {
        try await self.base.release(leases)
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        try await self.base.renew(leases, for: duration)
    }

    func failureDomains(of keys: [StoreKey]) -> Set<FailureDomain> { self.base.failureDomains(of: keys) }

    func failureDomain(of error: CacheError) -> FailureDomain? { self.base.failureDomain(of: error) }

    func listen(for key: StoreKey) async throws -> (any LeaseSignal)? {
        try await self.base.listen(for: key)
    }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        try await self.base.remove(keys)
    }

    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        try await self.base.increment(key, by: delta, initial: initial, within: bounds)
    }

    func append(_ write: EntryWrite) async throws -> Int {
        try await self.base.append(write)
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        try await self.base.touch(key, lifetime)
    }

    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        self.base.keys(matching: pattern)
    }

    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        try await self.base.marks(of: tags, for: duration)
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        try await self.base.invalidate(tags, manner)
    }

    func report(on key: StoreKey) async throws -> [EntryReport] {
        try await self.base.report(on: key)
    }

    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.base.removeAll(matching: pattern)
    }

    func clear() async throws {
        try await self.base.clear()
    }
}
