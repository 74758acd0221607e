/// A namespace as code under ``Cache/bypassed(_:)`` finds it: empty, keeping nothing, but passing on all that makes entries
/// absent.
struct BypassedNamespace: NamespaceStore {
    let base: any NamespaceStore

    // MARK: Nothing is found

    func readNow(_ key: StoreKey) -> ImmediateLookup { .absent }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        keys.map { _ in .absent(.none) }
    }

    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        AsyncThrowingStream { $0.finish() }
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool { false }

    // MARK: Nothing is kept

    /// What is written over is known to be untrue from now on, so it goes.
    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        switch condition {
        case .ifAbsent: return writes.map { _ in true }
        case .ifPresent:
            _ = try await self.base.remove(writes.map(\.key))
            return writes.map { _ in false }
        case .always:
            _ = try await self.base.remove(writes.map(\.key))
            return writes.map { _ in true }
        }
    }

    /// Under leases from before the bypass.
    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        try await self.base.release(commits.map(\.lease))
        return commits.map { _ in false }
    }

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

    // MARK: The rest goes through

    func release(_ leases: [Lease]) async throws { try await self.base.release(leases) }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        try await self.base.renew(leases, for: duration)
    }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] { try await self.base.remove(keys) }

    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        try await self.base.marks(of: tags, for: duration)
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        try await self.base.invalidate(tags, manner)
    }

    func report(on key: StoreKey) async throws -> [EntryReport] { try await self.base.report(on: key) }

    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.base.removeAll(matching: pattern)
    }

    func failureDomains(of keys: [StoreKey]) -> Set<FailureDomain> { self.base.failureDomains(of: keys) }

    func failureDomain(of error: CacheError) -> FailureDomain? { self.base.failureDomain(of: error) }

    func clear() async throws { try await self.base.clear() }
}
