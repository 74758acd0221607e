import Larder

/// A namespace of a faulty store.
struct FaultyNamespace: NamespaceStore {
    let store: FaultyStore
    let name: CacheNamespace
    let base: any NamespaceStore

    /// Keys whose entries a schedule may evict from then on.
    private func known(_ keys: [StoreKey]) -> KnownKey.Batch { (self.name, keys) }

    func readNow(_ key: StoreKey) -> ImmediateLookup { .unknown }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        try await self.store.perform(.read, on: self.known(keys)) { try await self.base.read(keys, options) }
    }

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        try await self.store.perform(.write, on: self.known(writes.map(\.key)), lost: writes.map { _ in true }) {
            try await self.base.write(writes, condition)
        }
    }

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        try await self.store.perform(.commit, on: self.known(commits.map(\.write.key))) {
            try await self.base.commit(commits)
        }
    }

    func release(_ leases: [Lease]) async throws {
        try await self.store.perform(.release) { try await self.base.release(leases) }
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        try await self.store.perform(.renew) { try await self.base.renew(leases, for: duration) }
    }

    func failureDomains(of keys: [StoreKey]) -> Set<FailureDomain> { self.base.failureDomains(of: keys) }

    func failureDomain(of error: CacheError) -> FailureDomain? { self.base.failureDomain(of: error) }

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
        try await self.store.perform(.increment, on: self.known([key])) {
            try await self.base.increment(key, by: delta, initial: initial, within: bounds)
        }
    }

    func append(_ write: EntryWrite) async throws -> Int {
        try await self.store.perform(.append, on: self.known([write.key])) { try await self.base.append(write) }
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
