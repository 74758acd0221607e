// Written by scripts/generate-redis-methods.swift from RedisRequest+Expiry.swift: change that file, then run the script.

extension RedisCommandSender {
    /// Lets a key expire after some time.
    ///
    /// Sends `PEXPIRE`; with a condition since Redis 7.0.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - duration: The time from now, rounded up to milliseconds; none or a negative one removes the key at once.
    ///   - condition: The condition; `nil` for none.
    /// - Returns: Whether the expiry was set: `false` if there is no such key or the condition did not hold.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func expire(
        _ key: String,
        after duration: Duration,
        if condition: RedisExpireCondition? = nil
    ) async throws -> Bool {
        try await self.send(.expire(key, after: duration, if: condition))
    }

    /// Lets a key expire at a moment.
    ///
    /// Sends `PEXPIREAT`; with a condition since Redis 7.0.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - time: The moment, exact to the millisecond; one in the past removes the key at once.
    ///   - condition: The condition; `nil` for none.
    /// - Returns: Whether the expiry was set: `false` if there is no such key or the condition did not hold.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func expire(
        _ key: String,
        at time: RedisTime,
        if condition: RedisExpireCondition? = nil
    ) async throws -> Bool {
        try await self.send(.expire(key, at: time, if: condition))
    }

    /// How long a key has to live.
    ///
    /// Sends `PTTL`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The time to live.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func ttl(_ key: String) async throws -> RedisTimeToLive {
        try await self.send(.ttl(key))
    }

    /// When a key expires.
    ///
    /// Sends `PEXPIRETIME`, since Redis 7.0.
    ///
    /// - Parameter key: The key.
    /// - Returns: The moment.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func expireTime(_ key: String) async throws -> RedisExpireTime {
        try await self.send(.expireTime(key))
    }

    /// Lets a key live for ever.
    ///
    /// Sends `PERSIST`.
    ///
    /// - Parameter key: The key.
    /// - Returns: Whether the key had an expiry.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func persist(_ key: String) async throws -> Bool {
        try await self.send(.persist(key))
    }
}
