// Written by scripts/generate-redis-methods.swift from RedisRequest+SortedSetAlgebra.swift: change that file, then run the script.

public import NIOCore

extension RedisCommandSender {
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zunion<Value: RESPDecodable>(
        _ keys: [String],
        weights: [Double]? = nil,
        aggregate: RedisAggregate = .sum,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [RedisScored<Value>] {
        try await self.send(.zunion(keys, weights: weights, aggregate: aggregate, as: type))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zunionStore(
        _ keys: [String],
        weights: [Double]? = nil,
        aggregate: RedisAggregate = .sum,
        into destination: String
    ) async throws -> Int {
        try await self.send(.zunionStore(keys, weights: weights, aggregate: aggregate, into: destination))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zinter<Value: RESPDecodable>(
        _ keys: [String],
        weights: [Double]? = nil,
        aggregate: RedisAggregate = .sum,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [RedisScored<Value>] {
        try await self.send(.zinter(keys, weights: weights, aggregate: aggregate, as: type))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zinterStore(
        _ keys: [String],
        weights: [Double]? = nil,
        aggregate: RedisAggregate = .sum,
        into destination: String
    ) async throws -> Int {
        try await self.send(.zinterStore(keys, weights: weights, aggregate: aggregate, into: destination))
    }

    /// The members that are in the first sorted set and in none of the others, with their scores.
    ///
    /// Sends `ZDIFF` with `WITHSCORES`.
    ///
    /// - Parameters:
    ///   - keys: The first sorted set and those to take from it.
    ///   - type: What to turn each value into.
    /// - Returns: The members, the lowest score first.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zdiff<Value: RESPDecodable>(
        _ keys: [String],
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [RedisScored<Value>] {
        try await self.send(.zdiff(keys, as: type))
    }

    /// Stores the members that are in the first sorted set and in none of the others.
    ///
    /// Sends `ZDIFFSTORE`.
    ///
    /// - Parameters:
    ///   - keys: The first sorted set and those to take from it.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func zdiffStore(_ keys: [String], into destination: String) async throws -> Int {
        try await self.send(.zdiffStore(keys, into: destination))
    }

    /// How many members are in all of some sorted sets.
    ///
    /// Sends `ZINTERCARD`, since Redis 7.0.
    ///
    /// - Parameters:
    ///   - keys: The keys of sorted sets or sets, at least one.
    ///   - limit: Where to stop counting; 0 for never.
    /// - Returns: The number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func zinterCard(_ keys: [String], limit: Int = 0) async throws -> Int {
        try await self.send(.zinterCard(keys, limit: limit))
    }
}
