public import NIOCore

// The commands that wait for an element are methods of `RedisConnection`: they block their connection.
extension RedisRequest {
    /// Puts values to the front of a list, one after the other.
    ///
    /// Sends `LPUSH`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - values: The values, at least one.
    /// - Returns: The list's new length.
    @discardableResult
    public static func lpush<Argument: RedisArgument>(_ key: String, _ values: [Argument]) -> RedisRequest<Int> {
        .init(RedisCommand("LPUSH", key, RedisArguments(values)))
    }

    /// Puts values to the front of a list that exists.
    ///
    /// Sends `LPUSHX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - values: The values, at least one.
    /// - Returns: The list's new length; 0 if there is no such key.
    @discardableResult
    public static func lpushX<Argument: RedisArgument>(_ key: String, _ values: [Argument]) -> RedisRequest<Int> {
        .init(RedisCommand("LPUSHX", key, RedisArguments(values)))
    }

    /// Puts values to the end of a list, one after the other.
    ///
    /// Sends `RPUSH`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - values: The values, at least one.
    /// - Returns: The list's new length.
    @discardableResult
    public static func rpush<Argument: RedisArgument>(_ key: String, _ values: [Argument]) -> RedisRequest<Int> {
        .init(RedisCommand("RPUSH", key, RedisArguments(values)))
    }

    /// Puts values to the end of a list that exists.
    ///
    /// Sends `RPUSHX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - values: The values, at least one.
    /// - Returns: The list's new length; 0 if there is no such key.
    @discardableResult
    public static func rpushX<Argument: RedisArgument>(_ key: String, _ values: [Argument]) -> RedisRequest<Int> {
        .init(RedisCommand("RPUSHX", key, RedisArguments(values)))
    }

    /// Takes the first value of a list.
    ///
    /// Sends `LPOP`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there is no such key.
    @discardableResult
    public static func lpop<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value?> {
        .init(RedisCommand("LPOP", key))
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
    @discardableResult
    public static func lpop<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("LPOP", key, count)) { (reply) throws(RedisError) in try [Value]?(resp: reply) ?? [] }
    }

    /// Takes the last value of a list.
    ///
    /// Sends `RPOP`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if there is no such key.
    @discardableResult
    public static func rpop<Value: RESPDecodable>(
        _ key: String,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value?> {
        .init(RedisCommand("RPOP", key))
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
    @discardableResult
    public static func rpop<Value: RESPDecodable>(
        _ key: String,
        count: Int,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("RPOP", key, count)) { (reply) throws(RedisError) in try [Value]?(resp: reply) ?? [] }
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
    public static func lrange<Value: RESPDecodable>(
        _ key: String,
        from start: Int = 0,
        through stop: Int = -1,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<[Value]> {
        .init(RedisCommand("LRANGE", key, start, stop))
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
    public static func lindex<Value: RESPDecodable>(
        _ key: String,
        _ index: Int,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value?> {
        .init(RedisCommand("LINDEX", key, index))
    }

    /// Replaces a value of a list.
    ///
    /// Fails with the code `.server("ERR")` if the list has no such index. Sends `LSET`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - index: The index; negative ones count from the end.
    ///   - value: The value.
    /// - Returns: Nothing.
    public static func lset<Argument: RedisArgument>(
        _ key: String,
        _ index: Int,
        _ value: Argument
    ) -> RedisRequest<Void> {
        .init(RedisCommand("LSET", key, index, value))
    }

    /// The length of a list.
    ///
    /// Sends `LLEN`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The length; 0 if there is no such key.
    public static func llen(_ key: String) -> RedisRequest<Int> {
        .init(RedisCommand("LLEN", key))
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
    @discardableResult
    public static func linsert<Argument: RedisArgument>(
        _ key: String,
        _ value: Argument,
        _ place: RedisListPlace,
        _ pivot: Argument
    ) -> RedisRequest<Int?> {
        .init(RedisCommand("LINSERT", key, place, pivot, value)) { (reply) throws(RedisError) in
            let length = try Int(resp: reply)
            return length < 0 ? nil : length
        }
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
    @discardableResult
    public static func lrem<Argument: RedisArgument>(
        _ key: String,
        _ value: Argument,
        count: Int = 0
    ) -> RedisRequest<Int> {
        .init(RedisCommand("LREM", key, count, value))
    }

    /// Removes all but a part of a list.
    ///
    /// Sends `LTRIM`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - start: The first index; negative ones count from the end.
    ///   - stop: The last index, included; negative ones count from the end.
    /// - Returns: Nothing.
    public static func ltrim(_ key: String, from start: Int, through stop: Int) -> RedisRequest<Void> {
        .init(RedisCommand("LTRIM", key, start, stop))
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
    public static func lpos<Argument: RedisArgument>(
        _ key: String,
        _ value: Argument,
        rank: Int = 1,
        maximumLength: Int = 0
    ) -> RedisRequest<Int?> {
        .init(RedisCommand("LPOS", key, value, "RANK", rank, "MAXLEN", maximumLength))
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
    public static func lpos<Argument: RedisArgument>(
        _ key: String,
        _ value: Argument,
        count: Int,
        rank: Int = 1,
        maximumLength: Int = 0
    ) -> RedisRequest<[Int]> {
        .init(RedisCommand("LPOS", key, value, "RANK", rank, "COUNT", count, "MAXLEN", maximumLength))
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
    @discardableResult
    public static func lmove<Value: RESPDecodable>(
        from source: String,
        _ sourceEnd: RedisListEnd,
        to destination: String,
        _ destinationEnd: RedisListEnd,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value?> {
        .init(RedisCommand("LMOVE", source, destination, sourceEnd, destinationEnd))
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
    @discardableResult
    public static func lmpop<Value: RESPDecodable>(
        _ keys: [String],
        from end: RedisListEnd,
        count: Int = 1,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<RedisPopped<[Value]>?> {
        .init(RedisCommand("LMPOP", RedisArguments(counted: keys), end, "COUNT", count)) { (reply) throws(RedisError) in
            try RedisPopped.decode(reply) { (values) throws(RedisError) in try [Value](resp: values) }
        }
    }
}
