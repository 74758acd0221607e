public import NIOCore

// `KEYS` is left out on purpose: it stops the server for as long as it walks through all keys. `scan` does not. Who needs
// it all the same sends it as a command.
extension RedisRequest {
    /// Removes keys.
    ///
    /// Sends `DEL`, which frees large values before it answers; see `unlink(_:)`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: How many of them existed.
    @discardableResult
    public static func del(_ keys: [String]) -> RedisRequest<Int> {
        .init(RedisCommand("DEL", arguments: keys))
    }

    /// Removes keys, and frees their values in the background.
    ///
    /// Sends `UNLINK`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: How many of them existed.
    @discardableResult
    public static func unlink(_ keys: [String]) -> RedisRequest<Int> {
        .init(RedisCommand("UNLINK", arguments: keys))
    }

    /// Removes a key, and frees its value in the background.
    ///
    /// Sends `UNLINK`.
    ///
    /// - Parameter key: The key.
    /// - Returns: Whether it existed.
    @discardableResult
    public static func unlink(_ key: String) -> RedisRequest<Bool> {
        .init(RedisCommand("UNLINK", key))
    }

    /// Whether there is such a key.
    ///
    /// Sends `EXISTS`.
    ///
    /// - Parameter key: The key.
    /// - Returns: Whether there is.
    public static func exists(_ key: String) -> RedisRequest<Bool> {
        .init(RedisCommand("EXISTS", key))
    }

    /// How many of some keys exist.
    ///
    /// Sends `EXISTS`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: How many exist; a key that is named twice counts twice.
    public static func exists(_ keys: [String]) -> RedisRequest<Int> {
        .init(RedisCommand("EXISTS", arguments: keys))
    }

    /// The type of a key's value.
    ///
    /// Sends `TYPE`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The type; `nil` if there is no such key.
    public static func type(of key: String) -> RedisRequest<RedisValueType?> {
        .init(RedisCommand("TYPE", key)) { (reply) throws(RedisError) in
            let name = try String(resp: reply)
            return name == "none" ? nil : RedisValueType(name)
        }
    }

    /// Renames a key; what the new one held is replaced.
    ///
    /// Fails with the code `.server("ERR")` if there is no such key. Sends `RENAME`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - newKey: Its new name.
    /// - Returns: Nothing.
    public static func rename(_ key: String, to newKey: String) -> RedisRequest<Void> {
        .init(RedisCommand("RENAME", key, newKey))
    }

    /// Renames a key unless the new one exists.
    ///
    /// Sends `RENAMENX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - newKey: Its new name.
    /// - Returns: Whether it was renamed.
    @discardableResult
    public static func renameNX(_ key: String, to newKey: String) -> RedisRequest<Bool> {
        .init(RedisCommand("RENAMENX", key, newKey))
    }

    /// Copies a key with its expiry.
    ///
    /// Sends `COPY`.
    ///
    /// - Parameters:
    ///   - source: The key to copy.
    ///   - destination: The copy's key.
    ///   - database: The copy's database; `nil` for the connection's.
    ///   - replace: Whether an existing key is replaced.
    /// - Returns: Whether it was copied.
    @discardableResult
    public static func copy(
        _ source: String,
        to destination: String,
        database: Int? = nil,
        replace: Bool = false
    ) -> RedisRequest<Bool> {
        .init(RedisCommand("COPY", source, destination, RedisOption("DB", database), RedisWord("REPLACE", if: replace)))
    }

    /// Marks keys as just used, for the eviction of the least recently used.
    ///
    /// Sends `TOUCH`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: How many of them exist.
    @discardableResult
    public static func touch(_ keys: [String]) -> RedisRequest<Int> {
        .init(RedisCommand("TOUCH", arguments: keys))
    }

    /// A key chosen at random.
    ///
    /// Sends `RANDOMKEY`.
    ///
    /// - Returns: The key; `nil` if the database is empty.
    public static func randomKey() -> RedisRequest<String?> {
        .init(RedisCommand("RANDOMKEY"))
    }

    /// A key's value in the server's own format, for `restore`.
    ///
    /// Sends `DUMP`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The value; `nil` if there is no such key.
    public static func dump(_ key: String) -> RedisRequest<ByteBuffer?> {
        .init(RedisCommand("DUMP", key))
    }

    /// Sets a key to what `dump` returned.
    ///
    /// Sends `RESTORE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value as `dump` returned it.
    ///   - expiry: When the key shall expire; `.keep` counts as never.
    ///   - replace: Whether an existing key is replaced; else the code of the error is `.server("BUSYKEY")`.
    /// - Returns: Nothing.
    public static func restore(
        _ key: String,
        _ value: ByteBuffer,
        expiry: RedisExpiry = .never,
        replace: Bool = false
    ) -> RedisRequest<Void> {
        let milliseconds: Int64
        switch expiry.kind {
        case .after(let duration): milliseconds = duration.redisMilliseconds
        case .at(let time): milliseconds = time.milliseconds
        case .never, .keep: milliseconds = 0
        }
        return .init(
            RedisCommand(
                "RESTORE",
                key,
                milliseconds,
                value,
                RedisWord("REPLACE", if: replace),
                RedisWord("ABSTTL", if: expiry.isAbsolute)
            )
        )
    }

    /// How the server holds a key's value, such as `embstr` or `listpack`.
    ///
    /// Sends `OBJECT ENCODING`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The encoding; `nil` if there is no such key.
    public static func objectEncoding(_ key: String) -> RedisRequest<String?> {
        .init(RedisCommand("OBJECT", "ENCODING", key))
    }

    /// How often a key was used lately, on a logarithmic scale; only where the server evicts by frequency.
    ///
    /// Sends `OBJECT FREQ`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The frequency; `nil` if there is no such key.
    public static func objectFrequency(_ key: String) -> RedisRequest<Int?> {
        .init(RedisCommand("OBJECT", "FREQ", key))
    }

    /// How long ago a key was last used; not where the server evicts by frequency.
    ///
    /// Sends `OBJECT IDLETIME`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The time, exact to some seconds; `nil` if there is no such key.
    public static func objectIdleTime(_ key: String) -> RedisRequest<Duration?> {
        .init(RedisCommand("OBJECT", "IDLETIME", key)) { (reply) throws(RedisError) in
            try Int64?(resp: reply).map { .seconds($0) }
        }
    }
}
