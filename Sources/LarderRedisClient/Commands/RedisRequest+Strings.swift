public import NIOCore

extension RedisRequest {
    /// The value of a key.
    ///
    /// Sends `GET`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The value; `nil` if there is no such key.
    public static func get(_ key: String) -> RedisRequest<ByteBuffer?> {
        .init(RedisCommand("GET", key))
    }

    /// The value of a key as a type of one's own.
    ///
    /// Sends `GET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there is no such key.
    @inlinable
    public static func get<Value: RESPDecodable>(_ key: String, as type: Value.Type) -> RedisRequest<Value?> {
        .init(RedisCommand("GET", key))
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
    @discardableResult
    public static func set<Argument: RedisArgument>(
        _ key: String,
        _ value: Argument,
        expiry: RedisExpiry = .never,
        if condition: RedisSetCondition? = nil
    ) -> RedisRequest<Bool> {
        var command = RedisCommand("SET", reserving: key.utf8.count + value.sizeHint + 48)
        command.append(key)
        command.append(value)
        expiry.append(to: &command)
        if let condition { command.append(condition) }
        return RedisRequest<Bool>(command) { (reply) throws(RedisError) in try reply.isOK() }
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
    @discardableResult
    public static func setGet<Argument: RedisArgument, Value: RESPDecodable>(
        _ key: String,
        _ value: Argument,
        expiry: RedisExpiry = .never,
        if condition: RedisSetCondition? = nil,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value?> {
        var command = RedisCommand("SET", reserving: key.utf8.count + value.sizeHint + 48)
        command.append(key)
        command.append(value)
        command.append("GET")
        expiry.append(to: &command)
        if let condition { command.append(condition) }
        return RedisRequest<Value?>(command)
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
    public static func getEx<Value: RESPDecodable>(
        _ key: String,
        expiry: RedisExpiry,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value?> {
        var command = RedisCommand("GETEX", key)
        switch expiry.kind {
        case .never: command.append("PERSIST")
        // Without an option GETEX changes nothing; it knows no KEEPTTL.
        case .keep: break
        case .after, .at: expiry.append(to: &command)
        }
        return .init(command)
    }

    /// The value of a key, which is removed at the same time.
    ///
    /// Sends `GETDEL`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there was no such key.
    @discardableResult
    public static func getDel<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value?> {
        .init(RedisCommand("GETDEL", key))
    }

    /// The values of several keys, read at one moment.
    ///
    /// Sends `MGET`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: For each key its value; `nil` if there is no such key, or if it holds no string.
    public static func mget(_ keys: [String]) -> RedisRequest<[ByteBuffer?]> {
        .init(RedisCommand("MGET", arguments: keys))
    }

    /// The values of several keys as a type of one's own, read at one moment.
    ///
    /// Sends `MGET`.
    ///
    /// - Parameters:
    ///   - keys: The keys, at least one.
    ///   - type: What to turn each value into.
    /// - Returns: For each key its value; `nil` if there is no such key, or if it holds no string.
    @inlinable
    public static func mget<Value: RESPDecodable>(_ keys: [String], as type: Value.Type) -> RedisRequest<[Value?]> {
        .init(RedisCommand("MGET", arguments: keys))
    }

    /// Sets several keys at one moment, without expiry.
    ///
    /// Sends `MSET`.
    ///
    /// - Parameter values: The keys with their values, at least one.
    /// - Returns: Nothing.
    public static func mset<Argument: RedisArgument>(_ values: [String: Argument]) -> RedisRequest<Void> {
        .init(RedisCommand("MSET", RedisPairs(values)))
    }

    /// Sets several keys, all of them or, if one exists already, none.
    ///
    /// Sends `MSETNX`.
    ///
    /// - Parameter values: The keys with their values, at least one.
    /// - Returns: Whether they were set.
    @discardableResult
    public static func msetNX<Argument: RedisArgument>(_ values: [String: Argument]) -> RedisRequest<Bool> {
        .init(RedisCommand("MSETNX", RedisPairs(values)))
    }

    /// Adds 1 to the number that a key holds; an absent key counts as 0.
    ///
    /// Fails with the code `.server("ERR")` if the key holds no whole number, or the sum exceeds 64 bits. Sends `INCR`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The new number.
    @discardableResult
    public static func incr(_ key: String) -> RedisRequest<Int> {
        .init(RedisCommand("INCR", key))
    }

    /// Adds to the number that a key holds; an absent key counts as 0.
    ///
    /// Sends `INCRBY`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - amount: What to add.
    /// - Returns: The new number.
    @discardableResult
    public static func incrBy(_ key: String, _ amount: Int) -> RedisRequest<Int> {
        .init(RedisCommand("INCRBY", key, amount))
    }

    /// Takes 1 from the number that a key holds; an absent key counts as 0.
    ///
    /// Sends `DECR`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The new number.
    @discardableResult
    public static func decr(_ key: String) -> RedisRequest<Int> {
        .init(RedisCommand("DECR", key))
    }

    /// Takes from the number that a key holds; an absent key counts as 0.
    ///
    /// Sends `DECRBY`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - amount: What to take.
    /// - Returns: The new number.
    @discardableResult
    public static func decrBy(_ key: String, _ amount: Int) -> RedisRequest<Int> {
        .init(RedisCommand("DECRBY", key, amount))
    }

    /// Adds to the floating-point number that a key holds; an absent key counts as 0.
    ///
    /// Sends `INCRBYFLOAT`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - amount: What to add.
    /// - Returns: The new number.
    @discardableResult
    public static func incrByFloat(_ key: String, _ amount: Double) -> RedisRequest<Double> {
        .init(RedisCommand("INCRBYFLOAT", key, amount))
    }

    /// Appends to the string that a key holds; an absent key counts as empty.
    ///
    /// Sends `APPEND`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: What to append.
    /// - Returns: The new length in bytes.
    @discardableResult
    public static func append<Argument: RedisArgument>(_ key: String, _ value: Argument) -> RedisRequest<Int> {
        .init(RedisCommand("APPEND", key, value))
    }

    /// The length of the string that a key holds.
    ///
    /// Sends `STRLEN`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The length in bytes; 0 if there is no such key.
    public static func strlen(_ key: String) -> RedisRequest<Int> {
        .init(RedisCommand("STRLEN", key))
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
    public static func getRange<Value: RESPDecodable>(
        _ key: String,
        from start: Int,
        through stop: Int = -1,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value> {
        .init(RedisCommand("GETRANGE", key, start, stop))
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
    @discardableResult
    public static func setRange<Argument: RedisArgument>(
        _ key: String,
        from offset: Int,
        _ value: Argument
    ) -> RedisRequest<Int> {
        .init(RedisCommand("SETRANGE", key, offset, value))
    }
}
