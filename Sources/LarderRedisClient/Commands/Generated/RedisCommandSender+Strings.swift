// Written by scripts/generate-redis-methods.swift from RedisRequest+Strings.swift: change that file, then run the script.

public import NIOCore

extension RedisCommandSender {
    /// The value of a key.
    ///
    /// Sends `GET`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The value; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func get(_ key: String) async throws -> ByteBuffer? {
        try await self.send(.get(key))
    }

    /// The value of a key as a type of one's own.
    ///
    /// Sends `GET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @inlinable
    public func get<Value: RESPDecodable>(_ key: String, as type: Value.Type) async throws -> Value? {
        try await self.send(.get(key, as: type))
    }

    /// Sets a key.
    ///
    /// Sends `SET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value; what the key held, of whatever type, is replaced.
    ///   - expiry: When the key shall expire.
    ///   - condition: Whether the key has to exist, or must not; `nil` for either.
    /// - Returns: Whether the key was set: `false` if the condition did not hold.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func set<Argument: RedisArgument>(
        _ key: String,
        _ value: Argument,
        expiry: RedisExpiry = .never,
        if condition: RedisSetCondition? = nil
    ) async throws -> Bool {
        try await self.send(.set(key, value, expiry: expiry, if: condition))
    }

    /// Sets a key and returns what it held before.
    ///
    /// Sends `SET` with `GET`; with the condition `.absent` since Redis 7.0.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value; the key must hold a string or nothing.
    ///   - expiry: When the key shall expire.
    ///   - condition: Whether the key has to exist, or must not; `nil` for either.
    ///   - type: What to turn the value before into.
    /// - Returns: The value before, also if the condition did not hold; `nil` if there was no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func setGet<Argument: RedisArgument, Value: RESPDecodable>(
        _ key: String,
        _ value: Argument,
        expiry: RedisExpiry = .never,
        if condition: RedisSetCondition? = nil,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        try await self.send(.setGet(key, value, expiry: expiry, if: condition, as: type))
    }

    /// The value of a key, whose expiry is changed at the same time.
    ///
    /// Sends `GETEX`, with `PERSIST` for `.never`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - expiry: The new expiry; `.keep` leaves it as it is.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func getEx<Value: RESPDecodable>(
        _ key: String,
        expiry: RedisExpiry,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        try await self.send(.getEx(key, expiry: expiry, as: type))
    }

    /// The value of a key, which is removed at the same time.
    ///
    /// Sends `GETDEL`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there was no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func getDel<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        try await self.send(.getDel(key, as: type))
    }

    /// The values of several keys, read at one moment.
    ///
    /// Sends `MGET`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: For each key its value; `nil` if there is no such key, or if it holds no string.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func mget(_ keys: [String]) async throws -> [ByteBuffer?] {
        try await self.send(.mget(keys))
    }

    /// The values of several keys as a type of one's own, read at one moment.
    ///
    /// Sends `MGET`.
    ///
    /// - Parameters:
    ///   - keys: The keys, at least one.
    ///   - type: What to turn each value into.
    /// - Returns: For each key its value; `nil` if there is no such key, or if it holds no string.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @inlinable
    public func mget<Value: RESPDecodable>(_ keys: [String], as type: Value.Type) async throws -> [Value?] {
        try await self.send(.mget(keys, as: type))
    }

    /// Sets several keys at one moment, without expiry.
    ///
    /// Sends `MSET`.
    ///
    /// - Parameter values: The keys with their values, at least one.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func mset<Argument: RedisArgument>(_ values: [String: Argument]) async throws {
        try await self.send(.mset(values))
    }

    /// Sets several keys, all of them or, if one exists already, none.
    ///
    /// Sends `MSETNX`.
    ///
    /// - Parameter values: The keys with their values, at least one.
    /// - Returns: Whether they were set.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func msetNX<Argument: RedisArgument>(_ values: [String: Argument]) async throws -> Bool {
        try await self.send(.msetNX(values))
    }

    /// Adds 1 to the number that a key holds; an absent key counts as 0.
    ///
    /// Fails with the code `.server("ERR")` if the key holds no whole number, or the sum exceeds 64 bits. Sends `INCR`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The new number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func incr(_ key: String) async throws -> Int {
        try await self.send(.incr(key))
    }

    /// Adds to the number that a key holds; an absent key counts as 0.
    ///
    /// Sends `INCRBY`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - amount: What to add.
    /// - Returns: The new number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func incrBy(_ key: String, _ amount: Int) async throws -> Int {
        try await self.send(.incrBy(key, amount))
    }

    /// Takes 1 from the number that a key holds; an absent key counts as 0.
    ///
    /// Sends `DECR`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The new number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func decr(_ key: String) async throws -> Int {
        try await self.send(.decr(key))
    }

    /// Takes from the number that a key holds; an absent key counts as 0.
    ///
    /// Sends `DECRBY`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - amount: What to take.
    /// - Returns: The new number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func decrBy(_ key: String, _ amount: Int) async throws -> Int {
        try await self.send(.decrBy(key, amount))
    }

    /// Adds to the floating-point number that a key holds; an absent key counts as 0.
    ///
    /// Sends `INCRBYFLOAT`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - amount: What to add.
    /// - Returns: The new number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func incrByFloat(_ key: String, _ amount: Double) async throws -> Double {
        try await self.send(.incrByFloat(key, amount))
    }

    /// Appends to the string that a key holds; an absent key counts as empty.
    ///
    /// Sends `APPEND`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: What to append.
    /// - Returns: The new length in bytes.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func append<Argument: RedisArgument>(_ key: String, _ value: Argument) async throws -> Int {
        try await self.send(.append(key, value))
    }

    /// The length of the string that a key holds.
    ///
    /// Sends `STRLEN`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The length in bytes; 0 if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func strlen(_ key: String) async throws -> Int {
        try await self.send(.strlen(key))
    }

    /// A part of the string that a key holds.
    ///
    /// Sends `GETRANGE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - start: The first byte; negative ones count from the end.
    ///   - stop: The last byte, included; negative ones count from the end.
    ///   - type: What to turn the part into.
    /// - Returns: The part; empty if there is none.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func getRange<Value: RESPDecodable>(
        _ key: String,
        from start: Int,
        through stop: Int = -1,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value {
        try await self.send(.getRange(key, from: start, through: stop, as: type))
    }

    /// Overwrites a part of the string that a key holds.
    ///
    /// Sends `SETRANGE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - offset: The first byte to write; what lies before it and does not exist becomes zeros.
    ///   - value: What to write.
    /// - Returns: The new length in bytes.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func setRange<Argument: RedisArgument>(
        _ key: String,
        from offset: Int,
        _ value: Argument
    ) async throws -> Int {
        try await self.send(.setRange(key, from: offset, value))
    }
}
