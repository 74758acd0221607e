// Written by scripts/generate-redis-methods.swift from RedisRequest+Hashes.swift: change that file, then run the script.

public import NIOCore

extension RedisCommandSender {
    /// The value of a field.
    ///
    /// Sends `HGET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    /// - Returns: The value; `nil` if there is no such field or key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hget(_ key: String, _ field: String) async throws -> ByteBuffer? {
        try await self.send(.hget(key, field))
    }

    /// The value of a field as a type of one's own.
    ///
    /// Sends `HGET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there is no such field or key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hget<Value: RESPDecodable>(_ key: String, _ field: String, as type: Value.Type) async throws -> Value? {
        try await self.send(.hget(key, field, as: type))
    }

    /// The values of several fields.
    ///
    /// Sends `HMGET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - fields: The fields, at least one.
    ///   - type: What to turn each value into.
    /// - Returns: For each field its value; `nil` if there is no such field.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hmget<Value: RESPDecodable>(
        _ key: String,
        _ fields: [String],
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value?] {
        try await self.send(.hmget(key, fields, as: type))
    }

    /// All fields with their values.
    ///
    /// Sends `HGETALL`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The fields; none if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hgetAll<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [String: Value] {
        try await self.send(.hgetAll(key, as: type))
    }

    /// Sets a field.
    ///
    /// Sends `HSET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    ///   - value: The value.
    /// - Returns: Whether the field is new.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func hset<Argument: RedisArgument>(_ key: String, _ field: String, _ value: Argument) async throws -> Bool {
        try await self.send(.hset(key, field, value))
    }

    /// Sets several fields.
    ///
    /// Sends `HSET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - values: The fields with their values, at least one.
    /// - Returns: How many of them are new.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func hset<Argument: RedisArgument>(_ key: String, _ values: [String: Argument]) async throws -> Int {
        try await self.send(.hset(key, values))
    }

    /// Sets a field unless it exists.
    ///
    /// Sends `HSETNX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    ///   - value: The value.
    /// - Returns: Whether it was set.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func hsetNX<Argument: RedisArgument>(
        _ key: String,
        _ field: String,
        _ value: Argument
    ) async throws -> Bool {
        try await self.send(.hsetNX(key, field, value))
    }

    /// Removes fields.
    ///
    /// Sends `HDEL`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - fields: The fields, at least one.
    /// - Returns: How many of them existed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func hdel(_ key: String, _ fields: [String]) async throws -> Int {
        try await self.send(.hdel(key, fields))
    }

    /// Whether there is such a field.
    ///
    /// Sends `HEXISTS`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    /// - Returns: Whether there is.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hexists(_ key: String, _ field: String) async throws -> Bool {
        try await self.send(.hexists(key, field))
    }

    /// Adds to the number in a field; an absent one counts as 0.
    ///
    /// Sends `HINCRBY`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    ///   - amount: What to add.
    /// - Returns: The new number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func hincrBy(_ key: String, _ field: String, _ amount: Int) async throws -> Int {
        try await self.send(.hincrBy(key, field, amount))
    }

    /// Adds to the floating-point number in a field; an absent one counts as 0.
    ///
    /// Sends `HINCRBYFLOAT`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    ///   - amount: What to add.
    /// - Returns: The new number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func hincrByFloat(_ key: String, _ field: String, _ amount: Double) async throws -> Double {
        try await self.send(.hincrByFloat(key, field, amount))
    }

    /// The names of all fields.
    ///
    /// Sends `HKEYS`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The names.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hkeys(_ key: String) async throws -> [String] {
        try await self.send(.hkeys(key))
    }

    /// The values of all fields.
    ///
    /// Sends `HVALS`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The values.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hvals<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.hvals(key, as: type))
    }

    /// The number of fields.
    ///
    /// Sends `HLEN`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The number; 0 if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hlen(_ key: String) async throws -> Int {
        try await self.send(.hlen(key))
    }

    /// The length of a field's value.
    ///
    /// Sends `HSTRLEN`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    /// - Returns: The length in bytes; 0 if there is no such field.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hstrlen(_ key: String, _ field: String) async throws -> Int {
        try await self.send(.hstrlen(key, field))
    }

    /// A field chosen at random.
    ///
    /// Sends `HRANDFIELD`.
    ///
    /// - Parameter key: The key.
    /// - Returns: Its name; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hrandField(_ key: String) async throws -> String? {
        try await self.send(.hrandField(key))
    }

    /// Fields chosen at random.
    ///
    /// Sends `HRANDFIELD`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many different ones, at most; a negative number chooses as many, each from all.
    /// - Returns: Their names.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hrandField(_ key: String, count: Int) async throws -> [String] {
        try await self.send(.hrandField(key, count: count))
    }

    /// Fields chosen at random, with their values.
    ///
    /// Sends `HRANDFIELD` with `WITHVALUES`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many different ones, at most; a negative number chooses as many, each from all.
    ///   - type: What to turn each value into.
    /// - Returns: The fields.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func hrandFieldWithValues<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [RedisField<Value>] {
        try await self.send(.hrandFieldWithValues(key, count: count, as: type))
    }
}
