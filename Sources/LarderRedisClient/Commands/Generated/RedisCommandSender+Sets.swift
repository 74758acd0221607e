// Written by scripts/generate-redis-methods.swift from RedisRequest+Sets.swift: change that file, then run the script.

public import NIOCore

extension RedisCommandSender {
    /// Adds members to a set.
    ///
    /// Sends `SADD`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members, at least one.
    /// - Returns: How many of them are new.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func sadd<Argument: RedisArgument>(_ key: String, _ members: [Argument]) async throws -> Int {
        try await self.send(.sadd(key, members))
    }

    /// Removes members from a set.
    ///
    /// Sends `SREM`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members, at least one.
    /// - Returns: How many of them it had.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func srem<Argument: RedisArgument>(_ key: String, _ members: [Argument]) async throws -> Int {
        try await self.send(.srem(key, members))
    }

    /// All members of a set, in no order.
    ///
    /// Sends `SMEMBERS`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The members; none if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func smembers<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.smembers(key, as: type))
    }

    /// Whether a set has a member.
    ///
    /// Sends `SISMEMBER`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - member: The member.
    /// - Returns: Whether it has.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func sismember<Argument: RedisArgument>(_ key: String, _ member: Argument) async throws -> Bool {
        try await self.send(.sismember(key, member))
    }

    /// Which of several members a set has.
    ///
    /// Sends `SMISMEMBER`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members, at least one.
    /// - Returns: For each of them whether the set has it.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func smismember<Argument: RedisArgument>(_ key: String, _ members: [Argument]) async throws -> [Bool] {
        try await self.send(.smismember(key, members))
    }

    /// The number of members of a set.
    ///
    /// Sends `SCARD`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The number; 0 if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func scard(_ key: String) async throws -> Int {
        try await self.send(.scard(key))
    }

    /// Moves a member from one set to another.
    ///
    /// Sends `SMOVE`.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - source: The set to take from.
    ///   - destination: The set to put to.
    /// - Returns: Whether the first set had it.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func smove<Argument: RedisArgument>(
        _ member: Argument,
        from source: String,
        to destination: String
    ) async throws -> Bool {
        try await self.send(.smove(member, from: source, to: destination))
    }

    /// Takes a member chosen at random.
    ///
    /// Sends `SPOP`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The member; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func spop<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        try await self.send(.spop(key, as: type))
    }

    /// Takes members chosen at random.
    ///
    /// Sends `SPOP` with a count.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many, at most.
    ///   - type: What to turn each value into.
    /// - Returns: The members.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func spop<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.spop(key, count: count, as: type))
    }

    /// A member chosen at random.
    ///
    /// Sends `SRANDMEMBER`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The member; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func srandMember<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        try await self.send(.srandMember(key, as: type))
    }

    /// Members chosen at random.
    ///
    /// Sends `SRANDMEMBER` with a count.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many different ones, at most; a negative number chooses as many, each from all.
    ///   - type: What to turn each value into.
    /// - Returns: The members.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func srandMember<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.srandMember(key, count: count, as: type))
    }

    /// The members that are in the first set and in none of the others.
    ///
    /// Sends `SDIFF`.
    ///
    /// - Parameters:
    ///   - keys: The first set and those to take from it.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in no order.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func sdiff<Value: RESPDecodable>(
        _ keys: [String],
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.sdiff(keys, as: type))
    }

    /// Stores the members that are in the first set and in none of the others.
    ///
    /// Sends `SDIFFSTORE`.
    ///
    /// - Parameters:
    ///   - keys: The first set and those to take from it.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func sdiffStore(_ keys: [String], into destination: String) async throws -> Int {
        try await self.send(.sdiffStore(keys, into: destination))
    }

    /// The members that are in all of some sets.
    ///
    /// Sends `SINTER`.
    ///
    /// - Parameters:
    ///   - keys: The sets, at least one.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in no order.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func sinter<Value: RESPDecodable>(
        _ keys: [String],
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.sinter(keys, as: type))
    }

    /// Stores the members that are in all of some sets.
    ///
    /// Sends `SINTERSTORE`.
    ///
    /// - Parameters:
    ///   - keys: The sets, at least one.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func sinterStore(_ keys: [String], into destination: String) async throws -> Int {
        try await self.send(.sinterStore(keys, into: destination))
    }

    /// The members that are in any of some sets.
    ///
    /// Sends `SUNION`.
    ///
    /// - Parameters:
    ///   - keys: The sets, at least one.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in no order.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func sunion<Value: RESPDecodable>(
        _ keys: [String],
        as type: Value.Type = ByteBuffer.self
    ) async throws -> [Value] {
        try await self.send(.sunion(keys, as: type))
    }

    /// Stores the members that are in any of some sets.
    ///
    /// Sends `SUNIONSTORE`.
    ///
    /// - Parameters:
    ///   - keys: The sets, at least one.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func sunionStore(_ keys: [String], into destination: String) async throws -> Int {
        try await self.send(.sunionStore(keys, into: destination))
    }

    /// How many members are in all of some sets.
    ///
    /// Sends `SINTERCARD`, since Redis 7.0.
    ///
    /// - Parameters:
    ///   - keys: The sets, at least one.
    ///   - limit: Where to stop counting; 0 for never.
    /// - Returns: The number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func sinterCard(_ keys: [String], limit: Int = 0) async throws -> Int {
        try await self.send(.sinterCard(keys, limit: limit))
    }
}
