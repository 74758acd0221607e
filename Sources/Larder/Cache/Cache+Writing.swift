#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Cache {
    /// Stores a value.
    ///
    /// This states a truth: whatever fill is under way for the key, its value is not stored afterwards. Who has just read
    /// the value from its source uses ``fetch(_:ttl:tags:policy:freshness:onFailure:_:)-(_,_,_,_,_,_,()->Value)`` instead, which notices
    /// when the value was invalidated in the meantime.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    ///   - ttl: How long it stays fresh. Left out, the cache's default; `nil`, for ever; zero or less, not at all: the entry
    ///     is removed.
    ///   - tags: What the value depends on; see ``invalidate(tags:)``.
    /// - Throws: ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/invalidTag``, ``CacheError/Code/encodingFailed``,
    ///   ``CacheError/Code/valueTooLarge`` or ``CacheError/Code/unavailable``.
    public func set<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        to value: Value,
        ttl: TimeToLive? = .default,
        tags: [String] = []
    ) async throws {
        _ = try await self.write([(key, value)], ttl, tags, .always)
    }

    /// Stores a value where there is no fresh entry.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    ///   - ttl: How long it stays fresh, as in ``set(_:to:ttl:tags:)``. Zero or less stores nothing and removes nothing.
    ///   - tags: What the value depends on.
    /// - Returns: Whether there was no fresh entry, so that the value was stored.
    /// - Throws: As ``set(_:to:ttl:tags:)``.
    @discardableResult
    public func add<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        _ value: Value,
        ttl: TimeToLive? = .default,
        tags: [String] = []
    ) async throws -> Bool {
        try await self.write([(key, value)], ttl, tags, .ifAbsent) == 1
    }

    /// Stores a value where there is a fresh entry to take the place of.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    ///   - ttl: How long it stays fresh, as in ``set(_:to:ttl:tags:)``. Zero or less removes the entry.
    ///   - tags: What the value depends on; the tags of the entry that it replaces are forgotten.
    /// - Returns: Whether there was a fresh entry.
    /// - Throws: As ``set(_:to:ttl:tags:)``.
    @discardableResult
    public func replace<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        with value: Value,
        ttl: TimeToLive? = .default,
        tags: [String] = []
    ) async throws -> Bool {
        try await self.write([(key, value)], ttl, tags, .ifPresent) == 1
    }

    /// Stores several values, in one round trip.
    ///
    /// - Parameters:
    ///   - values: The values by their keys.
    ///   - ttl: How long they stay fresh, as in ``set(_:to:ttl:tags:)``.
    ///   - tags: What all of the values depend on.
    /// - Throws: As ``set(_:to:ttl:tags:)``. Some of the values may have been stored then.
    public func setMany<Value: Codable & Sendable>(
        _ values: [CacheKey<Value>: Value],
        ttl: TimeToLive? = .default,
        tags: [String] = []
    ) async throws {
        guard !values.isEmpty else { return }
        _ = try await self.write(values.map { ($0.key, $0.value) }, ttl, tags, .always)
    }

    /// - Returns: How many entries the condition let be written (or, with a ttl of zero, removed).
    private func write<Value: Codable & Sendable>(
        _ values: [(key: CacheKey<Value>, value: Value)],
        _ ttl: TimeToLive?,
        _ tags: [String],
        _ condition: WriteCondition
    ) async throws -> Int {
        let tags = try TagRules.checked(tags)
        let keys = try values.map { try self.storeKey($0.key) }
        self.flights.detach(keys)
        defer { self.flights.detach(keys) }
        do {
            guard let lifetime = EntryLifetime(ttl, defaults: self.defaults) else {
                if case .ifAbsent = condition { return 0 }
                let removed = try await self.space.remove(keys).count { $0 }
                self.tell(.changed(keys: keys.map(\.name)))
                return removed
            }
            let coder = self.coder(for: Value.self)
            let writes = zip(keys, values).map { key, pair in
                EntryWrite(key: key, value: coder.entry(for: pair.value), coder: coder, lifetime: lifetime, tags: tags)
            }
            let written = try await self.space.write(writes, condition)
            self.tell(.changed(keys: zip(keys, written).filter(\.1).map(\.0.name)))
            return written.count { $0 }
        } catch {
            throw self.failure(error, keys: keys.count)
        }
    }

    // MARK: Time to live

    /// Gives a fresh entry another time to live, counted from now.
    ///
    /// After it the entry may stand in for a failing fill for as long as the cache's own fetch policy says.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - ttl: How long it stays fresh from now on. Left out, the cache's default; `nil`, for ever; zero or less removes it.
    /// - Returns: Whether there was a fresh entry.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey`` or ``CacheError/Code/unavailable``.
    @discardableResult
    public func touch<Value>(_ key: CacheKey<Value>, ttl: TimeToLive? = .default) async throws -> Bool {
        let storeKey = try self.storeKey(key)
        do {
            guard var lifetime = EntryLifetime(ttl, defaults: self.defaults) else {
                self.flights.detach(CollectionOfOne(storeKey))
                defer { self.flights.detach(CollectionOfOne(storeKey)) }
                let removed = try await self.space.remove([storeKey]).contains(true)
                self.tell(.changed(keys: [key.name]))
                return removed
            }
            // What it was written with nobody here knows; the cache's own policy says how long it may stand in for a fill.
            lifetime = EntryLifetime(freshFor: lifetime.freshFor, grace: self.defaults.fetchPolicy.staleOnError)
            return try await self.space.touch(storeKey, lifetime)
        } catch {
            throw self.failure(error)
        }
    }

    /// Lets a fresh entry expire at a moment; one that has passed removes it.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - date: The moment, by this machine's wall clock. It is counted from now, so a clock that is set later does not
    ///     move it.
    /// - Returns: Whether there was a fresh entry.
    /// - Throws: As ``touch(_:ttl:)``.
    @discardableResult
    public func expire<Value>(_ key: CacheKey<Value>, at date: Date) async throws -> Bool {
        try await self.touch(key, ttl: .seconds(date.timeIntervalSinceNow))
    }

    /// Lets a fresh entry live for ever.
    ///
    /// - Parameter key: The key.
    /// - Returns: Whether there was a fresh entry.
    /// - Throws: As ``touch(_:ttl:)``.
    @discardableResult
    public func persist<Value>(_ key: CacheKey<Value>) async throws -> Bool {
        try await self.touch(key, ttl: nil)
    }
}
