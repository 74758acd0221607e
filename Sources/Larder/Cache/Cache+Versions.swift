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
    ///   ``set(_:to:ttl:)``.
    @discardableResult
    public func incrementVersion<Value: Codable & Sendable>(
        of key: CacheKey<Value>,
        by delta: Int = 1
    ) async throws -> Int {
        let old = try self.storeKey(key)
        let (version, overflow) = old.version.addingReportingOverflow(delta)
        guard !overflow else { throw CacheError(.integerOverflow, "the version leaves Int", key: key.name) }
        do {
            let coder = self.coder(for: Value.self)
            let found = try await self.readOne(old, ReadOptions(wantsTimes: true, coder: coder))
            guard case .found(let entry) = found, !entry.isStale,
                let value = self.decoded(entry, Value.self, old)
            else {
                throw CacheError(.keyNotFound, "there is no entry to move to another version", key: key.name)
            }
            let write = EntryWrite(
                key: StoreKey(version: version, name: key.name),
                value: coder.entry(for: value),
                coder: coder,
                lifetime: EntryLifetime(freshFor: entry.info.timeLeft.duration),
                fillCost: entry.fillCost
            )
            self.flights.detach([old, write.key])
            defer { self.flights.detach([old, write.key]) }
            _ = try await self.space.write([write], .always)
            if delta != 0 { _ = try await self.space.remove([old]) }
            return version
        } catch {
            throw self.failure(error)
        }
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
