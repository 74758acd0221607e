/// The copies that a tiered store keeps of one namespace.
///
/// A copy is made like every fill: under a lease of the upper tier that is taken before the lower one is read, with the
/// entry's tags as tags that came with the value. So whatever forgets a key, a tag or all of them keeps out every copy of
/// what was read before.
///
/// That is all it takes to keep copies true to what other processes change: somebody who hears of it from the lower store
/// calls ``forget(_:)``, ``forget(tags:)`` or ``forgetAll()``, the last whenever something may have gone unheard. The store
/// itself calls nothing else for this process's own changes. Every copy was read from the lower store first, after its lease
/// was taken; so a server that tells each client of the keys that it has read tells of all copies.
package final class UpperTier: Sendable {
    private let space: MemoryNamespace
    /// What copies age by.
    let clock: CacheClock
    private let owner: UInt64
    private let longestLife: Duration?
    /// Whether copies may be served and made; nil, they always may.
    private let gate: CopyGate?

    /// How long a copy of an entry for ever lives, if nobody says otherwise.
    private static let longestLifeOfEndless = Duration.seconds(3_600)
    /// How long the lower tier may take to answer for its answer to be copied.
    private static let leaseDuration = Duration.seconds(10)

    init(_ space: MemoryNamespace, owner: UInt64, longestLife: Duration?, gate: CopyGate? = nil) {
        self.space = space
        self.clock = space.clock
        self.owner = owner
        self.longestLife = longestLife
        self.gate = gate
    }

    /// The copies of a namespace that are kept true by somebody who hears of all changes.
    ///
    /// - Parameters:
    ///   - store: Where they live.
    ///   - namespace: The namespace; its part of the store is left to these copies.
    ///   - gate: Whether they may be served and made.
    package convenience init(in store: MemoryStore, of namespace: CacheNamespace, gate: CopyGate) {
        self.init(store.memory(of: namespace), owner: .random(in: .min ... .max), longestLife: nil, gate: gate)
    }

    /// These copies in front of what they are copies of.
    ///
    /// - Parameter lower: The namespace that has the truth.
    /// - Returns: Both as one.
    package func over(_ lower: any NamespaceStore) -> any NamespaceStore {
        TieredNamespace(upper: self, lower: lower)
    }

    // MARK: Forgetting

    /// Drops the copies of keys, and keeps out what was read of them before.
    package func forget(_ keys: [StoreKey]) { self.space.forget(keys) }

    /// Drops the copies of all entries that have one of these tags, and keeps out what was read of them before.
    ///
    /// Also of entries that are only stale by then: copies of those are of no use either.
    package func forget(tags: [String]) { self.space.forget(tags: tags) }

    /// Drops all copies, and keeps out what was read before.
    package func forgetAll() { self.space.forgetAll() }

    /// Drops the copies of all keys that match, and keeps out what was read before.
    func forgetAll(matching pattern: GlobPattern) async throws {
        _ = try await self.space.removeAll(matching: pattern)
    }

    // MARK: Reading

    /// The copy of a fresh entry.
    @inline(__always)
    func copy(of key: StoreKey) -> TieredCopy? {
        if let gate = self.gate, !gate.isOpen { return nil }
        let box: ValueBox
        switch self.space.readNow(key) {
        case .fresh(.object(let found)), .tagged(.object(let found), _): box = found
        default: return nil
        }
        guard let copy = TieredCopy.held(by: box), copy.owner == self.owner, copy.isFresh(self.clock) else {
            return nil
        }
        return copy
    }

    /// What is known of a copy.
    func report(on key: StoreKey) async throws -> [EntryReport] {
        try await self.space.report(on: key)
    }

    // MARK: Copying

    /// Whatever is read while this stays the same, and heard of no change of, is current.
    var watch: UInt64 { self.gate?.number ?? 0 }

    /// Takes the leases of keys whose copies are missing or of no use.
    ///
    /// - Returns: For each key, in order, its lease; `nil` where somebody else copies it.
    func takeLeases(on keys: [StoreKey], _ coder: any EntryCoder) async throws -> [Lease?] {
        if let life = self.longestLife, life <= .zero { return keys.map { _ in nil } }
        if let gate = self.gate, !gate.isOpen { return keys.map { _ in nil } }
        let request = LeaseRequest(token: .random(), duration: Self.leaseDuration, replacesEntry: true)
        return try await self.space.read(keys, ReadOptions(lease: request, coder: coder)).map { answer in
            if case .absent(.granted(let lease)) = answer { lease } else { nil }
        }
    }

    /// Gives back leases under which nothing is copied.
    func release(_ leases: [Lease]) async throws {
        if !leases.isEmpty { try await self.space.release(leases) }
    }

    /// Copies an entry, if it is fresh and not too heavy for the upper tier.
    ///
    /// - Parameters:
    ///   - entry: What the lower tier has answered, with times; its value decoded.
    ///   - lease: The lease that was taken before the lower tier was asked.
    ///   - start: When it was asked. The entry's time is counted from then, so the copy ends no later than the entry.
    ///   - coder: The reader's.
    /// - Returns: Whether the lease is used up.
    /// - Throws: What the upper tier throws, but not that it takes no entry of this size: then nothing is copied.
    func put(_ entry: StoredEntry, under lease: Lease, readAt start: CacheInstant, _ coder: any EntryCoder) async throws
        -> Bool
    {
        guard !entry.isStale, let left = entry.timeLeft else { return false }
        var end = CacheInstant.distantFuture
        var life = self.longestLife ?? Self.longestLifeOfEndless
        if let left = left.duration {
            end = start.advanced(by: left)
            let rest = self.clock.now.duration(to: end)
            life = min(rest, self.longestLife ?? rest)
        }
        guard life > .zero else { return false }
        let write = EntryWrite(
            key: lease.key,
            value: .object(TieredCopy(entry, owner: self.owner, freshUntil: end)),
            coder: coder,
            lifetime: EntryLifetime(freshFor: life),
            fillCost: entry.fillCost
        )
        do {
            // Refused or not, the lease has ended.
            _ = try await self.space.commit([EntryCommit(write: write, lease: lease, lateTags: entry.marks.map(\.name))]
            )
            return true
        } catch let error as CacheError where error.code == .valueTooLarge {
            // It stays below.
            return false
        }
    }
}
