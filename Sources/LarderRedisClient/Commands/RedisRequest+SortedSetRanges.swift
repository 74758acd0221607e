public import NIOCore

extension RedisRequest {
    /// Members by their ranks.
    ///
    /// Sends `ZRANGE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - start: The first rank; negative ones count from the end.
    ///   - stop: The last rank, included; negative ones count from the end.
    ///   - reversed: Whether ranks count from the highest score.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in order.
    public static func zrange<Value: RESPDecodable>(
        _ key: String,
        from start: Int = 0,
        through stop: Int = -1,
        reversed: Bool = false,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("ZRANGE", key, start, stop, RedisWord("REV", if: reversed)))
    }

    /// Members by their ranks, with their scores.
    ///
    /// Sends `ZRANGE` with `WITHSCORES`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - start: The first rank; negative ones count from the end.
    ///   - stop: The last rank, included; negative ones count from the end.
    ///   - reversed: Whether ranks count from the highest score.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in order.
    public static func zrangeWithScores<Value: RESPDecodable>(
        _ key: String,
        from start: Int = 0,
        through stop: Int = -1,
        reversed: Bool = false,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[RedisScored<Value>]> {
        .init(RedisCommand("ZRANGE", key, start, stop, RedisWord("REV", if: reversed), "WITHSCORES")) {
            (reply) throws(RedisError) in
            try RedisScored.list(reply)
        }
    }

    /// Members by their scores.
    ///
    /// Sends `ZRANGE` with `BYSCORE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - minimum: The lower bound.
    ///   - maximum: The upper bound.
    ///   - limit: Which part of the result to return; `nil` for all of it.
    ///   - reversed: Whether the highest come first.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in order.
    public static func zrangeByScore<Value: RESPDecodable>(
        _ key: String,
        from minimum: RedisScoreBound,
        through maximum: RedisScoreBound,
        limit: RedisLimit? = nil,
        reversed: Bool = false,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(
            RedisCommand(
                "ZRANGE",
                key,
                reversed ? maximum : minimum,
                reversed ? minimum : maximum,
                "BYSCORE",
                RedisWord("REV", if: reversed),
                limit
            )
        )
    }

    /// Members by their scores, with their scores.
    ///
    /// Sends `ZRANGE` with `BYSCORE` and `WITHSCORES`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - minimum: The lower bound.
    ///   - maximum: The upper bound.
    ///   - limit: Which part of the result to return; `nil` for all of it.
    ///   - reversed: Whether the highest come first.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in order.
    public static func zrangeByScoreWithScores<Value: RESPDecodable>(
        _ key: String,
        from minimum: RedisScoreBound,
        through maximum: RedisScoreBound,
        limit: RedisLimit? = nil,
        reversed: Bool = false,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[RedisScored<Value>]> {
        .init(
            RedisCommand(
                "ZRANGE",
                key,
                reversed ? maximum : minimum,
                reversed ? minimum : maximum,
                "BYSCORE",
                RedisWord("REV", if: reversed),
                limit,
                "WITHSCORES"
            )
        ) { (reply) throws(RedisError) in
            try RedisScored.list(reply)
        }
    }

    /// Members by their bytes, where all have the same score.
    ///
    /// Sends `ZRANGE` with `BYLEX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - minimum: The lower bound.
    ///   - maximum: The upper bound.
    ///   - limit: Which part of the result to return; `nil` for all of it.
    ///   - reversed: Whether the highest come first.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in order.
    public static func zrangeByLex<Value: RESPDecodable>(
        _ key: String,
        from minimum: RedisLexBound,
        through maximum: RedisLexBound,
        limit: RedisLimit? = nil,
        reversed: Bool = false,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(
            RedisCommand(
                "ZRANGE",
                key,
                reversed ? maximum : minimum,
                reversed ? minimum : maximum,
                "BYLEX",
                RedisWord("REV", if: reversed),
                limit
            )
        )
    }

    /// Stores members by their ranks.
    ///
    /// Sends `ZRANGESTORE`.
    ///
    /// - Parameters:
    ///   - source: The key to read.
    ///   - start: The first rank; negative ones count from the end.
    ///   - stop: The last rank, included; negative ones count from the end.
    ///   - reversed: Whether ranks count from the highest score.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    @discardableResult
    public static func zrangeStore(
        _ source: String,
        from start: Int,
        through stop: Int,
        reversed: Bool = false,
        into destination: String
    ) -> RedisRequest<Int> {
        .init(RedisCommand("ZRANGESTORE", destination, source, start, stop, RedisWord("REV", if: reversed)))
    }

    /// Stores members by their scores.
    ///
    /// Sends `ZRANGESTORE` with `BYSCORE`.
    ///
    /// - Parameters:
    ///   - source: The key to read.
    ///   - minimum: The lower bound.
    ///   - maximum: The upper bound.
    ///   - limit: Which part of the result to return; `nil` for all of it.
    ///   - reversed: Whether the highest come first.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    @discardableResult
    public static func zrangeStoreByScore(
        _ source: String,
        from minimum: RedisScoreBound,
        through maximum: RedisScoreBound,
        limit: RedisLimit? = nil,
        reversed: Bool = false,
        into destination: String
    ) -> RedisRequest<Int> {
        .init(
            RedisCommand(
                "ZRANGESTORE",
                destination,
                source,
                reversed ? maximum : minimum,
                reversed ? minimum : maximum,
                "BYSCORE",
                RedisWord("REV", if: reversed),
                limit
            )
        )
    }
}
