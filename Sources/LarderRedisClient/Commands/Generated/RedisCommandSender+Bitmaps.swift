// Written by scripts/generate-redis-methods.swift from RedisRequest+Bitmaps.swift: change that file, then run the script.

extension RedisCommandSender {
    /// A bit of the string that a key holds.
    ///
    /// Sends `GETBIT`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - offset: The bit's index, the first byte's highest bit being 0.
    /// - Returns: The bit; `false` beyond the end.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func getBit(_ key: String, at offset: Int) async throws -> Bool {
        try await self.send(.getBit(key, at: offset))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func setBit(_ key: String, at offset: Int, to bit: Bool) async throws -> Bool {
        try await self.send(.setBit(key, at: offset, to: bit))
    }

    /// How many bits of a string are set.
    ///
    /// Sends `BITCOUNT`; with a range in bits since Redis 7.0.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - range: Which part of the string to look at; `nil` for all of it.
    /// - Returns: The number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func bitCount(_ key: String, in range: RedisBitRange? = nil) async throws -> Int {
        try await self.send(.bitCount(key, in: range))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func bitPosition(_ key: String, of bit: Bool, in range: RedisBitRange? = nil) async throws -> Int? {
        try await self.send(.bitPosition(key, of: bit, in: range))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func bitOperation(
        _ operation: RedisBitOperation,
        _ keys: [String],
        into destination: String
    ) async throws -> Int {
        try await self.send(.bitOperation(operation, keys, into: destination))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func bitField(_ key: String, _ operations: [RedisBitFieldOperation]) async throws -> [Int?] {
        try await self.send(.bitField(key, operations))
    }
}
