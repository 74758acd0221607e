public import NIOCore

// Changing, counting and looking up members. Ranges are in RedisRequest+SortedSetRanges.swift, what combines several
// sorted sets in RedisRequest+SortedSetAlgebra.swift.
extension RedisRequest {
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
    @discardableResult
    public static func zadd<Member: RedisArgument & Hashable>(
        _ key: String,
        _ members: [Member: Double],
        if condition: RedisSortedSetCondition? = nil,
        counting: RedisSortedSetCount = .added
    ) -> RedisRequest<Int> {
        .init(RedisCommand("ZADD", key, condition, counting.word, RedisSortedSetEntries(members)))
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
    @discardableResult
    public static func zaddIncr<Argument: RedisArgument>(
        _ key: String,
        _ member: Argument,
        by amount: Double,
        if condition: RedisSortedSetCondition? = nil
    ) -> RedisRequest<Double?> {
        .init(RedisCommand("ZADD", key, condition, "INCR", amount, member))
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
    @discardableResult
    public static func zincrBy<Argument: RedisArgument>(
        _ key: String,
        _ member: Argument,
        _ amount: Double
    ) -> RedisRequest<Double> {
        .init(RedisCommand("ZINCRBY", key, amount, member))
    }

    /// Removes members.
    ///
    /// Sends `ZREM`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members, at least one.
    /// - Returns: How many of them existed.
    @discardableResult
    public static func zrem<Argument: RedisArgument>(_ key: String, _ members: [Argument]) -> RedisRequest<Int> {
        .init(RedisCommand("ZREM", key, RedisArguments(members)))
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
    @discardableResult
    public static func zremRange(_ key: String, from start: Int, through stop: Int) -> RedisRequest<Int> {
        .init(RedisCommand("ZREMRANGEBYRANK", key, start, stop))
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
    @discardableResult
    public static func zremRangeByScore(
        _ key: String,
        from minimum: RedisScoreBound,
        through maximum: RedisScoreBound
    ) -> RedisRequest<Int> {
        .init(RedisCommand("ZREMRANGEBYSCORE", key, minimum, maximum))
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
    @discardableResult
    public static func zremRangeByLex(
        _ key: String,
        from minimum: RedisLexBound,
        through maximum: RedisLexBound
    ) -> RedisRequest<Int> {
        .init(RedisCommand("ZREMRANGEBYLEX", key, minimum, maximum))
    }

    /// The number of members.
    ///
    /// Sends `ZCARD`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The number; 0 if there is no such key.
    public static func zcard(_ key: String) -> RedisRequest<Int> {
        .init(RedisCommand("ZCARD", key))
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
    public static func zcount(
        _ key: String,
        from minimum: RedisScoreBound,
        through maximum: RedisScoreBound
    ) -> RedisRequest<Int> {
        .init(RedisCommand("ZCOUNT", key, minimum, maximum))
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
    public static func zlexCount(
        _ key: String,
        from minimum: RedisLexBound,
        through maximum: RedisLexBound
    ) -> RedisRequest<Int> {
        .init(RedisCommand("ZLEXCOUNT", key, minimum, maximum))
    }

    /// A member's score.
    ///
    /// Sends `ZSCORE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - member: The member.
    /// - Returns: The score; `nil` if there is no such member.
    public static func zscore<Argument: RedisArgument>(_ key: String, _ member: Argument) -> RedisRequest<Double?> {
        .init(RedisCommand("ZSCORE", key, member))
    }

    /// The scores of several members.
    ///
    /// Sends `ZMSCORE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members, at least one.
    /// - Returns: For each member its score; `nil` if there is no such member.
    public static func zmscore<Argument: RedisArgument>(
        _ key: String,
        _ members: [Argument]
    ) -> RedisRequest<[Double?]> {
        .init(RedisCommand("ZMSCORE", key, RedisArguments(members)))
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
    public static func zrank<Argument: RedisArgument>(
        _ key: String,
        _ member: Argument,
        reversed: Bool = false
    ) -> RedisRequest<Int?> {
        .init(RedisCommand(reversed ? "ZREVRANK" : "ZRANK", key, member))
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
    @discardableResult
    public static func zpopMin<Value: RESPDecodable>(
        _ key: String,
        count: Int = 1,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[RedisScored<Value>]> {
        .init(RedisCommand("ZPOPMIN", key, count)) { (reply) throws(RedisError) in try RedisScored.list(reply) }
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
    @discardableResult
    public static func zpopMax<Value: RESPDecodable>(
        _ key: String,
        count: Int = 1,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[RedisScored<Value>]> {
        .init(RedisCommand("ZPOPMAX", key, count)) { (reply) throws(RedisError) in try RedisScored.list(reply) }
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
    @discardableResult
    public static func zmpop<Value: RESPDecodable>(
        _ keys: [String],
        from end: RedisSortedSetEnd,
        count: Int = 1,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<RedisPopped<[RedisScored<Value>]>?> {
        .init(RedisCommand("ZMPOP", RedisArguments(counted: keys), end, "COUNT", count)) { (reply) throws(RedisError) in
            try RedisPopped.decode(reply) { (members) throws(RedisError) in try RedisScored.list(members) }
        }
    }

    /// A member chosen at random.
    ///
    /// Sends `ZRANDMEMBER`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The member; `nil` if there is no such key.
    public static func zrandMember<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value?> {
        .init(RedisCommand("ZRANDMEMBER", key))
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
    public static func zrandMember<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[RedisScored<Value>]> {
        .init(RedisCommand("ZRANDMEMBER", key, count, "WITHSCORES")) { (reply) throws(RedisError) in
            try RedisScored.list(reply)
        }
    }
}
