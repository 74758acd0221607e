public import NIOCore

extension RedisRequest {
    /// Adds members to a set.
    ///
    /// Sends `SADD`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members, at least one.
    /// - Returns: How many of them are new.
    @discardableResult
    public static func sadd<Argument: RedisArgument>(_ key: String, _ members: [Argument]) -> RedisRequest<Int> {
        .init(RedisCommand("SADD", key, RedisArguments(members)))
    }

    /// Removes members from a set.
    ///
    /// Sends `SREM`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members, at least one.
    /// - Returns: How many of them it had.
    @discardableResult
    public static func srem<Argument: RedisArgument>(_ key: String, _ members: [Argument]) -> RedisRequest<Int> {
        .init(RedisCommand("SREM", key, RedisArguments(members)))
    }

    /// All members of a set, in no order.
    ///
    /// Sends `SMEMBERS`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The members; none if there is no such key.
    public static func smembers<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("SMEMBERS", key))
    }

    /// Whether a set has a member.
    ///
    /// Sends `SISMEMBER`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - member: The member.
    /// - Returns: Whether it has.
    public static func sismember<Argument: RedisArgument>(_ key: String, _ member: Argument) -> RedisRequest<Bool> {
        .init(RedisCommand("SISMEMBER", key, member))
    }

    /// Which of several members a set has.
    ///
    /// Sends `SMISMEMBER`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members, at least one.
    /// - Returns: For each of them whether the set has it.
    public static func smismember<Argument: RedisArgument>(
        _ key: String,
        _ members: [Argument]
    ) -> RedisRequest<[Bool]> {
        .init(RedisCommand("SMISMEMBER", key, RedisArguments(members)))
    }

    /// The number of members of a set.
    ///
    /// Sends `SCARD`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The number; 0 if there is no such key.
    public static func scard(_ key: String) -> RedisRequest<Int> {
        .init(RedisCommand("SCARD", key))
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
    @discardableResult
    public static func smove<Argument: RedisArgument>(
        _ member: Argument,
        from source: String,
        to destination: String
    ) -> RedisRequest<Bool> {
        .init(RedisCommand("SMOVE", source, destination, member))
    }

    /// Takes a member chosen at random.
    ///
    /// Sends `SPOP`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The member; `nil` if there is no such key.
    @discardableResult
    public static func spop<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value?> {
        .init(RedisCommand("SPOP", key))
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
    @discardableResult
    public static func spop<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("SPOP", key, count))
    }

    /// A member chosen at random.
    ///
    /// Sends `SRANDMEMBER`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The member; `nil` if there is no such key.
    public static func srandMember<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value?> {
        .init(RedisCommand("SRANDMEMBER", key))
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
    public static func srandMember<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("SRANDMEMBER", key, count))
    }

    /// The members that are in the first set and in none of the others.
    ///
    /// Sends `SDIFF`.
    ///
    /// - Parameters:
    ///   - keys: The first set and those to take from it.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in no order.
    public static func sdiff<Value: RESPDecodable>(
        _ keys: [String],
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("SDIFF", arguments: keys))
    }

    /// Stores the members that are in the first set and in none of the others.
    ///
    /// Sends `SDIFFSTORE`.
    ///
    /// - Parameters:
    ///   - keys: The first set and those to take from it.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    @discardableResult
    public static func sdiffStore(_ keys: [String], into destination: String) -> RedisRequest<Int> {
        .init(RedisCommand("SDIFFSTORE", destination, RedisArguments(keys)))
    }

    /// The members that are in all of some sets.
    ///
    /// Sends `SINTER`.
    ///
    /// - Parameters:
    ///   - keys: The sets, at least one.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in no order.
    public static func sinter<Value: RESPDecodable>(
        _ keys: [String],
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("SINTER", arguments: keys))
    }

    /// Stores the members that are in all of some sets.
    ///
    /// Sends `SINTERSTORE`.
    ///
    /// - Parameters:
    ///   - keys: The sets, at least one.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    @discardableResult
    public static func sinterStore(_ keys: [String], into destination: String) -> RedisRequest<Int> {
        .init(RedisCommand("SINTERSTORE", destination, RedisArguments(keys)))
    }

    /// The members that are in any of some sets.
    ///
    /// Sends `SUNION`.
    ///
    /// - Parameters:
    ///   - keys: The sets, at least one.
    ///   - type: What to turn each value into.
    /// - Returns: The members, in no order.
    public static func sunion<Value: RESPDecodable>(
        _ keys: [String],
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("SUNION", arguments: keys))
    }

    /// Stores the members that are in any of some sets.
    ///
    /// Sends `SUNIONSTORE`.
    ///
    /// - Parameters:
    ///   - keys: The sets, at least one.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: How many were stored.
    @discardableResult
    public static func sunionStore(_ keys: [String], into destination: String) -> RedisRequest<Int> {
        .init(RedisCommand("SUNIONSTORE", destination, RedisArguments(keys)))
    }

    /// How many members are in all of some sets.
    ///
    /// Sends `SINTERCARD`, since Redis 7.0.
    ///
    /// - Parameters:
    ///   - keys: The sets, at least one.
    ///   - limit: Where to stop counting; 0 for never.
    /// - Returns: The number.
    public static func sinterCard(_ keys: [String], limit: Int = 0) -> RedisRequest<Int> {
        .init(RedisCommand("SINTERCARD", RedisArguments(counted: keys), "LIMIT", limit))
    }
}
