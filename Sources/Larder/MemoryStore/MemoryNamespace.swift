/// One namespace of a memory store.
///
/// Each verb is one update of one entry under its shard's lock, so verbs on a key happen one after the other.
final class MemoryNamespace: NamespaceStore {
    let store: MemoryStore
    let state: MemoryNamespaceState
    /// The store's, one reference nearer for the way of every hit.
    let entries: MemoryStore.Entries
    let id: UInt32

    init(store: MemoryStore, state: MemoryNamespaceState) {
        self.store = store
        self.state = state
        self.entries = store.entries
        self.id = state.id
    }

    @inline(__always)
    func name(_ key: StoreKey) -> NamespacedName {
        NamespacedName(namespace: self.id, version: key.version, name: key.name)
    }

    var clock: CacheClock { self.store.clock }

    /// Whether an entry is what `get` would return.
    private func isFresh(_ entry: MemoryCacheEntry<MemoryEntry>?) -> Bool {
        entry?.value.isFresh(self.state.currentGeneration, self.clock) ?? false
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
                    // One that is dead or stale takes the longer way.
                    guard entry.generation == generation, !(entry.hasGrace && self.isOver(entry)) else {
                        return .unknown
                    }
                    guard let tags = entry.tags else { return .fresh(entry.value) }
                    return tags.isFresh ? .tagged(entry.value, tags.marks) : .unknown
                }
            }
        }
        if isExpired { self.entries.removeExpired(self.name(key)) }
        if isSweepDue { self.entries.sweep(besides: self.name(key)) }
        return found ?? .absent
    }

    /// Out of the way of entries without a grace, which need no clock here: copying one costs.
    @inline(never)
    private func isOver(_ entry: borrowing MemoryEntry) -> Bool {
        self.clock.hasPassed(entry.freshUntil)
    }

    /// Removes an entry that is dead, unless it has been written anew meanwhile.
    private func reap(_ key: StoreKey) {
        self.entries.update(forKey: self.name(key)) { entry in
            if let found = entry, found.value.isDead(self.state.currentGeneration) { entry = nil }
        }
    }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        guard let lease = options.lease else {
            return keys.map { key in
                guard let entry = self.entries.value(forKey: self.name(key)) else { return .absent(.none) }
                if entry.isDead(self.state.currentGeneration) {
                    self.reap(key)
                    return .absent(.none)
                }
                return .found(entry.stored(self.clock, wantsTimes: options.wantsTimes))
            }
        }
        // The serial first: a tag that is invalidated between the two counts as invalidated since.
        let serial = self.state.tags.serial
        let tags = self.state.tags.tags(lease.tags)
        var ended = EndedLeases()
        let found = keys.map { key -> StoreLookup in
            let name = self.name(key)
            return self.entries.update(forKey: name) { entry in
                let stamp = self.state.stamp
                if let found = entry {
                    if found.value.isDead(stamp.generation) {
                        entry = nil
                    } else if !lease.replacesEntry {
                        return .found(found.value.stored(self.clock, wantsTimes: options.wantsTimes))
                    }
                }
                let terms = LeaseTerms(stamp: stamp, serial: serial, tags: tags)
                return .absent(self.store.leases.acquire(name, key, lease, terms, &ended))
            }.result
        }
        ended.tell()
        return found
    }

    // MARK: Writing

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        var ended = EndedLeases()
        defer { ended.tell() }
        var last: (names: [String], tags: EntryTags?) = ([], nil)
        return try writes.map { write in
            let name = self.name(write.key)
            // Entries of one call mostly have the same tags.
            if write.tags != last.names { last = (write.tags, self.state.tags.tags(write.tags)) }
            let tags = last.tags
            let outcome = self.entries.update(forKey: name) { entry -> Result<Bool, CacheError> in
                switch condition {
                case .always: break
                case .ifAbsent: if self.isFresh(entry) { return .success(false) }
                case .ifPresent: if !self.isFresh(entry) { return .success(false) }
                }
                self.store.leases.end(name, &ended)
                do throws(CacheError) {
                    try self.put(write, value: write.value, tags, name, into: &entry)
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
                let entry = MemoryEntry(commit.write, generation: 0, tags: nil, now: self.clock.now)
                try self.refuseTooHeavy(entry, self.name(commit.write.key))
            }
        }
        var ended = EndedLeases()
        let written = commits.map { commit -> Bool in
            let name = self.name(commit.write.key)
            let tags = CommitTags(commit, in: self.state.tags)
            return self.entries.update(forKey: name) { entry in
                let stamp = self.state.stamp
                guard let terms = self.store.leases.redeem(name, commit.lease, stamp, &ended) else { return false }
                let verdict = tags.judged(terms)
                guard verdict.mayWrite else { return false }
                let new = MemoryEntry(
                    commit.write,
                    generation: stamp.generation,
                    tags: verdict.tags,
                    now: self.clock.now
                )
                entry = MemoryCacheEntry(new, deadline: new.deadline)
                return true
            }.result
        }
        ended.tell()
        return written
    }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        var ended = EndedLeases()
        let removed = keys.map { self.remove(self.name($0), &ended) }
        ended.tell()
        return removed
    }

    func remove(_ name: NamespacedName, _ ended: inout EndedLeases) -> Bool {
        self.entries.update(forKey: name) { entry in
            let wasFresh = self.isFresh(entry)
            entry = nil
            self.store.leases.end(name, &ended)
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
        let tags = self.state.tags.tags(initial?.tags ?? [])
        var ended = EndedLeases()
        defer { ended.tell() }
        return try self.entries.update(forKey: name) { entry in
            var start: Int64?
            if self.isFresh(entry), let found = entry?.value.value {
                guard case .integer(let integer) = found else { throw CacheError.notAnInteger(key) }
                start = integer
            }
            if let start {
                let sum = try start.adding(delta, within: bounds, key)
                entry?.value.value = .integer(sum)
                self.store.leases.end(name, &ended)
                return sum
            }
            guard let initial, case .integer(let first) = initial.value else { throw CacheError.keyNotFound(key) }
            let sum = try first.adding(delta, within: bounds, key)
            try self.put(initial, value: .integer(sum), tags, name, into: &entry)
            self.store.leases.end(name, &ended)
            return sum
        }.result
    }

    func append(_ write: EntryWrite) async throws -> Int {
        let name = self.name(write.key)
        let tags = self.state.tags.tags(write.tags)
        var ended = EndedLeases()
        defer { ended.tell() }
        return try self.entries.update(forKey: name) { entry in
            let isFresh = self.isFresh(entry)
            let (value, length) = try write.appendedValue(to: isFresh ? entry?.value.value : nil)
            if isFresh, var whole = entry?.value {
                whole.value = value
                try self.refuseTooHeavy(whole, name)
                entry?.value.value = value
            } else {
                try self.put(write, value: value, tags, name, into: &entry)
            }
            self.store.leases.end(name, &ended)
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
        _ tags: EntryTags?,
        _ name: NamespacedName,
        into entry: inout MemoryCacheEntry<MemoryEntry>?
    ) throws(CacheError) {
        let generation = self.state.currentGeneration
        let new = MemoryEntry(write, value: value, generation: generation, tags: tags, now: self.clock.now)
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
        self.store.leases.wakeAll(of: self.id)
        // Those in their grace as well: they could still be served.
        var ended = EndedLeases()
        let count = self.keys(matching: pattern) { _ in true }.count { self.remove(self.name($0), &ended) }
        ended.tell()
        return count
    }

    func clear() async throws { self.forgetAll() }
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
