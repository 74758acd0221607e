extension Cache {
    /// Moves an entry to a higher version of its key, with its value and the time it has left: Django's `incr_version`.
    ///
    /// Readers of the old version miss from then on; readers of the new one hit. The move is not atomic: who reads both
    /// versions while it goes on may find the entry under both.
    ///
    /// - Parameters:
    ///   - key: The key, in the version to move from.
    ///   - delta: How many versions to go up; negative goes down.
    /// - Returns: The version that the entry has now.
    /// - Throws: ``CacheError``: ``CacheError/Code/keyNotFound`` where there is no fresh entry of this type, and as
    ///   ``set(_:to:ttl:tags:)``.
    @discardableResult
    public func incrementVersion<Value: Codable & Sendable>(
        of key: CacheKey<Value>,
        by delta: Int = 1
    ) async throws -> Int {
        let old = try self.storeKey(key)
        let (version, overflow) = old.version.addingReportingOverflow(delta)
        guard !overflow else { throw CacheError(.integerOverflow, "the version leaves Int", key: key.name) }
        let new = StoreKey(version: version, name: key.name)
        self.flights.detach([old, new])
        defer { self.flights.detach([old, new]) }
        do {
            // Whoever writes or invalidates the new version takes the lease away; then the old one is looked at again.
            for _ in 0..<Self.moveAttempts {
                if try await self.move(old, to: new, Value.self) { return version }
            }
        } catch {
            throw self.failure(error)
        }
        throw CacheError(.unavailable, "others kept writing the version that the entry was to move to", key: key.name)
    }

    private static var moveAttempts: Int { 16 }

    /// Copies an entry under a lease of its new key that is taken before the old one is read, so that no invalidation in
    /// between is undone, and removes the old one.
    ///
    /// - Returns: Whether it was done; not if somebody has written or invalidated the new key meanwhile.
    /// - Throws: ``CacheError`` with ``CacheError/Code/keyNotFound`` where there is nothing to move.
    private func move<Value: Codable & Sendable>(
        _ old: StoreKey,
        to new: StoreKey,
        _ type: Value.Type
    ) async throws -> Bool {
        let coder = self.coder(for: type)
        let missing = CacheError(.keyNotFound, "there is no entry to move to another version", key: old.name)
        // No flight's token: fetches of the new key take it for another process's fill, and wait.
        let request = LeaseRequest(token: .random(), duration: .seconds(5), replacesEntry: true)
        do {
            return try await self.move(old, to: new, coder, request, missing)
        } catch {
            // It may have been granted without our hearing of it.
            self.releaseUnknownLeases(on: [new], request.token)
            throw error
        }
    }

    private func move<Value: Codable & Sendable>(
        _ old: StoreKey,
        to new: StoreKey,
        _ coder: ValueCoder<Value>,
        _ request: LeaseRequest,
        _ missing: CacheError
    ) async throws -> Bool {
        let answer = try await self.readOne(new, ReadOptions(lease: request, coder: coder))
        guard case .absent(.granted(let lease)) = answer else {
            if case .absent(.held) = answer {
                // What that fill brings would be overwritten now.
                _ = try await self.space.remove([new])
                return false
            }
            throw missing
        }
        // What is written anew has to be what the store has, not a copy of it.
        let options = ReadOptions(wantsTimes: true, freshness: .strict, coder: coder)
        let found = try await self.readOne(old, options)
        guard case .found(let entry) = found, !entry.isStale, let value = self.decoded(entry.value, Value.self, old)
        else { throw missing }
        if old == new {
            try await self.space.release([lease])
            return true
        }
        let write = EntryWrite(
            key: new,
            value: coder.entry(for: value),
            coder: coder,
            lifetime: EntryLifetime(freshFor: entry.info.timeLeft.duration, grace: entry.grace),
            fillCost: entry.fillCost
        )
        let commit = EntryCommit(write: write, lease: lease, marks: entry.marks)
        guard try await self.space.commit([commit]).contains(true) else { return false }
        guard try await self.space.remove([old]).contains(true) else {
            // It was removed while we copied it, so the copy is not true either.
            _ = try await self.space.remove([new])
            throw missing
        }
        return true
    }

    /// Moves an entry to a lower version of its key; see ``incrementVersion(of:by:)``.
    ///
    /// - Parameters:
    ///   - key: The key, in the version to move from.
    ///   - delta: How many versions to go down.
    /// - Returns: The version that the entry has now.
    /// - Throws: As ``incrementVersion(of:by:)``.
    @discardableResult
    public func decrementVersion<Value: Codable & Sendable>(
        of key: CacheKey<Value>,
        by delta: Int = 1
    ) async throws -> Int {
        guard delta != .min else {
            throw CacheError(.invalidArgument, "a decrement by \(delta) has no opposite", key: key.name)
        }
        return try await self.incrementVersion(of: key, by: -delta)
    }
}
