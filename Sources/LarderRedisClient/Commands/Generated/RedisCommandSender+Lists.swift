// Written by scripts/generate-redis-methods.swift from RedisRequest+Lists.swift: change that file, then run the script.

public import NIOCore

extension RedisCommandSender {
    /// Puts values to the front of a list, one after the other.
    ///
    /// Sends `LPUSH`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - values: The values, at least one.
    /// - Returns: The list's new length.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func lpush<Argument: RedisArgument>(_ key: String, _ values: [Argument]) async throws -> Int {
        try await self.send(.lpush(key, values))
    }

    /// Puts values to the front of a list that exists.
    ///
    /// Sends `LPUSHX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - values: The values, at least one.
    /// - Returns: The list's new length; 0 if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func lpushX<Argument: RedisArgument>(_ key: String, _ values: [Argument]) async throws -> Int {
        try await self.send(.lpushX(key, values))
    }

    /// Puts values to the end of a list, one after the other.
    ///
    /// Sends `RPUSH`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - values: The values, at least one.
    /// - Returns: The list's new length.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func rpush<Argument: RedisArgument>(_ key: String, _ values: [Argument]) async throws -> Int {
        try await self.send(.rpush(key, values))
    }

    /// Puts values to the end of a list that exists.
    ///
    /// Sends `RPUSHX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - values: The values, at least one.
    /// - Returns: The list's new length; 0 if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func rpushX<Argument: RedisArgument>(_ key: String, _ values: [Argument]) async throws -> Int {
        try await self.send(.rpushX(key, values))
    }

    /// Takes the first value of a list.
    ///
    /// Sends `LPOP`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func lpop<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        try await self.send(.lpop(key, as: type))
    }

    /// Takes the first values of a list.
    ///
    /// Sends `LPOP` with a count.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many, at most.
    ///   - type: What to turn each value into.
    /// - Returns: The values, the first one first; none if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func lpop<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.lpop(key, count: count, as: type))
    }

    /// Takes the last value of a list.
    ///
    /// Sends `RPOP`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func rpop<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        try await self.send(.rpop(key, as: type))
    }

    /// Takes the last values of a list.
    ///
    /// Sends `RPOP` with a count.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many, at most.
    ///   - type: What to turn each value into.
    /// - Returns: The values, the last one first; none if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func rpop<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.rpop(key, count: count, as: type))
    }

    /// A part of a list, or all of it.
    ///
    /// Sends `LRANGE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - start: The first index; negative ones count from the end.
    ///   - stop: The last index, included; negative ones count from the end.
    ///   - type: What to turn each value into.
    /// - Returns: The values; none if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func lrange<Value: RESPDecodable>(
        _ key: String,
        from start: Int = 0,
        through stop: Int = -1,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.lrange(key, from: start, through: stop, as: type))
    }

    /// A value of a list.
    ///
    /// Sends `LINDEX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - index: The index; negative ones count from the end.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if the list has no such index.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func lindex<Value: RESPDecodable>(
        _ key: String,
        _ index: Int,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        try await self.send(.lindex(key, index, as: type))
    }

    /// Replaces a value of a list.
    ///
    /// Fails with the code `.server("ERR")` if the list has no such index. Sends `LSET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - index: The index; negative ones count from the end.
    ///   - value: The value.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func lset<Argument: RedisArgument>(_ key: String, _ index: Int, _ value: Argument) async throws {
        try await self.send(.lset(key, index, value))
    }

    /// The length of a list.
    ///
    /// Sends `LLEN`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The length; 0 if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func llen(_ key: String) async throws -> Int {
        try await self.send(.llen(key))
    }

    /// Puts a value beside the first one that equals another.
    ///
    /// Sends `LINSERT`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    ///   - place: On which side of it.
    ///   - pivot: The value to look for.
    /// - Returns: The list's new length; 0 if there is no such key, `nil` if the list has no such value.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func linsert<Argument: RedisArgument>(
        _ key: String,
        _ value: Argument,
        _ place: RedisListPlace,
        _ pivot: Argument
    ) async throws -> Int? {
        try await self.send(.linsert(key, value, place, pivot))
    }

    /// Removes values that equal another.
    ///
    /// Sends `LREM`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    ///   - count: How many, at most: from the front, or for a negative number from the end; 0 for all.
    /// - Returns: How many were removed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func lrem<Argument: RedisArgument>(_ key: String, _ value: Argument, count: Int = 0) async throws -> Int {
        try await self.send(.lrem(key, value, count: count))
    }

    /// Removes all but a part of a list.
    ///
    /// Sends `LTRIM`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - start: The first index; negative ones count from the end.
    ///   - stop: The last index, included; negative ones count from the end.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func ltrim(_ key: String, from start: Int, through stop: Int) async throws {
        try await self.send(.ltrim(key, from: start, through: stop))
    }

    /// Where a list has a value.
    ///
    /// Sends `LPOS`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    ///   - rank: Which of several: 1 is the first, -1 the last.
    ///   - maximumLength: How many values to compare, at most; 0 for all.
    /// - Returns: The index; `nil` if the list has no such value.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func lpos<Argument: RedisArgument>(
        _ key: String,
        _ value: Argument,
        rank: Int = 1,
        maximumLength: Int = 0
    ) async throws -> Int? {
        try await self.send(.lpos(key, value, rank: rank, maximumLength: maximumLength))
    }

    /// All places where a list has a value.
    ///
    /// Sends `LPOS` with `COUNT`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    ///   - count: How many places, at most; 0 for all.
    ///   - rank: Where to begin: 1 is the first place, -1 the last.
    ///   - maximumLength: How many values to compare, at most; 0 for all.
    /// - Returns: The indices.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func lpos<Argument: RedisArgument>(
        _ key: String,
        _ value: Argument,
        count: Int,
        rank: Int = 1,
        maximumLength: Int = 0
    ) async throws -> [Int] {
        try await self.send(.lpos(key, value, count: count, rank: rank, maximumLength: maximumLength))
    }

    /// Moves a value from one list to another, or within one.
    ///
    /// Sends `LMOVE`.
    ///
    /// - Parameters:
    ///   - source: The list to take from.
    ///   - sourceEnd: The end to take from.
    ///   - destination: The list to put to.
    ///   - destinationEnd: The end to put to.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there is nothing to move.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func lmove<Value: RESPDecodable>(
        from source: String,
        _ sourceEnd: RedisListEnd,
        to destination: String,
        _ destinationEnd: RedisListEnd,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        try await self.send(.lmove(from: source, sourceEnd, to: destination, destinationEnd, as: type))
    }

    /// Takes values from the first list that has some.
    ///
    /// Sends `LMPOP`, since Redis 7.0.
    ///
    /// - Parameters:
    ///   - keys: The lists, at least one.
    ///   - end: The end to take from.
    ///   - count: How many, at most.
    ///   - type: What to turn each value into.
    /// - Returns: The list's key and the values; `nil` if all are empty.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func lmpop<Value: RESPDecodable>(
        _ keys: [String],
        from end: RedisListEnd,
        count: Int = 1,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> RedisPopped<[Value]>? {
        try await self.send(.lmpop(keys, from: end, count: count, as: type))
    }
}
