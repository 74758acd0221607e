// Written by scripts/generate-redis-methods.swift from RedisRequest+SortedSets.swift: change that file, then run the script.

public import NIOCore

extension RedisCommandSender {
    /// Adds members with their scores, or changes the scores of members that exist.
    ///
    /// Sends `ZADD`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members with their scores, at least one.
    ///   - condition: Which members may be touched; `nil` for all.
    ///   - counting: What the result counts.
    /// - Returns: How many members were counted.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zadd<Member: RedisArgument & Hashable>(
        _ key: String,
        _ members: [Member: Double],
        if condition: RedisSortedSetCondition? = nil,
        counting: RedisSortedSetCount = .added
    ) async throws -> Int {
        try await self.send(.zadd(key, members, if: condition, counting: counting))
    }

    /// Adds to a member's score under a condition; an absent one counts as 0.
    ///
    /// Sends `ZADD` with `INCR`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - member: The member.
    ///   - amount: What to add.
    ///   - condition: The condition; `nil` for none.
    /// - Returns: The new score; `nil` if the condition did not hold.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zaddIncr<Argument: RedisArgument>(
        _ key: String,
        _ member: Argument,
        by amount: Double,
        if condition: RedisSortedSetCondition? = nil
    ) async throws -> Double? {
        try await self.send(.zaddIncr(key, member, by: amount, if: condition))
    }

    /// Adds to a member's score; an absent one counts as 0.
    ///
    /// Sends `ZINCRBY`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - member: The member.
    ///   - amount: What to add.
    /// - Returns: The new score.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zincrBy<Argument: RedisArgument>(
        _ key: String,
        _ member: Argument,
        _ amount: Double
    ) async throws -> Double {
        try await self.send(.zincrBy(key, member, amount))
    }

    /// Removes members.
    ///
    /// Sends `ZREM`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members, at least one.
    /// - Returns: How many of them existed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zrem<Argument: RedisArgument>(_ key: String, _ members: [Argument]) async throws -> Int {
        try await self.send(.zrem(key, members))
    }

    /// Removes members by their ranks.
    ///
    /// Sends `ZREMRANGEBYRANK`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - start: The first rank; negative ones count from the end.
    ///   - stop: The last rank, included; negative ones count from the end.
    /// - Returns: How many were removed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zremRange(_ key: String, from start: Int, through stop: Int) async throws -> Int {
        try await self.send(.zremRange(key, from: start, through: stop))
    }

    /// Removes members by their scores.
    ///
    /// Sends `ZREMRANGEBYSCORE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - minimum: The lower bound.
    ///   - maximum: The upper bound.
    /// - Returns: How many were removed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zremRangeByScore(
        _ key: String,
        from minimum: RedisScoreBound,
        through maximum: RedisScoreBound
    ) async throws -> Int {
        try await self.send(.zremRangeByScore(key, from: minimum, through: maximum))
    }

    /// Removes members by their bytes, where all have the same score.
    ///
    /// Sends `ZREMRANGEBYLEX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - minimum: The lower bound.
    ///   - maximum: The upper bound.
    /// - Returns: How many were removed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zremRangeByLex(
        _ key: String,
        from minimum: RedisLexBound,
        through maximum: RedisLexBound
    ) async throws -> Int {
        try await self.send(.zremRangeByLex(key, from: minimum, through: maximum))
    }

    /// The number of members.
    ///
    /// Sends `ZCARD`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The number; 0 if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zcard(_ key: String) async throws -> Int {
        try await self.send(.zcard(key))
    }

    /// How many members have a score within bounds.
    ///
    /// Sends `ZCOUNT`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - minimum: The lower bound.
    ///   - maximum: The upper bound.
    /// - Returns: The number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zcount(
        _ key: String,
        from minimum: RedisScoreBound,
        through maximum: RedisScoreBound
    ) async throws -> Int {
        try await self.send(.zcount(key, from: minimum, through: maximum))
    }

    /// How many members lie within bounds, where all have the same score.
    ///
    /// Sends `ZLEXCOUNT`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - minimum: The lower bound.
    ///   - maximum: The upper bound.
    /// - Returns: The number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zlexCount(
        _ key: String,
        from minimum: RedisLexBound,
        through maximum: RedisLexBound
    ) async throws -> Int {
        try await self.send(.zlexCount(key, from: minimum, through: maximum))
    }

    /// A member's score.
    ///
    /// Sends `ZSCORE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - member: The member.
    /// - Returns: The score; `nil` if there is no such member.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zscore<Argument: RedisArgument>(_ key: String, _ member: Argument) async throws -> Double? {
        try await self.send(.zscore(key, member))
    }

    /// The scores of several members.
    ///
    /// Sends `ZMSCORE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members, at least one.
    /// - Returns: For each member its score; `nil` if there is no such member.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zmscore<Argument: RedisArgument>(_ key: String, _ members: [Argument]) async throws -> [Double?] {
        try await self.send(.zmscore(key, members))
    }

    /// A member's rank by its score.
    ///
    /// Sends `ZRANK`, or `ZREVRANK`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - member: The member.
    ///   - reversed: Whether the highest score has rank 0.
    /// - Returns: The rank, beginning with 0; `nil` if there is no such member.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zrank<Argument: RedisArgument>(
        _ key: String,
        _ member: Argument,
        reversed: Bool = false
    ) async throws -> Int? {
        try await self.send(.zrank(key, member, reversed: reversed))
    }

    /// Takes the members with the lowest scores.
    ///
    /// Sends `ZPOPMIN`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many, at most.
    ///   - type: What to turn each value into.
    /// - Returns: The members, the lowest first.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zpopMin<Value: RESPDecodable>(
        _ key: String,
        count: Int = 1,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [RedisScored<Value>] {
        try await self.send(.zpopMin(key, count: count, as: type))
    }

    /// Takes the members with the highest scores.
    ///
    /// Sends `ZPOPMAX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many, at most.
    ///   - type: What to turn each value into.
    /// - Returns: The members, the highest first.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zpopMax<Value: RESPDecodable>(
        _ key: String,
        count: Int = 1,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [RedisScored<Value>] {
        try await self.send(.zpopMax(key, count: count, as: type))
    }

    /// Takes members from the first sorted set that has some.
    ///
    /// Sends `ZMPOP`, since Redis 7.0.
    ///
    /// - Parameters:
    ///   - keys: The sorted sets, at least one.
    ///   - end: The end to take from.
    ///   - count: How many, at most.
    ///   - type: What to turn each value into.
    /// - Returns: The set's key and the members; `nil` if all are empty.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zmpop<Value: RESPDecodable>(
        _ keys: [String],
        from end: RedisSortedSetEnd,
        count: Int = 1,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> RedisPopped<[RedisScored<Value>]>? {
        try await self.send(.zmpop(keys, from: end, count: count, as: type))
    }

    /// A member chosen at random.
    ///
    /// Sends `ZRANDMEMBER`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The member; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zrandMember<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        try await self.send(.zrandMember(key, as: type))
    }

    /// Members chosen at random, with their scores.
    ///
    /// Sends `ZRANDMEMBER` with `WITHSCORES`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many different ones, at most; a negative number chooses as many, each from all.
    ///   - type: What to turn each value into.
    /// - Returns: The members.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zrandMember<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [RedisScored<Value>] {
        try await self.send(.zrandMember(key, count: count, as: type))
    }
}
