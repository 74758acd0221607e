/// One namespace of a store on this machine's disk: each verb is one step.
package struct LocalNamespace<Storage: LocalStorage>: NamespaceStore {
    private let storage: Storage

    /// - Parameter storage: What does the steps.
    package init(_ storage: Storage) {
        self.storage = storage
    }

    /// Does a step, and tells those who listen for the end of leases that it has ended.
    private func write<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreStep) throws -> Result
    ) async throws -> Result {
        let done = try await self.storage.write { step in
            step.endedLeases = []
            step.voidsLeases = false
            // What a verb refuses to do may have ended leases all the same.
            let result = Swift.Result { try body(step) }
            return StepResult(result: result, ended: step.endedLeases, voidsLeases: step.voidsLeases)
        }
        if done.voidsLeases {
            self.storage.signals.ringAll()
        } else {
            self.storage.signals.ring(done.ended)
        }
        return try done.result.get()
    }

    /// Does a step that seldom writes: first as one that can only read.
    private func readOrWrite<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreStep) throws -> Result
    ) async throws -> Result {
        do {
            return try await self.storage.read(body)
        } catch is StepNeedsWriting {
            return try await self.write(body)
        }
    }

    private func prepare(_ write: EntryWrite) throws -> PreparedWrite {
        try PreparedWrite(write, heaviest: self.storage.heaviestEntry)
    }

    // MARK: Reading

    package func readNow(_ key: StoreKey) -> ImmediateLookup { self.storage.readNow(key) }

    package func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        if keys.isEmpty { return [] }
        guard let lease = options.lease else {
            return try await self.storage.read { try $0.read(keys) }
        }
        try PreparedWrite.check(lease.tags)
        return try await self.readOrWrite { try $0.readOrLease(keys, lease) }
    }

    package func report(on key: StoreKey) async throws -> [EntryReport] {
        let kind = self.storage.kind
        return [try await self.storage.read { try $0.report(on: key, kind: kind) }]
    }

    package func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        LocalKeys(storage: self.storage, pattern: pattern)
    }

    // MARK: Writing

    package func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        if writes.isEmpty { return [] }
        let prepared = try writes.map { try self.prepare($0) }
        let outcome = try await self.write { try $0.write(prepared, condition) }
        switch outcome {
        case .success(let written): return written
        case .failure(let failure): throw failure.write.tooLarge(self.storage.heaviestEntry)
        }
    }

    package func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        if keys.isEmpty { return [] }
        return try await self.write { try $0.remove(keys) }
    }

    package func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        var first: (write: PreparedWrite, start: Int64)?
        if let initial, case .integer(let start) = initial.value {
            var write = initial
            write.key = key
            first = (try self.prepare(write), start)
        }
        return try await self.write { [first] in try $0.increment(key, by: delta, initial: first, within: bounds) }
    }

    package func append(_ write: EntryWrite) async throws -> Int {
        let prepared = try self.prepare(write)
        let heaviest = self.storage.heaviestEntry
        return try await self.write { try $0.append(prepared, heaviest: heaviest) }
    }

    package func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        try await self.write { try $0.touch(key, lifetime) }
    }

    package func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.write { try $0.raiseEpoch() }
        var count = 0
        var position: Int64?
        repeat {
            let (from, done) = (position, count)
            let step = try await self.write { try $0.removeSome(pattern, after: from) }
            count = done + step.count
            position = step.next
        } while position != nil
        return count
    }

    package func clear() async throws { try await self.write { try $0.clear() } }

    // MARK: Leases and tags

    package func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        if commits.isEmpty { return [] }
        let prepared = try commits.map { commit in
            var write = commit.write
            // They are ignored here.
            write.tags = []
            try PreparedWrite.check(commit.lateTags)
            return (commit: commit, write: try self.prepare(write))
        }
        // Before the first lease is used up, so that nothing has happened when this throws.
        if let heavy = prepared.first(where: \.write.isTooLarge) {
            throw heavy.write.tooLarge(self.storage.heaviestEntry)
        }
        return try await self.write { try $0.commit(prepared) }
    }

    package func release(_ leases: [Lease]) async throws {
        if leases.isEmpty { return }
        try await self.write { try $0.release(leases) }
    }

    package func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        if leases.isEmpty { return [] }
        return try await self.write { try $0.renew(leases, for: duration) }
    }

    package func listen(for key: StoreKey) async throws -> (any LeaseSignal)? {
        self.storage.signals.listen(for: key, clock: self.storage.clock)
    }

    package func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        if tags.isEmpty { return [] }
        try PreparedWrite.check(tags)
        return try await self.readOrWrite { try $0.marks(of: tags, for: duration) }
    }

    package func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        if tags.isEmpty { return }
        try PreparedWrite.check(tags)
        try await self.write { try $0.invalidate(tags, manner) }
    }
}

/// What has become of a step.
private struct StepResult<Value: Sendable>: Sendable {
    let result: Result<Value, any Error>
    let ended: [StoreKey]
    let voidsLeases: Bool
}

/// The keys of a walk, some of them in each step.
private struct LocalKeys<Storage: LocalStorage>: AsyncSequence, Sendable {
    typealias Element = StoreKey
    typealias Failure = any Error

    let storage: Storage
    let pattern: GlobPattern

    struct AsyncIterator: AsyncIteratorProtocol {
        let storage: Storage
        let pattern: GlobPattern
        var found: ArraySlice<StoreKey> = []
        var position: Int64?
        var isAtEnd = false

        mutating func next() async throws -> StoreKey? {
            while self.found.isEmpty, !self.isAtEnd {
                try Task.checkCancellation()
                let (pattern, position) = (self.pattern, self.position)
                let step = try await self.storage.read { try $0.freshKeys(pattern, after: position) }
                self.found = step.keys[...]
                self.position = step.next
                self.isAtEnd = step.next == nil
            }
            return self.found.popFirst()
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(storage: self.storage, pattern: self.pattern) }
}
