extension Cache {
    /// Removes an entry.
    ///
    /// A fill that is under way for it does not store its value any more.
    ///
    /// - Parameter key: The key.
    /// - Returns: Whether there was a fresh entry.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey`` or ``CacheError/Code/unavailable``.
    @discardableResult
    public func remove<Value>(_ key: CacheKey<Value>) async throws -> Bool {
        try await self.removeMany(CollectionOfOne(key)) == 1
    }

    /// Removes several entries, in one round trip.
    ///
    /// The values' type does not matter: keys known by name only are `CacheKey<Never>`.
    ///
    /// - Parameter keys: The keys; one that is named twice counts once.
    /// - Returns: How many of them had a fresh entry.
    /// - Throws: As ``remove(_:)``.
    @discardableResult
    public func removeMany<Value>(_ keys: some Sequence<CacheKey<Value>>) async throws -> Int {
        let storeKeys = try self.distinct(keys).map(\.storeKey)
        guard !storeKeys.isEmpty else { return 0 }
        self.flights.detach(storeKeys)
        defer { self.flights.detach(storeKeys) }
        do {
            let removed = try await self.space.remove(storeKeys).count { $0 }
            self.tell(.changed(keys: storeKeys.map(\.name)))
            return removed
        } catch {
            throw self.failure(error, keys: storeKeys.count)
        }
    }

    /// Removes all entries whose keys match a pattern, of every version.
    ///
    /// Fills that are under way for such keys do not store their values any more.
    ///
    /// The cost grows with the whole store, which has to be walked; ``clear()`` does not.
    ///
    /// - Parameter pattern: The pattern for the keys' own text, such as `book:*`.
    /// - Returns: How many fresh entries were removed.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable``. Some entries may have been removed then.
    @discardableResult
    public func removeAll(matching pattern: GlobPattern) async throws -> Int {
        self.flights.detachAll()
        defer { self.flights.detachAll() }
        do {
            let removed = try await self.space.removeAll(matching: pattern)
            self.tell(.removedAll(matching: pattern.text))
            return removed
        } catch {
            throw self.failure(error)
        }
    }

    /// Removes every entry of the namespace, at the same cost for ten as for ten million, and touches no other namespace.
    ///
    /// The namespace gets a new generation, which leaves what was written before dead; the store gets rid of it in time.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable``.
    public func clear() async throws {
        self.flights.detachAll()
        defer { self.flights.detachAll() }
        do {
            try await self.space.clear()
            self.tell(.cleared)
        } catch {
            throw self.failure(error)
        }
    }

    /// The keys of all fresh entries that match a pattern, each once, in no order.
    ///
    /// Entries written or removed meanwhile may or may not be seen. The cost grows with the whole store, which is walked in
    /// small steps.
    ///
    /// ```swift
    /// for try await key in cache.keys(matching: "book:*") { print(key) }
    /// ```
    ///
    /// - Parameter pattern: The pattern for the keys' own text.
    /// - Returns: The keys' own texts, in the cache's version.
    public func keys(matching pattern: GlobPattern = "*") -> CacheKeys {
        CacheKeys(base: self.space.keys(matching: pattern), version: self.version) { self.failure($0) }
    }
}

extension Cache {
    /// How many fresh entries the cache has, in its version.
    ///
    /// The cost grows with the whole store, which is walked as by ``keys(matching:)``: for a page that people look at, not
    /// for a metric that is read every second.
    ///
    /// - Returns: The number of entries.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable``.
    public func entryCount() async throws -> Int {
        do {
            var count = 0
            for try await key in self.space.keys(matching: "*") where key.version == self.version { count += 1 }
            return count
        } catch {
            throw self.failure(error)
        }
    }
}

/// The keys of a cache, as ``Cache/keys(matching:)`` walks them.
public struct CacheKeys: AsyncSequence, Sendable {
    /// A key's own text.
    public typealias Element = String
    /// What the store throws when it becomes unavailable.
    public typealias Failure = any Error

    let base: any AsyncSequence<StoreKey, any Error> & Sendable
    let version: Int
    /// Counts and logs what the store throws.
    let failure: @Sendable (any Error) -> any Error

    /// Begins a walk.
    public func makeAsyncIterator() -> Iterator {
        Iterator(base: self.base.makeAsyncIterator(), version: self.version, failure: self.failure)
    }

    /// A walk over the keys.
    public struct Iterator: AsyncIteratorProtocol {
        var base: any AsyncIteratorProtocol<StoreKey, any Error>
        let version: Int
        let failure: @Sendable (any Error) -> any Error

        /// The next key; `nil` at the end.
        public mutating func next() async throws -> String? {
            try await self.next(isolation: nil)
        }

        /// The next key; `nil` at the end.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> String? {
            do {
                while let key = try await self.base.next(isolation: actor) {
                    if key.version == self.version { return key.name }
                }
                return nil
            } catch {
                throw self.failure(error)
            }
        }
    }
}

// A walk belongs to the task that made it.
@available(*, unavailable)
extension CacheKeys.Iterator: Sendable {}
