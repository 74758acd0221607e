// Values that depend on what is there: changed in one step, or made where there is none.
extension MemoryCache {
    /// Reads and changes an entry in one step that no other operation on its key can come between.
    ///
    /// ```swift
    /// let visits = counts.update(forKey: page) { entry in
    ///     let visits = (entry?.value ?? 0) + 1
    ///     entry = .init(visits, ttl: entry?.ttl ?? .seconds(60))
    ///     return visits
    /// }.result
    /// ```
    ///
    /// An entry that is changed keeps its expiry unless its `ttl` is set; setting the entry to `nil` removes it. A new
    /// value that is too heavy is not stored, and the key's entry is dropped: the outcome says so.
    ///
    /// Whatever entry the closure leaves is stored anew, also where it is the old one. The old value is kept until `body`
    /// is over, so a value that copies on write is copied when it is changed.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - body: Gets the live entry or `nil`, and leaves behind what there shall be. It runs with a part of the cache
    ///     locked: it must be short, and using the cache in it is a deadlock or the end of the process.
    /// - Returns: What `body` returns, and what became of the entry.
    /// - Throws: What `body` throws. The entry is then as it was.
    /// - Complexity: Expected amortised O(1), and `body`.
    @inlinable
    @discardableResult
    public func update<Result, Failure: Error>(
        forKey key: Key,
        _ body: (inout Entry?) throws(Failure) -> Result
    ) throws(Failure) -> UpdateResult<Result> {
        if Key.self == String.self {
            return try self.strings.update(forKey: Self.string(key), body)
        }
        return try self.hashables.update(forKey: key, body)
    }

    /// The value of a key, or a cheap one that is made and stored in the same step: get or insert.
    ///
    /// ```swift
    /// let limiter = limiters.value(forKey: address) { RateLimiter(perMinute: 60) }
    /// ```
    ///
    /// However many threads ask, one value is made and all get it. For values whose making takes time, or waits for
    /// anything, there is ``fetch(forKey:ttl:_:)``.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - ttl: How long a value lives that is stored; `nil` for ever, zero or less not at all.
    ///   - make: Makes the value. It runs with a part of the cache locked, so other threads wait for it: it must be short,
    ///     and using the cache in it is a deadlock or the end of the process.
    /// - Returns: The value. One that is too heavy for the cache is returned all the same, and not stored.
    /// - Throws: What `make` throws. Nothing is stored then.
    /// - Complexity: Expected amortised O(1), and `make`.
    @inlinable
    public func value<Failure: Error>(
        forKey key: Key,
        ttl: Duration? = nil,
        orInsert make: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        if Key.self == String.self {
            return try self.strings.value(forKey: Self.string(key), ttl: ttl, orInsert: make)
        }
        return try self.hashables.value(forKey: key, ttl: ttl, orInsert: make)
    }

    /// The value of a key, or what `fill` makes of it, which runs once however many tasks wait for it.
    ///
    /// ```swift
    /// let page = try await pages.fetch(forKey: path, ttl: .seconds(60)) {
    ///     try await renderer.page(path)
    /// }
    /// ```
    ///
    /// The fill runs in a task of its own. A caller whose task is cancelled leaves at once and takes nothing from the
    /// others; when the last one has left, the fill is cancelled. A fill that throws fails all who wait for it and leaves
    /// nothing behind.
    ///
    /// **No resurrection**: whoever writes or removes the key while its fill runs, or removes entries with `removeAll()` or
    /// `removeAll(where:)`, cuts the fill off. Those who wait already get its value, but it is not stored, and nobody joins
    /// it any more.
    ///
    /// There is no timeout: a fill that may hang brings its own. (``Cache`` has one, and does the same over any store.)
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - ttl: How long the value lives from the end of the fill on; `nil` for ever, zero or less not at all: then it goes
    ///     to those who wait, and is not stored. Callers who join a fill get what its first caller asked for.
    ///   - fill: Makes the value.
    /// - Returns: The value. One that is too heavy for the cache is returned all the same, and not stored.
    /// - Throws: What `fill` throws. `CancellationError` when the calling task is cancelled. ``CacheError`` with
    ///   ``CacheError/Code/fillReentered`` when a fill asks for its own key.
    /// - Complexity: A hit, what ``value(forKey:)`` takes.
    @inlinable
    public func fetch(
        forKey key: Key,
        ttl: Duration? = nil,
        _ fill: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        if let value = self.value(forKey: key) { return value }
        return Key.self == String.self
            ? try await self.strings.fetchMissing(forKey: Self.string(key), ttl: ttl, fill)
            : try await self.hashables.fetchMissing(forKey: key, ttl: ttl, fill)
    }
}
