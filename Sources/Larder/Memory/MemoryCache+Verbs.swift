extension MemoryCache {
    // MARK: One key

    /// The value of a key, or `nil` when there is none or its time is over.
    ///
    /// - Complexity: Expected O(1).
    @inlinable
    public func value(forKey key: Key) -> Value? {
        // `storage` lives as long as the cache does, which the optimiser does not see: without this it retains and
        // releases it around every read, a fifth of a hit.
        if Key.self == String.self {
            return Unmanaged.passUnretained(self.strings)._withUnsafeGuaranteedRef {
                $0.value(forKey: Self.string(key))
            }
        }
        return Unmanaged.passUnretained(self.hashables)._withUnsafeGuaranteedRef { $0.value(forKey: key) }
    }

    /// The value of a key, or `nil` when there is none or its time is over.
    ///
    /// - Complexity: Expected O(1).
    @inlinable
    public subscript(key: Key) -> Value? {
        self.value(forKey: key)
    }

    /// The value of a key with its deadline.
    ///
    /// Counts as a read, and asks the clock for the time left.
    @inlinable
    package func entry(forKey key: Key) -> Entry? {
        Key.self == String.self
            ? self.strings.entry(forKey: Self.string(key)) : self.hashables.entry(forKey: key)
    }

    /// Whether a key has a live entry.
    ///
    /// Counts neither as a read nor in favour of the entry.
    ///
    /// - Complexity: Expected O(1).
    @inlinable
    public func contains(_ key: Key) -> Bool {
        Key.self == String.self
            ? self.strings.contains(Self.string(key)) : self.hashables.contains(key)
    }

    /// Stores a value, in the place of the key's old one if there is one.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - key: Its key.
    ///   - ttl: How long it lives; `nil` for ever, zero or less not at all: then the old entry is removed.
    /// - Returns: Whether it is stored, and what it replaced. A value that is too heavy for the cache is not stored and
    ///   drops the old one, which is no longer true.
    /// - Complexity: Expected amortised O(1).
    @inlinable
    @discardableResult
    public func insert(_ value: Value, forKey key: Key, ttl: Duration? = nil) -> InsertionResult<Value> {
        Key.self == String.self
            ? self.strings.insert(value, forKey: Self.string(key), ttl: ttl)
            : self.hashables.insert(value, forKey: key, ttl: ttl)
    }

    /// Stores a value that expires when nobody asks for it, in the place of the key's old one if there is one.
    ///
    /// ```swift
    /// sessions.insert(session, forKey: id, ttl: .seconds(86_400), idle: .seconds(1_800))
    /// ```
    ///
    /// Each read that finds the entry puts its end off; `contains` and `forEach` do not count as reads. The idea has
    /// the names of sliding expiration, time to idle and expiry after access elsewhere.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - key: Its key.
    ///   - ttl: How long it lives in any case; `nil` for ever, zero or less not at all.
    ///   - idle: How long it lives without being asked for, to the millisecond; zero or less is not at all.
    /// - Returns: Whether it is stored, and what it replaced.
    /// - Complexity: Expected amortised O(1).
    @discardableResult
    public func insert(
        _ value: Value,
        forKey key: Key,
        ttl: Duration? = nil,
        idle: Duration
    ) -> InsertionResult<Value> {
        Key.self == String.self
            ? self.strings.insert(value, forKey: Self.string(key), ttl: ttl, idle: idle)
            : self.hashables.insert(value, forKey: key, ttl: ttl, idle: idle)
    }

    /// Removes the entry of a key.
    ///
    /// - Returns: Its value, or `nil` when there was none or its time was over.
    /// - Complexity: Expected O(1).
    @inlinable
    @discardableResult
    public func removeValue(forKey key: Key) -> Value? {
        Key.self == String.self
            ? self.strings.removeValue(forKey: Self.string(key)) : self.hashables.removeValue(forKey: key)
    }

    // MARK: All keys

    /// The number of entries held.
    ///
    /// Those whose time is over count until their memory is freed.
    public var count: Int {
        Key.self == String.self ? self.strings.count : self.hashables.count
    }

    /// The sum of what the entries held cost: their number, if the limit is one of entries.
    public var cost: Int {
        Key.self == String.self ? self.strings.totalCost : self.hashables.totalCost
    }

    /// What an entry may cost to be stored: as much as the limit.
    public var heaviestEntry: Int {
        let layout = Key.self == String.self ? self.strings.layout : self.hashables.layout
        return layout.isWeighted ? self.limit : min(1, self.limit)
    }

    /// What the cache has done since it was made.
    public var statistics: MemoryCacheStatistics {
        Key.self == String.self ? self.strings.statistics : self.hashables.statistics
    }

    /// Removes everything, shard by shard.
    ///
    /// What is stored meanwhile may stay.
    public func removeAll() {
        Key.self == String.self ? self.strings.removeAll() : self.hashables.removeAll()
    }

    /// Removes the entries that a predicate chooses.
    ///
    /// The predicate is asked about copies, with nothing locked. An entry that got another value after it was copied is
    /// kept, whatever the answer was.
    ///
    /// - Parameter shouldBeRemoved: Whether to remove an entry.
    /// - Returns: How many were removed.
    /// - Throws: What the predicate throws; what was removed before stays removed.
    /// - Complexity: O(*n*).
    @discardableResult
    public func removeAll(where shouldBeRemoved: (Key, Value) throws -> Bool) rethrows -> Int {
        if Key.self == String.self {
            return try self.strings.removeAll { try shouldBeRemoved(unsafeBitCast($0, to: Key.self), $1) }
        }
        return try self.hashables.removeAll(where: shouldBeRemoved)
    }

    /// Frees the memory of all entries whose time is over.
    ///
    /// Nobody has to call this: such entries are absent for every call, and go little by little.
    ///
    /// - Returns: How many there were.
    /// - Complexity: O(*n*), in portions: no lock is held for long.
    @discardableResult
    public func removeExpired() -> Int {
        Key.self == String.self ? self.strings.removeExpired() : self.hashables.removeExpired()
    }

    /// Calls a closure with every live entry, in no order.
    ///
    /// The cache is copied one shard at a time, and each shard as it is at one moment. The closure runs with nothing
    /// locked and may use the cache. Visiting an entry does not count as a read.
    ///
    /// - Parameter body: Gets a key and its entry.
    /// - Throws: What `body` throws, which ends the iteration.
    /// - Complexity: O(*n*).
    public func forEach(_ body: (Key, Entry) throws -> Void) rethrows {
        if Key.self == String.self {
            return try self.strings.forEach { try body(unsafeBitCast($0, to: Key.self), $1) }
        }
        try self.hashables.forEach(body)
    }

    /// What is wrong inside, one sentence each; empty when nothing is.
    ///
    /// For tests.
    ///
    /// - Complexity: O(*n*), with each shard locked in turn.
    package func checkInvariants() -> [String] {
        Key.self == String.self ? self.strings.checkInvariants() : self.hashables.checkInvariants()
    }

    /// The memory of the cache's tables in bytes, without what keys and values own elsewhere.
    ///
    /// For benchmarks.
    package var bytes: Int {
        Key.self == String.self ? self.strings.bytes : self.hashables.bytes
    }
}
