import Synchronization

/// What all who open a namespace of a memory store share.
final class MemoryNamespaceState: Sendable {
    let id: UInt32
    private let generation: Atomic<UInt64>
    private let epoch: Atomic<UInt64>

    init(id: UInt32) {
        self.id = id
        let stamp = NamespaceStamp.random()
        self.generation = Atomic(stamp.generation)
        self.epoch = Atomic(stamp.epoch)
    }

    /// The generation, for readers.
    @inline(__always)
    var currentGeneration: UInt64 { self.generation.load(ordering: .acquiring) }

    /// Both numbers.
    ///
    /// They are read one after the other; should `clear` come between, the two belong to no stamp that ever was, and
    /// nothing is committed under them.
    var stamp: NamespaceStamp {
        NamespaceStamp(
            generation: self.generation.load(ordering: .acquiring),
            epoch: self.epoch.load(ordering: .acquiring)
        )
    }

    func clear() {
        let stamp = NamespaceStamp.random()
        self.epoch.store(stamp.epoch, ordering: .releasing)
        self.generation.store(stamp.generation, ordering: .releasing)
    }

    func raiseEpoch() {
        self.epoch.store(NamespaceStamp.random().epoch, ordering: .releasing)
    }
}

/// One namespace of a memory store.
///
/// Each verb is one update of one entry under its shard's lock, so verbs on a key happen one after the other.
final class MemoryNamespace: NamespaceStore {
    private let store: MemoryStore
    private let state: MemoryNamespaceState
    /// The store's, one reference nearer for the way of every hit.
    private let entries: MemoryStore.Entries
    private let id: UInt32

    init(store: MemoryStore, state: MemoryNamespaceState) {
        self.store = store
        self.state = state
        self.entries = store.entries
        self.id = state.id
    }

    @inline(__always)
    private func name(_ key: StoreKey) -> NamespacedName {
        NamespacedName(namespace: self.id, version: key.version, name: key.name)
    }

    private var clock: CacheClock { self.store.clock }

    /// Whether an entry is what `get` would return.
    private func isFresh(_ entry: MemoryCacheEntry<MemoryEntry>?) -> Bool {
        guard let entry = entry?.value else { return false }
        return entry.generation == self.state.currentGeneration && !entry.isStale(self.clock)
    }

    // MARK: Reading

    func readNow(_ key: StoreKey) -> ImmediateLookup {
        let generation = self.state.currentGeneration
        var isExpired = false
        var isSweepDue = false
        // The entries live as long as this namespace does, which the optimiser does not see: it would retain them.
        let found = Unmanaged.passUnretained(self.entries)._withUnsafeGuaranteedRef { entries in
            NamespacedNameScheme.withProbe(self.id, key.version, key.name, seed: entries.seed) { probe in
                entries.read(probe, isExpired: &isExpired, isSweepDue: &isSweepDue) { entry -> ImmediateLookup in
                    // One that is dead or may be stale takes the longer way.
                    entry.generation == generation && !entry.hasGrace ? .fresh(entry.value) : .unknown
                }
            }
        }
        if isExpired { self.entries.removeExpired(self.name(key)) }
        if isSweepDue { self.entries.sweep(besides: self.name(key)) }
        return found ?? .absent
    }

    /// Removes an entry that is dead, unless it has been written anew meanwhile.
    private func reap(_ key: StoreKey) {
        self.entries.update(forKey: self.name(key)) { entry in
            if let found = entry, found.value.generation != self.state.currentGeneration { entry = nil }
        }
    }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        guard let lease = options.lease else {
            return keys.map { key in
                guard let entry = self.entries.value(forKey: self.name(key)) else { return .absent(.none) }
                guard entry.generation == self.state.currentGeneration else {
                    self.reap(key)
                    return .absent(.none)
                }
                return .found(entry.stored(self.clock, wantsTimes: options.wantsTimes))
            }
        }
        return keys.map { key in
            let name = self.name(key)
            return self.entries.update(forKey: name) { entry in
                let stamp = self.state.stamp
                if let found = entry {
                    if found.value.generation != stamp.generation {
                        entry = nil
                    } else if !lease.replacesEntry {
                        return .found(found.value.stored(self.clock, wantsTimes: options.wantsTimes))
                    }
                }
                return .absent(self.store.leases.acquire(name, key, lease, stamp))
            }.result
        }
    }

    // MARK: Writing

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        try writes.map { write in
            let name = self.name(write.key)
            let outcome = self.entries.update(forKey: name) { entry -> Result<Bool, CacheError> in
                switch condition {
                case .always: break
                case .ifAbsent: if self.isFresh(entry) { return .success(false) }
                case .ifPresent: if !self.isFresh(entry) { return .success(false) }
                }
                self.store.leases.end(name)
                do throws(CacheError) {
                    try self.put(write, value: write.value, name, into: &entry)
                    return .success(true)
                } catch {
                    // What was there is not true any more.
                    entry = nil
                    return .failure(error)
                }
            }.result
            return try outcome.get()
        }
    }

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        if self.store.cost != nil {
            // Before the first lease is used up, so that nothing has happened when this throws.
            for commit in commits {
                let name = self.name(commit.write.key)
                try self.refuseTooHeavy(MemoryEntry(commit.write, generation: 0, now: self.clock.now), name)
            }
        }
        return commits.map { commit in
            let name = self.name(commit.write.key)
            return self.entries.update(forKey: name) { entry in
                let stamp = self.state.stamp
                guard self.store.leases.redeem(name, commit.lease, stamp) else { return false }
                let new = MemoryEntry(commit.write, generation: stamp.generation, now: self.clock.now)
                entry = MemoryCacheEntry(new, deadline: new.deadline)
                return true
            }.result
        }
    }

    func release(_ leases: [Lease]) async throws {
        for lease in leases { self.store.leases.release(self.name(lease.key), lease.token) }
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] { leases.map { _ in true } }

    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        throw CacheError(.unavailable, "STUB")
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        throw CacheError(.unavailable, "STUB")
    }

    func report(on key: StoreKey) async throws -> [EntryReport] { throw CacheError(.unavailable, "STUB") }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        keys.map { self.remove(self.name($0)) }
    }

    private func remove(_ name: NamespacedName) -> Bool {
        self.entries.update(forKey: name) { entry in
            let wasFresh = self.isFresh(entry)
            entry = nil
            self.store.leases.end(name)
            return wasFresh
        }.result
    }

    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        let name = self.name(key)
        return try self.entries.update(forKey: name) { entry in
            var start: Int64?
            if self.isFresh(entry), let found = entry?.value.value {
                guard case .integer(let integer) = found else { throw CacheError.notAnInteger(key) }
                start = integer
            }
            if let start {
                let sum = try start.adding(delta, within: bounds, key)
                entry?.value.value = .integer(sum)
                self.store.leases.end(name)
                return sum
            }
            guard let initial, case .integer(let first) = initial.value else { throw CacheError.keyNotFound(key) }
            let sum = try first.adding(delta, within: bounds, key)
            try self.put(initial, value: .integer(sum), name, into: &entry)
            self.store.leases.end(name)
            return sum
        }.result
    }

    func append(_ write: EntryWrite) async throws -> Int {
        let name = self.name(write.key)
        return try self.entries.update(forKey: name) { entry in
            let isFresh = self.isFresh(entry)
            let (value, length) = try write.appendedValue(to: isFresh ? entry?.value.value : nil)
            if isFresh, var whole = entry?.value {
                whole.value = value
                try self.refuseTooHeavy(whole, name)
                entry?.value.value = value
            } else {
                try self.put(write, value: value, name, into: &entry)
            }
            self.store.leases.end(name)
            return length
        }.result
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        self.entries.update(forKey: self.name(key)) { entry in
            guard self.isFresh(entry), var touched = entry?.value else { return false }
            touched.live(lifetime, from: self.clock.now)
            entry = MemoryCacheEntry(touched, deadline: touched.deadline)
            return true
        }.result
    }

    /// Makes an entry of the namespace's current generation.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/valueTooLarge`` where no shard would take it.
    private func put(
        _ write: EntryWrite,
        value: EntryValue,
        _ name: NamespacedName,
        into entry: inout MemoryCacheEntry<MemoryEntry>?
    ) throws(CacheError) {
        let generation = self.state.currentGeneration
        let new = MemoryEntry(write, value: value, generation: generation, now: self.clock.now)
        try self.refuseTooHeavy(new, name)
        entry = MemoryCacheEntry(new, deadline: new.deadline)
    }

    private func refuseTooHeavy(_ entry: MemoryEntry, _ name: NamespacedName) throws(CacheError) {
        guard let cost = self.store.cost else { return }
        let weight = cost(name, entry)
        let limit = self.store.heaviestEntry
        guard weight > limit else { return }
        throw CacheError(.valueTooLarge, "the entry costs \(weight), and the store takes \(limit)", key: name.name)
    }

    // MARK: The whole namespace

    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        MemoryKeys { self.keys(matching: pattern, where: self.isFresh) }
    }

    private func keys(
        matching pattern: GlobPattern,
        where isWanted: (MemoryCacheEntry<MemoryEntry>) -> Bool
    ) -> [StoreKey] {
        var keys: [StoreKey] = []
        self.entries.forEach { name, entry in
            guard name.namespace == self.id, pattern.matches(name.name), isWanted(entry) else { return }
            keys.append(StoreKey(version: name.version, name: name.name))
        }
        return keys
    }

    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        self.state.raiseEpoch()
        // Those in their grace as well: they could still be served.
        return self.keys(matching: pattern) { _ in true }.count { self.remove(self.name($0)) }
    }

    func clear() async throws {
        self.state.clear()
    }
}

/// The keys of a walk, which begins anew with each iteration.
private struct MemoryKeys: AsyncSequence, Sendable {
    typealias Element = StoreKey
    typealias Failure = any Error

    let list: @Sendable () -> [StoreKey]

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<StoreKey>

        mutating func next() async throws -> StoreKey? { self.rest.popFirst() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: self.list()[...]) }
}
