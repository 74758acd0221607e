import Larder
import LarderRedisClient

/// The namespace beneath a near cache: whoever first uses it begins to listen to changes.
///
/// It also takes the time of a change of this process, for when its push comes, and forgets the generations that this process
/// has replaced before the call returns.
final class ListeningNamespace: NamespaceStore {
    private let base: RedisNamespace
    private let feed: InvalidationFeed
    private let generations: RememberedGenerations
    private let tally: NearCacheTally

    /// - Parameters:
    ///   - base: The namespace.
    ///   - feed: What listens; ends with the last reference to this.
    ///   - generations: What is remembered of the namespace's generations.
    ///   - tally: Where changes are noted.
    init(
        _ base: RedisNamespace,
        feed: InvalidationFeed,
        generations: RememberedGenerations,
        tally: NearCacheTally
    ) {
        self.base = base
        self.feed = feed
        self.generations = generations
        self.tally = tally
    }

    /// Stops listening.
    func close() { self.feed.close() }

    // MARK: Reading

    func readNow(_ key: StoreKey) -> ImmediateLookup { self.base.readNow(key) }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        self.feed.start()
        self.tally.missed(keys.count)
        return try await self.base.read(keys, options)
    }

    func report(on key: StoreKey) async throws -> [EntryReport] { try await self.base.report(on: key) }

    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        self.base.keys(matching: pattern)
    }

    // MARK: Writing

    /// Makes a change and takes its time.
    ///
    /// - Parameters:
    ///   - key: The key whose change is watched for.
    ///   - hasChanged: Whether it was changed.
    ///   - body: The change.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws.
    private func change<Answer>(
        _ key: StoreKey?,
        _ hasChanged: (Answer) -> Bool,
        _ body: () async throws -> Answer
    ) async throws -> Answer {
        self.feed.start()
        guard let key else { return try await body() }
        self.tally.changes(key)
        do {
            let answer = try await body()
            if !hasChanged(answer) { self.tally.hasNotChanged(key) }
            return answer
        } catch {
            self.tally.hasNotChanged(key)
            throw error
        }
    }

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        try await self.change(writes.first?.key, { $0.first == true }) {
            try await self.base.write(writes, condition)
        }
    }

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        try await self.change(commits.first?.write.key, { $0.first == true }) {
            try await self.base.commit(commits)
        }
    }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        try await self.change(keys.first, { $0.first == true }) { try await self.base.remove(keys) }
    }

    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        try await self.change(key, { _ in true }) {
            try await self.base.increment(key, by: delta, initial: initial, within: bounds)
        }
    }

    func append(_ write: EntryWrite) async throws -> Int {
        try await self.change(write.key, { _ in true }) { try await self.base.append(write) }
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        try await self.change(key, { $0 }) { try await self.base.touch(key, lifetime) }
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        // Also where it throws: nobody knows what became of the call then.
        defer { self.generations.forget(tags) }
        try await self.base.invalidate(tags, manner)
    }

    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.base.removeAll(matching: pattern)
    }

    func clear() async throws {
        defer { self.generations.forgetAll() }
        try await self.base.clear()
    }

    // MARK: Leases and tags

    func release(_ leases: [Lease]) async throws { try await self.base.release(leases) }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        try await self.base.renew(leases, for: duration)
    }

    func failureDomains(of keys: [StoreKey]) -> Set<FailureDomain> { self.base.failureDomains(of: keys) }

    func failureDomain(of error: CacheError) -> FailureDomain? { self.base.failureDomain(of: error) }

    func probe(_ part: FailureDomain) async throws -> Bool { try await self.base.probe(part) }

    func listen(for key: StoreKey) async throws -> (any LeaseSignal)? { try await self.base.listen(for: key) }

    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        try await self.base.marks(of: tags, for: duration)
    }
}
