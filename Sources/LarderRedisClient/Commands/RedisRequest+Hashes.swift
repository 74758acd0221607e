public import NIOCore

extension RedisRequest {
    /// The value of a field.
    ///
    /// Sends `HGET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    /// - Returns: The value; `nil` if there is no such field or key.
    public static func hget(_ key: String, _ field: String) -> RedisRequest<ByteBuffer?> {
        .init(RedisCommand("HGET", key, field))
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
    public static func hget<Value: RESPDecodable>(
        _ key: String,
        _ field: String,
        as type: Value.Type
    ) -> RedisRequest<Value?> {
        .init(RedisCommand("HGET", key, field))
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
    public static func hmget<Value: RESPDecodable>(
        _ key: String,
        _ fields: [String],
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value?]> {
        .init(RedisCommand("HMGET", key, RedisArguments(fields)))
    }

    /// All fields with their values.
    ///
    /// Sends `HGETALL`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The fields; none if there is no such key.
    public static func hgetAll<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[String: Value]> {
        .init(RedisCommand("HGETALL", key))
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
    @discardableResult
    public static func hset<Argument: RedisArgument>(
        _ key: String,
        _ field: String,
        _ value: Argument
    ) -> RedisRequest<Bool> {
        .init(RedisCommand("HSET", key, field, value))
    }

    /// Sets several fields.
    ///
    /// Sends `HSET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - values: The fields with their values, at least one.
    /// - Returns: How many of them are new.
    @discardableResult
    public static func hset<Argument: RedisArgument>(_ key: String, _ values: [String: Argument]) -> RedisRequest<Int> {
        .init(RedisCommand("HSET", key, RedisPairs(values)))
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
    @discardableResult
    public static func hsetNX<Argument: RedisArgument>(
        _ key: String,
        _ field: String,
        _ value: Argument
    ) -> RedisRequest<Bool> {
        .init(RedisCommand("HSETNX", key, field, value))
    }

    /// Removes fields.
    ///
    /// Sends `HDEL`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - fields: The fields, at least one.
    /// - Returns: How many of them existed.
    @discardableResult
    public static func hdel(_ key: String, _ fields: [String]) -> RedisRequest<Int> {
        .init(RedisCommand("HDEL", key, RedisArguments(fields)))
    }

    /// Whether there is such a field.
    ///
    /// Sends `HEXISTS`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    /// - Returns: Whether there is.
    public static func hexists(_ key: String, _ field: String) -> RedisRequest<Bool> {
        .init(RedisCommand("HEXISTS", key, field))
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
    @discardableResult
    public static func hincrBy(_ key: String, _ field: String, _ amount: Int) -> RedisRequest<Int> {
        .init(RedisCommand("HINCRBY", key, field, amount))
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
    @discardableResult
    public static func hincrByFloat(_ key: String, _ field: String, _ amount: Double) -> RedisRequest<Double> {
        .init(RedisCommand("HINCRBYFLOAT", key, field, amount))
    }

    /// The names of all fields.
    ///
    /// Sends `HKEYS`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The names.
    public static func hkeys(_ key: String) -> RedisRequest<[String]> {
        .init(RedisCommand("HKEYS", key))
    }

    /// The values of all fields.
    ///
    /// Sends `HVALS`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn each value into.
    /// - Returns: The values.
    public static func hvals<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("HVALS", key))
    }

    /// The number of fields.
    ///
    /// Sends `HLEN`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The number; 0 if there is no such key.
    public static func hlen(_ key: String) -> RedisRequest<Int> {
        .init(RedisCommand("HLEN", key))
    }

    /// The length of a field's value.
    ///
    /// Sends `HSTRLEN`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - field: The field.
    /// - Returns: The length in bytes; 0 if there is no such field.
    public static func hstrlen(_ key: String, _ field: String) -> RedisRequest<Int> {
        .init(RedisCommand("HSTRLEN", key, field))
    }

    /// A field chosen at random.
    ///
    /// Sends `HRANDFIELD`.
    ///
    /// - Parameter key: The key.
    /// - Returns: Its name; `nil` if there is no such key.
    public static func hrandField(_ key: String) -> RedisRequest<String?> {
        .init(RedisCommand("HRANDFIELD", key))
    }

    /// Fields chosen at random.
    ///
    /// Sends `HRANDFIELD`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many different ones, at most; a negative number chooses as many, each from all.
    /// - Returns: Their names.
    public static func hrandField(_ key: String, count: Int) -> RedisRequest<[String]> {
        .init(RedisCommand("HRANDFIELD", key, count))
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
    public static func hrandFieldWithValues<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[RedisField<Value>]> {
        .init(RedisCommand("HRANDFIELD", key, count, "WITHVALUES")) { (reply) throws(RedisError) in
            try RedisField.list(reply)
        }
    }
}
