package import Larder

/// A namespace around another one, to which everything goes that it does not do itself.
///
/// For stores that tests put between a cache and the store that does the work.
package protocol ForwardingNamespace: NamespaceStore {
    /// The namespace that does the work.
    var base: any NamespaceStore { get }
}

extension ForwardingNamespace {
    package func readNow(_ key: StoreKey) -> ImmediateLookup { self.base.readNow(key) }

    package func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        try await self.base.read(keys, options)
    }

    package func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        try await self.base.write(writes, condition)
    }

    package func commit(_ commits: [EntryCommit]) async throws -> [Bool] { try await self.base.commit(commits) }

    package func release(_ leases: [Lease]) async throws { try await self.base.release(leases) }

    package func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        try await self.base.renew(leases, for: duration)
    }

    package func listen(for key: StoreKey) async throws -> (any LeaseSignal)? { try await self.base.listen(for: key) }

    package func remove(_ keys: [StoreKey]) async throws -> [Bool] { try await self.base.remove(keys) }

    package func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        try await self.base.increment(key, by: delta, initial: initial, within: bounds)
    }

    package func append(_ write: EntryWrite) async throws -> Int { try await self.base.append(write) }

    package func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        try await self.base.touch(key, lifetime)
    }

    package func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        self.base.keys(matching: pattern)
    }

    package func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        try await self.base.marks(of: tags, for: duration)
    }

    package func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        try await self.base.invalidate(tags, manner)
    }

    package func report(on key: StoreKey) async throws -> [EntryReport] { try await self.base.report(on: key) }

    package func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.base.removeAll(matching: pattern)
    }

    package func clear() async throws { try await self.base.clear() }

    package func failureDomains(of keys: [StoreKey]) -> Set<FailureDomain> { self.base.failureDomains(of: keys) }

    package func failureDomain(of error: CacheError) -> FailureDomain? { self.base.failureDomain(of: error) }

    package func probe(_ part: FailureDomain) async throws -> Bool { try await self.base.probe(part) }
}
