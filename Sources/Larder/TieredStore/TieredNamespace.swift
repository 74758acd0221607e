/// One namespace of a tiered store.
///
/// Reads look above first, unless they are strict, and copy what they find below. Everything else is done below, and what
/// the upper tier has of it is forgotten after, also when the lower tier throws: nobody knows what became of the call then.
final class TieredNamespace: NamespaceStore {
    private let upper: UpperTier
    private let lower: any NamespaceStore

    init(upper: UpperTier, lower: any NamespaceStore) {
        self.upper = upper
        self.lower = lower
    }

    // MARK: Reading

    func readNow(_ key: StoreKey) -> ImmediateLookup {
        guard let copy = self.upper.copy(of: key) else { return self.lower.readNow(key) }
        return copy.marks.isEmpty ? .fresh(copy.value) : .tagged(copy.value, copy.marks)
    }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        // What is to be replaced is the entry below, and the answer is a lease of the lower tier.
        if options.lease?.replacesEntry == true { return try await self.lower.read(keys, options) }
        if options.freshness == .strict { return try await self.readBelow(keys, options) }
        var answers = keys.map { key -> StoreLookup? in
            guard let copy = self.upper.copy(of: key), copy.suits(options.coder) else { return nil }
            return .found(copy.stored(self.upper.clock, wantsTimes: options.wantsTimes))
        }
        let open = answers.indices.filter { answers[$0] == nil }
        if !open.isEmpty {
            let found = try await self.readBelow(open.map { keys[$0] }, options)
            for (index, lookup) in zip(open, found) { answers[index] = lookup }
        }
        return answers.compactMap { $0 }
    }

    /// Reads keys from the lower tier, and copies what it finds under leases of the upper one that are taken before.
    ///
    /// A strict read comes past copies: what it finds takes their place, and where it finds nothing to copy they go.
    private func readBelow(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        let watch = self.upper.watch
        let leases = try await self.upper.takeLeases(on: keys, options.coder)
        var unused: [Lease] = []
        var gone: [StoreKey] = []
        let found: [StoreLookup]
        do {
            var options = options
            if leases.contains(where: { $0 != nil }) { options.wantsTimes = true }
            let start = self.upper.clock.now
            var lookups = try await self.lower.read(keys, options)
            guard lookups.count == keys.count else {
                throw CacheError(.unavailable, "the lower tier answered \(lookups.count) of \(keys.count) keys")
            }
            for (index, lease) in leases.enumerated() {
                guard case .found(var entry) = lookups[index] else {
                    gone.append(keys[index])
                    if let lease { unused.append(lease) }
                    continue
                }
                guard let lease else { continue }
                if Self.decode(&entry.value, of: keys[index], options.coder) {
                    lookups[index] = .found(entry)
                    if try await self.upper.put(entry, under: lease, readAt: start, options.coder) { continue }
                    gone.append(keys[index])
                }
                unused.append(lease)
            }
            found = lookups
            // The leases know of all that was heard; what was read where nobody listens, only this tells.
            if self.upper.watch != watch { self.upper.forget(keys) }
        } catch {
            try await self.upper.release(leases.compactMap { $0 })
            throw error
        }
        try await self.upper.release(unused)
        if options.freshness == .strict {
            gone.removeAll { self.upper.copy(of: $0) == nil }
            if !gone.isEmpty { self.upper.forget(gone) }
        }
        return found
    }

    /// Makes a value of bytes, once for all who will read the copy.
    ///
    /// - Returns: Whether there is a value. Bytes that are none of the reader's type are left to the reader, who takes them
    ///   for a miss; a reader of another type may yet want them.
    private static func decode(_ value: inout EntryValue, of key: StoreKey, _ coder: any EntryCoder) -> Bool {
        guard case .encoded(let encoded) = value else { return true }
        do {
            value = try coder.decode(encoded, of: key)
            return true
        } catch {
            return false
        }
    }

    // MARK: Changing

    /// Changes the lower tier, then forgets in the upper one, whatever came of it below.
    private func change<Answer>(
        _ body: () async throws -> Answer,
        thenForget forget: () async throws -> Void
    ) async throws -> Answer {
        let outcome: Result<Answer, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        try await forget()
        return try outcome.get()
    }

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        try await self.change {
            try await self.lower.write(writes, condition)
        } thenForget: {
            self.upper.forget(writes.map(\.key))
        }
    }

    /// The value is not put above: the next read copies it, if there is one.
    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        try await self.change {
            try await self.lower.commit(commits)
        } thenForget: {
            self.upper.forget(commits.map(\.write.key))
        }
    }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        try await self.change {
            try await self.lower.remove(keys)
        } thenForget: {
            self.upper.forget(keys)
        }
    }

    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        try await self.change {
            try await self.lower.increment(key, by: delta, initial: initial, within: bounds)
        } thenForget: {
            self.upper.forget([key])
        }
    }

    func append(_ write: EntryWrite) async throws -> Int {
        try await self.change {
            try await self.lower.append(write)
        } thenForget: {
            self.upper.forget([write.key])
        }
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        try await self.change {
            try await self.lower.touch(key, lifetime)
        } thenForget: {
            self.upper.forget([key])
        }
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        try await self.change {
            try await self.lower.invalidate(tags, manner)
        } thenForget: {
            self.upper.forget(tags: tags)
        }
    }

    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.change {
            try await self.lower.removeAll(matching: pattern)
        } thenForget: {
            try await self.upper.forgetAll(matching: pattern)
        }
    }

    func clear() async throws {
        try await self.change {
            try await self.lower.clear()
        } thenForget: {
            self.upper.forgetAll()
        }
    }

    // MARK: What only the lower tier knows

    func release(_ leases: [Lease]) async throws { try await self.lower.release(leases) }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        try await self.lower.renew(leases, for: duration)
    }

    func failureDomains(of keys: [StoreKey]) -> Set<FailureDomain> { self.lower.failureDomains(of: keys) }

    func failureDomain(of error: CacheError) -> FailureDomain? { self.lower.failureDomain(of: error) }

    func probe(_ part: FailureDomain) async throws -> Bool { try await self.lower.probe(part) }

    func listen(for key: StoreKey) async throws -> (any LeaseSignal)? { try await self.lower.listen(for: key) }

    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        self.lower.keys(matching: pattern)
    }

    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        try await self.lower.marks(of: tags, for: duration)
    }

    func report(on key: StoreKey) async throws -> [EntryReport] {
        try await self.upper.report(on: key) + self.lower.report(on: key)
    }
}
