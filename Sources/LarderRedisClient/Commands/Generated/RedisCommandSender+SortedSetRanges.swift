// Written by scripts/generate-redis-methods.swift from RedisRequest+SortedSetRanges.swift: change that file, then run the script.

public import NIOCore

extension RedisCommandSender {
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zrange<Value: RESPDecodable>(
        _ key: String,
        from start: Int = 0,
        through stop: Int = -1,
        reversed: Bool = false,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.zrange(key, from: start, through: stop, reversed: reversed, as: type))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zrangeWithScores<Value: RESPDecodable>(
        _ key: String,
        from start: Int = 0,
        through stop: Int = -1,
        reversed: Bool = false,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [RedisScored<Value>] {
        try await self.send(.zrangeWithScores(key, from: start, through: stop, reversed: reversed, as: type))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zrangeByScore<Value: RESPDecodable>(
        _ key: String,
        from minimum: RedisScoreBound,
        through maximum: RedisScoreBound,
        limit: RedisLimit? = nil,
        reversed: Bool = false,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(
            .zrangeByScore(
                key,
                from: minimum,
                through: maximum,
                limit: limit,
                reversed: reversed,
                as: type
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zrangeByScoreWithScores<Value: RESPDecodable>(
        _ key: String,
        from minimum: RedisScoreBound,
        through maximum: RedisScoreBound,
        limit: RedisLimit? = nil,
        reversed: Bool = false,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [RedisScored<Value>] {
        try await self.send(
            .zrangeByScoreWithScores(
                key,
                from: minimum,
                through: maximum,
                limit: limit,
                reversed: reversed,
                as: type
            )
        )
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zrangeByLex<Value: RESPDecodable>(
        _ key: String,
        from minimum: RedisLexBound,
        through maximum: RedisLexBound,
        limit: RedisLimit? = nil,
        reversed: Bool = false,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(
            .zrangeByLex(
                key,
                from: minimum,
                through: maximum,
                limit: limit,
                reversed: reversed,
                as: type
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zrangeStore(
        _ source: String,
        from start: Int,
        through stop: Int,
        reversed: Bool = false,
        into destination: String
    ) async throws -> Int {
        try await self.send(.zrangeStore(source, from: start, through: stop, reversed: reversed, into: destination))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zrangeStoreByScore(
        _ source: String,
        from minimum: RedisScoreBound,
        through maximum: RedisScoreBound,
        limit: RedisLimit? = nil,
        reversed: Bool = false,
        into destination: String
    ) async throws -> Int {
        try await self.send(
            .zrangeStoreByScore(
                source,
                from: minimum,
                through: maximum,
                limit: limit,
                reversed: reversed,
                into: destination
            )
        )
    }
}
