extension RedisRequest {
    /// A bit of the string that a key holds.
    ///
    /// Sends `GETBIT`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - offset: The bit's index, the first byte's highest bit being 0.
    /// - Returns: The bit; `false` beyond the end.
    public static func getBit(_ key: String, at offset: Int) -> RedisRequest<Bool> {
        .init(RedisCommand("GETBIT", key, offset))
    }

    /// Sets a bit of the string that a key holds, which grows as needed.
    ///
    /// Sends `SETBIT`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - offset: The bit's index, the first byte's highest bit being 0.
    ///   - bit: The bit.
    /// - Returns: The bit before.
    @discardableResult
    public static func setBit(_ key: String, at offset: Int, to bit: Bool) -> RedisRequest<Bool> {
        .init(RedisCommand("SETBIT", key, offset, bit ? 1 : 0))
    }

    /// How many bits of a string are set.
    ///
    /// Sends `BITCOUNT`; with a range in bits since Redis 7.0.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - range: Which part of the string to look at; `nil` for all of it.
    /// - Returns: The number.
    public static func bitCount(_ key: String, in range: RedisBitRange? = nil) -> RedisRequest<Int> {
        .init(RedisCommand("BITCOUNT", key, range))
    }

    /// The first bit of a string that is set, or that is not.
    ///
    /// Sends `BITPOS`; with a range in bits since Redis 7.0.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - bit: The bit to look for.
    ///   - range: Which part of the string to look at; `nil` for all of it.
    /// - Returns: The bit's index; `nil` if there is none.
    public static func bitPosition(_ key: String, of bit: Bool, in range: RedisBitRange? = nil) -> RedisRequest<Int?> {
        .init(RedisCommand("BITPOS", key, bit ? 1 : 0, range)) { (reply) throws(RedisError) in
            let position = try Int(resp: reply)
            return position < 0 ? nil : position
        }
    }

    /// Combines strings bit by bit.
    ///
    /// Sends `BITOP`.
    ///
    /// - Parameters:
    ///   - operation: How to combine them.
    ///   - keys: The keys to read; exactly one for `.not`.
    ///   - destination: The key to write; what it held is replaced.
    /// - Returns: The length of the result in bytes.
    @discardableResult
    public static func bitOperation(
        _ operation: RedisBitOperation,
        _ keys: [String],
        into destination: String
    ) -> RedisRequest<Int> {
        .init(RedisCommand("BITOP", operation, destination, RedisArguments(keys)))
    }

    /// Reads and writes whole numbers of any width inside a string.
    ///
    /// Sends `BITFIELD`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - operations: What to do, in order.
    /// - Returns: For each operation that returns something the number: read, before it was set, or after it was
    ///   increased; `nil` where `.fail` prevented an overflow.
    @discardableResult
    public static func bitField(_ key: String, _ operations: [RedisBitFieldOperation]) -> RedisRequest<[Int?]> {
        .init(RedisCommand("BITFIELD", key, RedisArguments(operations)))
    }
}
