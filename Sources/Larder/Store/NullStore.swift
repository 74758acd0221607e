/// A store that keeps nothing: every read misses, every write is forgotten.
///
/// Django's dummy cache.
///
/// For development, and for tests of what happens without a cache. Fills still run once for all who wait.
public struct NullStore: CacheStore {
    /// Makes a store that keeps nothing.
    public init() {}

    /// `null`.
    public var kind: String { "null" }

    /// There is nothing to reach.
    public var isLocal: Bool { true }

    /// A namespace that keeps nothing.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore { NullNamespace() }
}

extension CacheStore where Self == NullStore {
    /// A store that keeps nothing.
    public static var null: NullStore { NullStore() }
}

private struct NullNamespace: NamespaceStore {
    func readNow(_ key: StoreKey) -> ImmediateLookup { .absent }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        keys.map { _ in .absent(.none) }
    }

    /// As if written and evicted at once: `add` succeeds, `replace` finds nothing.
    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        writes.map { _ in
            if case .ifPresent = condition { false } else { true }
        }
    }

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] { commits.map { _ in false } }

    func release(_ leases: [Lease]) async throws {}

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] { leases.map { _ in false } }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] { keys.map { _ in false } }

    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        guard case .integer(let start) = initial?.value else { throw CacheError.keyNotFound(key) }
        return try start.adding(delta, within: bounds, key)
    }

    func append(_ write: EntryWrite) async throws -> Int { try write.appendedValue(to: nil).length }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool { false }

    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        AsyncThrowingStream { $0.finish() }
    }

    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        tags.map { TagMark(name: $0, generation: 0, freshness: 0) }
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {}

    func report(on key: StoreKey) async throws -> [EntryReport] { [EntryReport(tier: "null", state: .absent)] }

    func removeAll(matching pattern: GlobPattern) async throws -> Int { 0 }

    func clear() async throws {}
}
