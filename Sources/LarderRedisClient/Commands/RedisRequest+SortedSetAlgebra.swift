public import NIOCore

extension RedisRequest {
    /// The members that are in any of some sorted sets, with their scores.
    ///
    /// Sends `ZUNION` with `WITHSCORES`.
    ///
    /// - Parameters:
    ///   - keys: The keys of sorted sets or sets, at least one.
    ///   - weights: A factor for the scores of each key, in the order of the keys; `nil` for 1.
    ///   - aggregate: What becomes of the scores of a member that several keys have.
    ///   - type: What to turn each value into.
    /// - Returns: The members, the lowest score first.
    public static func zunion<Value: RESPDecodable>(
        _ keys: [String],
        weights: [Double]? = nil,
        aggregate: RedisAggregate = .sum,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[RedisScored<Value>]> {
        .init(
            RedisCommand(
                "ZUNION",
                RedisArguments(counted: keys),
                RedisWeights(weights),
                "AGGREGATE",
                aggregate,
                "WITHSCORES"
            )
        ) { (reply) throws(RedisError) in
            try RedisScored.list(reply)
        }
    }

    /// Stores the members that are in any of some sorted sets.
    ///
    /// Sends `ZUNIONSTORE`.
    ///
    /// - Parameters:
    ///   - keys: The keys of sorted sets or sets, at least one.
    ///   - weights: A factor for the scores of each key, in the order of the keys; `nil` for 1.
    ///   - aggregate: What becomes of the scores of a member that several keys have.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    @discardableResult
    public static func zunionStore(
        _ keys: [String],
        weights: [Double]? = nil,
        aggregate: RedisAggregate = .sum,
        into destination: String
    ) -> RedisRequest<Int> {
        .init(
            RedisCommand(
                "ZUNIONSTORE",
                destination,
                RedisArguments(counted: keys),
                RedisWeights(weights),
                "AGGREGATE",
                aggregate
            )
        )
    }

    /// The members that are in all of some sorted sets, with their scores.
    ///
    /// Sends `ZINTER` with `WITHSCORES`.
    ///
    /// - Parameters:
    ///   - keys: The keys of sorted sets or sets, at least one.
    ///   - weights: A factor for the scores of each key, in the order of the keys; `nil` for 1.
    ///   - aggregate: What becomes of the scores of a member that several keys have.
    ///   - type: What to turn each value into.
    /// - Returns: The members, the lowest score first.
    public static func zinter<Value: RESPDecodable>(
        _ keys: [String],
        weights: [Double]? = nil,
        aggregate: RedisAggregate = .sum,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[RedisScored<Value>]> {
        .init(
            RedisCommand(
                "ZINTER",
                RedisArguments(counted: keys),
                RedisWeights(weights),
                "AGGREGATE",
                aggregate,
                "WITHSCORES"
            )
        ) { (reply) throws(RedisError) in
            try RedisScored.list(reply)
        }
    }

    /// Stores the members that are in all of some sorted sets.
    ///
    /// Sends `ZINTERSTORE`.
    ///
    /// - Parameters:
    ///   - keys: The keys of sorted sets or sets, at least one.
    ///   - weights: A factor for the scores of each key, in the order of the keys; `nil` for 1.
    ///   - aggregate: What becomes of the scores of a member that several keys have.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    @discardableResult
    public static func zinterStore(
        _ keys: [String],
        weights: [Double]? = nil,
        aggregate: RedisAggregate = .sum,
        into destination: String
    ) -> RedisRequest<Int> {
        .init(
            RedisCommand(
                "ZINTERSTORE",
                destination,
                RedisArguments(counted: keys),
                RedisWeights(weights),
                "AGGREGATE",
                aggregate
            )
        )
    }

    /// The members that are in the first sorted set and in none of the others, with their scores.
    ///
    /// Sends `ZDIFF` with `WITHSCORES`.
    ///
    /// - Parameters:
    ///   - keys: The first sorted set and those to take from it.
    ///   - type: What to turn each value into.
    /// - Returns: The members, the lowest score first.
    public static func zdiff<Value: RESPDecodable>(
        _ keys: [String],
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[RedisScored<Value>]> {
        .init(RedisCommand("ZDIFF", RedisArguments(counted: keys), "WITHSCORES")) { (reply) throws(RedisError) in
            try RedisScored.list(reply)
        }
    }

    /// Stores the members that are in the first sorted set and in none of the others.
    ///
    /// Sends `ZDIFFSTORE`.
    ///
    /// - Parameters:
    ///   - keys: The first sorted set and those to take from it.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    @discardableResult
    public static func zdiffStore(_ keys: [String], into destination: String) -> RedisRequest<Int> {
        .init(RedisCommand("ZDIFFSTORE", destination, RedisArguments(counted: keys)))
    }

    /// How many members are in all of some sorted sets.
    ///
    /// Sends `ZINTERCARD`, since Redis 7.0.
    ///
    /// - Parameters:
    ///   - keys: The keys of sorted sets or sets, at least one.
    ///   - limit: Where to stop counting; 0 for never.
    /// - Returns: The number.
    public static func zinterCard(_ keys: [String], limit: Int = 0) -> RedisRequest<Int> {
        .init(RedisCommand("ZINTERCARD", RedisArguments(counted: keys), "LIMIT", limit))
    }
}
