extension RedisRequest {
    /// Lets a key expire after some time.
    ///
    /// Sends `PEXPIRE`; with a condition since Redis 7.0.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - duration: The time from now, rounded up to milliseconds; none or a negative one removes the key at once.
    ///   - condition: The condition; `nil` for none.
    /// - Returns: Whether the expiry was set: `false` if there is no such key or the condition did not hold.
    @discardableResult
    public static func expire(
        _ key: String,
        after duration: Duration,
        if condition: RedisExpireCondition? = nil
    ) -> RedisRequest<Bool> {
        .init(RedisCommand("PEXPIRE", key, duration.redisMilliseconds, condition))
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
    @discardableResult
    public static func expire(
        _ key: String,
        at time: RedisTime,
        if condition: RedisExpireCondition? = nil
    ) -> RedisRequest<Bool> {
        .init(RedisCommand("PEXPIREAT", key, time.milliseconds, condition))
    }

    /// How long a key has to live.
    ///
    /// Sends `PTTL`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The time to live.
    public static func ttl(_ key: String) -> RedisRequest<RedisTimeToLive> {
        .init(RedisCommand("PTTL", key)) { (reply) throws(RedisError) in
            switch try Int64(resp: reply) {
            case -2: .noSuchKey
            case -1: .forever
            case let milliseconds: .expires(after: .milliseconds(milliseconds))
            }
        }
    }

    /// When a key expires.
    ///
    /// Sends `PEXPIRETIME`, since Redis 7.0.
    ///
    /// - Parameter key: The key.
    /// - Returns: The moment.
    public static func expireTime(_ key: String) -> RedisRequest<RedisExpireTime> {
        .init(RedisCommand("PEXPIRETIME", key)) { (reply) throws(RedisError) in
            switch try Int64(resp: reply) {
            case -2: .noSuchKey
            case -1: .never
            case let milliseconds: .at(RedisTime(milliseconds: milliseconds))
            }
        }
    }

    /// Lets a key live for ever.
    ///
    /// Sends `PERSIST`.
    ///
    /// - Parameter key: The key.
    /// - Returns: Whether the key had an expiry.
    @discardableResult
    public static func persist(_ key: String) -> RedisRequest<Bool> {
        .init(RedisCommand("PERSIST", key))
    }
}
