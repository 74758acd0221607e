// Written by scripts/generate-redis-methods.swift from RedisRequest+Keys.swift: change that file, then run the script.

public import NIOCore

extension RedisCommandSender {
    /// Removes keys.
    ///
    /// Sends `DEL`, which frees large values before it answers; see `unlink(_:)`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: How many of them existed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func del(_ keys: [String]) async throws -> Int {
        try await self.send(.del(keys))
    }

    /// Removes keys, and frees their values in the background.
    ///
    /// Sends `UNLINK`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: How many of them existed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func unlink(_ keys: [String]) async throws -> Int {
        try await self.send(.unlink(keys))
    }

    /// Removes a key, and frees its value in the background.
    ///
    /// Sends `UNLINK`.
    ///
    /// - Parameter key: The key.
    /// - Returns: Whether it existed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func unlink(_ key: String) async throws -> Bool {
        try await self.send(.unlink(key))
    }

    /// Whether there is such a key.
    ///
    /// Sends `EXISTS`.
    ///
    /// - Parameter key: The key.
    /// - Returns: Whether there is.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func exists(_ key: String) async throws -> Bool {
        try await self.send(.exists(key))
    }

    /// How many of some keys exist.
    ///
    /// Sends `EXISTS`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: How many exist; a key that is named twice counts twice.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func exists(_ keys: [String]) async throws -> Int {
        try await self.send(.exists(keys))
    }

    /// The type of a key's value.
    ///
    /// Sends `TYPE`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The type; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func type(of key: String) async throws -> RedisValueType? {
        try await self.send(.type(of: key))
    }

    /// Renames a key; what the new one held is replaced.
    ///
    /// Fails with the code `.server("ERR")` if there is no such key. Sends `RENAME`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - newKey: Its new name.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func rename(_ key: String, to newKey: String) async throws {
        try await self.send(.rename(key, to: newKey))
    }

    /// Renames a key unless the new one exists.
    ///
    /// Sends `RENAMENX`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - newKey: Its new name.
    /// - Returns: Whether it was renamed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func renameNX(_ key: String, to newKey: String) async throws -> Bool {
        try await self.send(.renameNX(key, to: newKey))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func copy(
        _ source: String,
        to destination: String,
        database: Int? = nil,
        replace: Bool = false
    ) async throws -> Bool {
        try await self.send(.copy(source, to: destination, database: database, replace: replace))
    }

    /// Marks keys as just used, for the eviction of the least recently used.
    ///
    /// Sends `TOUCH`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: How many of them exist.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func touch(_ keys: [String]) async throws -> Int {
        try await self.send(.touch(keys))
    }

    /// A key chosen at random.
    ///
    /// Sends `RANDOMKEY`.
    ///
    /// - Returns: The key; `nil` if the database is empty.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func randomKey() async throws -> String? {
        try await self.send(.randomKey())
    }

    /// A key's value in the server's own format, for `restore`.
    ///
    /// Sends `DUMP`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The value; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func dump(_ key: String) async throws -> ByteBuffer? {
        try await self.send(.dump(key))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func restore(
        _ key: String,
        _ value: ByteBuffer,
        expiry: RedisExpiry = .never,
        replace: Bool = false
    ) async throws {
        try await self.send(.restore(key, value, expiry: expiry, replace: replace))
    }

    /// How the server holds a key's value, such as `embstr` or `listpack`.
    ///
    /// Sends `OBJECT ENCODING`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The encoding; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func objectEncoding(_ key: String) async throws -> String? {
        try await self.send(.objectEncoding(key))
    }

    /// How often a key was used lately, on a logarithmic scale; only where the server evicts by frequency.
    ///
    /// Sends `OBJECT FREQ`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The frequency; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func objectFrequency(_ key: String) async throws -> Int? {
        try await self.send(.objectFrequency(key))
    }

    /// How long ago a key was last used; not where the server evicts by frequency.
    ///
    /// Sends `OBJECT IDLETIME`.
    ///
    /// - Parameter key: The key.
    /// - Returns: The time, exact to some seconds; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func objectIdleTime(_ key: String) async throws -> Duration? {
        try await self.send(.objectIdleTime(key))
    }
}
