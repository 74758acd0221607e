extension Cache {
    /// Adds to an integer, atomically and exactly; its time to live stays as it is.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - delta: What to add.
    ///   - initial: What to start from where there is no fresh entry; `nil` makes that an error. The delta is added to it.
    ///   - ttl: How long the entry stays fresh where there was none.
    /// - Returns: The integer after the addition.
    /// - Throws: ``CacheError``: ``CacheError/Code/keyNotFound`` without an initial value; ``CacheError/Code/notAnInteger``
    ///   where the entry holds something else, and always where the cache has a sealer;
    ///   ``CacheError/Code/integerOverflow`` where the result leaves `Int64` or the key's own type;
    ///   ``CacheError/Code/invalidKey``; ``CacheError/Code/unavailable``, and then nobody knows whether it was added. In all
    ///   cases but the last the entry is as it was.
    @discardableResult
    public func increment<Value: FixedWidthInteger & Codable & Sendable>(
        _ key: CacheKey<Value>,
        by delta: Int = 1,
        initial: Value? = nil,
        ttl: TimeToLive? = .default
    ) async throws -> Value {
        let storeKey = try self.storeKey(key)
        if self.codec.transforms.sealer != nil {
            let message = "the values of this cache are sealed, so no store can add to them"
            throw CacheError(.notAnInteger, message, key: key.name)
        }
        let coder = self.coder(for: Value.self)
        let start = try initial.map { initial in
            guard let exact = Int64(exactly: initial) else {
                throw CacheError(.integerOverflow, "counters start within Int64", key: key.name)
            }
            guard let lifetime = EntryLifetime(ttl, defaults: self.defaults) else {
                throw CacheError(.invalidArgument, "a counter needs a time to live above zero", key: key.name)
            }
            return EntryWrite(key: storeKey, value: .integer(exact), coder: coder, lifetime: lifetime)
        }
        self.flights.detach(CollectionOfOne(storeKey))
        defer { self.flights.detach(CollectionOfOne(storeKey)) }
        do {
            let bounds = Int64(clamping: Value.min)...Int64(clamping: Value.max)
            let sum = try await self.space.increment(storeKey, by: Int64(delta), initial: start, within: bounds)
            self.tell(.changed(keys: [key.name]))
            guard let value = Value(exactly: sum) else {
                throw CacheError(.integerOverflow, "the sum does not fit a \(Value.self)", key: key.name)
            }
            return value
        } catch {
            throw self.failure(error)
        }
    }

    /// Subtracts from an integer, atomically and exactly; its time to live stays as it is.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - delta: What to subtract.
    ///   - initial: What to start from where there is no fresh entry; `nil` makes that an error.
    ///   - ttl: How long the entry stays fresh where there was none.
    /// - Returns: The integer after the subtraction.
    /// - Throws: As ``increment(_:by:initial:ttl:)``.
    @discardableResult
    public func decrement<Value: FixedWidthInteger & Codable & Sendable>(
        _ key: CacheKey<Value>,
        by delta: Int = 1,
        initial: Value? = nil,
        ttl: TimeToLive? = .default
    ) async throws -> Value {
        guard delta != .min else {
            throw CacheError(.invalidArgument, "a decrement by \(delta) has no opposite", key: key.name)
        }
        return try await self.increment(key, by: -delta, initial: initial, ttl: ttl)
    }
}
