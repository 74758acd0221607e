// Written by scripts/generate-redis-methods.swift from RedisRequest+Server.swift: change that file, then run the script.

public import NIOCore

extension RedisCommandSender {
    /// Asks the server to answer.
    ///
    /// Sends `PING`.
    ///
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func ping() async throws {
        try await self.send(.ping())
    }

    /// Asks the server to send a message back.
    ///
    /// Sends `ECHO`.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - type: What to turn it into.
    /// - Returns: The message.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func echo<Argument: RedisArgument, Value: RESPDecodable>(
        _ message: Argument,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value {
        try await self.send(.echo(message, as: type))
    }

    /// What the server tells about itself.
    ///
    /// Sends `INFO`; with several sections since Redis 7.0.
    ///
    /// - Parameter sections: The sections to ask for, such as `memory`; none for the usual ones.
    /// - Returns: The sections.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func info(_ sections: [String] = []) async throws -> RedisInfo {
        try await self.send(.info(sections))
    }

    /// The number of keys in the database.
    ///
    /// Sends `DBSIZE`.
    ///
    /// - Returns: The number, expired keys that were not removed yet included.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func dbSize() async throws -> Int {
        try await self.send(.dbSize())
    }

    /// Removes all keys of the database.
    ///
    /// Sends `FLUSHDB`.
    ///
    /// - Parameter mode: Whether to wait until the memory is free.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func flushDB(_ mode: RedisFlushMode = .async) async throws {
        try await self.send(.flushDB(mode))
    }

    /// Removes all keys of all databases.
    ///
    /// Sends `FLUSHALL`.
    ///
    /// - Parameter mode: Whether to wait until the memory is free.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func flushAll(_ mode: RedisFlushMode = .async) async throws {
        try await self.send(.flushAll(mode))
    }

    /// The time of the server's clock.
    ///
    /// Sends `TIME`.
    ///
    /// - Returns: The time.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func time() async throws -> RedisTime {
        try await self.send(.time())
    }

    /// Settings of the server.
    ///
    /// Sends `CONFIG GET`; with several patterns since Redis 7.0.
    ///
    /// - Parameter patterns: The settings' names, or glob patterns of them.
    /// - Returns: The settings by their names.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func configGet(_ patterns: [String]) async throws -> [String: String] {
        try await self.send(.configGet(patterns))
    }

    /// Changes settings of the server, until it is restarted.
    ///
    /// Sends `CONFIG SET`; several settings since Redis 7.0.
    ///
    /// - Parameter settings: The settings by their names.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func configSet(_ settings: [String: String]) async throws {
        try await self.send(.configSet(settings))
    }

    /// Writes the settings to the server's configuration file.
    ///
    /// Sends `CONFIG REWRITE`.
    ///
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func configRewrite() async throws {
        try await self.send(.configRewrite())
    }

    /// Sets the counters of `INFO` to zero.
    ///
    /// Sends `CONFIG RESETSTAT`.
    ///
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func configResetStat() async throws {
        try await self.send(.configResetStat())
    }

    /// Writes a snapshot to disk; nobody else is answered meanwhile.
    ///
    /// Sends `SAVE`.
    ///
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func save() async throws {
        try await self.send(.save())
    }

    /// Starts to write a snapshot to disk.
    ///
    /// Sends `BGSAVE`.
    ///
    /// - Parameter schedule: Whether to wait for a rewrite of the log that is under way; else that is an error.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func bgSave(schedule: Bool = false) async throws {
        try await self.send(.bgSave(schedule: schedule))
    }

    /// Starts to rewrite the append-only log.
    ///
    /// Sends `BGREWRITEAOF`.
    ///
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func bgRewriteAOF() async throws {
        try await self.send(.bgRewriteAOF())
    }

    /// When the last snapshot was written.
    ///
    /// Sends `LASTSAVE`.
    ///
    /// - Returns: The moment, exact to the second.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func lastSave() async throws -> RedisTime {
        try await self.send(.lastSave())
    }

    /// How many commands the server knows.
    ///
    /// Sends `COMMAND COUNT`.
    ///
    /// - Returns: The number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func commandCount() async throws -> Int {
        try await self.send(.commandCount())
    }

    /// How many bytes a key takes.
    ///
    /// Sends `MEMORY USAGE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - samples: How many elements to measure, 0 for all; `nil` for the server's default.
    /// - Returns: The bytes; `nil` if there is no such key.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func memoryUsage(_ key: String, samples: Int? = nil) async throws -> Int? {
        try await self.send(.memoryUsage(key, samples: samples))
    }

    /// What the server thinks of its use of memory.
    ///
    /// Sends `MEMORY DOCTOR`.
    ///
    /// - Returns: A text for people.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func memoryDoctor() async throws -> String {
        try await self.send(.memoryDoctor())
    }

    /// Gives unused memory back to the system.
    ///
    /// Sends `MEMORY PURGE`.
    ///
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func memoryPurge() async throws {
        try await self.send(.memoryPurge())
    }

    /// The slowest commands lately.
    ///
    /// Sends `SLOWLOG GET`.
    ///
    /// - Parameter count: How many, at most; -1 for all.
    /// - Returns: The entries, the latest first.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func slowLog(count: Int = 10) async throws -> [RedisSlowLogEntry] {
        try await self.send(.slowLog(count: count))
    }

    /// How many commands the server remembers as slow.
    ///
    /// Sends `SLOWLOG LEN`.
    ///
    /// - Returns: The number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func slowLogLength() async throws -> Int {
        try await self.send(.slowLogLength())
    }

    /// Lets the server forget which commands were slow.
    ///
    /// Sends `SLOWLOG RESET`.
    ///
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func slowLogReset() async throws {
        try await self.send(.slowLogReset())
    }

    /// What made the server slow lately.
    ///
    /// Sends `LATENCY LATEST`.
    ///
    /// - Returns: The events; none unless the setting `latency-monitor-threshold` is on.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func latencyLatest() async throws -> [RedisLatencyEvent] {
        try await self.send(.latencyLatest())
    }

    /// Lets the server forget what made it slow.
    ///
    /// Sends `LATENCY RESET`.
    ///
    /// - Parameter events: The kinds of events; none for all.
    /// - Returns: How many kinds of events were forgotten.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func latencyReset(_ events: [String] = []) async throws -> Int {
        try await self.send(.latencyReset(events))
    }

    /// The server's part in a replication.
    ///
    /// Sends `ROLE`.
    ///
    /// - Returns: The role.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func role() async throws -> RedisRole {
        try await self.send(.role())
    }
}
