public import NIOCore

extension RedisRequest {
    /// Asks the server to answer.
    ///
    /// Sends `PING`.
    ///
    /// - Returns: Nothing.
    public static func ping() -> RedisRequest<Void> {
        .init(RedisCommand("PING"))
    }

    /// Asks the server to send a message back.
    ///
    /// Sends `ECHO`.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - type: What to turn it into.
    /// - Returns: The message.
    public static func echo<Argument: RedisArgument, Value: RESPDecodable>(
        _ message: Argument,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisRequest<Value> {
        .init(RedisCommand("ECHO", message))
    }

    /// What the server tells about itself.
    ///
    /// Sends `INFO`; with several sections since Redis 7.0.
    ///
    /// - Parameter sections: The sections to ask for, such as `memory`; none for the usual ones.
    /// - Returns: The sections.
    public static func info(_ sections: [String] = []) -> RedisRequest<RedisInfo> {
        .init(RedisCommand("INFO", RedisArguments(sections))) { (reply) throws(RedisError) in
            RedisInfo(try String(resp: reply))
        }
    }

    /// The number of keys in the database.
    ///
    /// Sends `DBSIZE`.
    ///
    /// - Returns: The number, expired keys that were not removed yet included.
    public static func dbSize() -> RedisRequest<Int> {
        .init(RedisCommand("DBSIZE"))
    }

    /// Removes all keys of the database.
    ///
    /// Sends `FLUSHDB`.
    ///
    /// - Parameter mode: Whether to wait until the memory is free.
    /// - Returns: Nothing.
    public static func flushDB(_ mode: RedisFlushMode = .async) -> RedisRequest<Void> {
        .init(RedisCommand("FLUSHDB", mode))
    }

    /// Removes all keys of all databases.
    ///
    /// Sends `FLUSHALL`.
    ///
    /// - Parameter mode: Whether to wait until the memory is free.
    /// - Returns: Nothing.
    public static func flushAll(_ mode: RedisFlushMode = .async) -> RedisRequest<Void> {
        .init(RedisCommand("FLUSHALL", mode))
    }

    /// The time of the server's clock.
    ///
    /// Sends `TIME`.
    ///
    /// - Returns: The time.
    public static func time() -> RedisRequest<RedisTime> {
        .init(RedisCommand("TIME")) { (reply) throws(RedisError) in
            let parts = try [Int64](resp: reply)
            guard parts.count == 2 else { throw .unexpectedReply(reply, expected: "seconds and microseconds") }
            return RedisTime(microseconds: RedisTime(seconds: parts[0]).microseconds &+ parts[1])
        }
    }

    /// Settings of the server.
    ///
    /// Sends `CONFIG GET`; with several patterns since Redis 7.0.
    ///
    /// - Parameter patterns: The settings' names, or glob patterns of them.
    /// - Returns: The settings by their names.
    public static func configGet(_ patterns: [String]) -> RedisRequest<[String: String]> {
        .init(RedisCommand("CONFIG", "GET", RedisArguments(patterns)))
    }

    /// Changes settings of the server, until it is restarted.
    ///
    /// Sends `CONFIG SET`; several settings since Redis 7.0.
    ///
    /// - Parameter settings: The settings by their names.
    /// - Returns: Nothing.
    public static func configSet(_ settings: [String: String]) -> RedisRequest<Void> {
        .init(RedisCommand("CONFIG", "SET", RedisPairs(settings)))
    }

    /// Writes the settings to the server's configuration file.
    ///
    /// Sends `CONFIG REWRITE`.
    ///
    /// - Returns: Nothing.
    public static func configRewrite() -> RedisRequest<Void> {
        .init(RedisCommand("CONFIG", "REWRITE"))
    }

    /// Sets the counters of `INFO` to zero.
    ///
    /// Sends `CONFIG RESETSTAT`.
    ///
    /// - Returns: Nothing.
    public static func configResetStat() -> RedisRequest<Void> {
        .init(RedisCommand("CONFIG", "RESETSTAT"))
    }

    /// Writes a snapshot to disk; nobody else is answered meanwhile.
    ///
    /// Sends `SAVE`.
    ///
    /// - Returns: Nothing.
    public static func save() -> RedisRequest<Void> {
        .init(RedisCommand("SAVE"))
    }

    /// Starts to write a snapshot to disk.
    ///
    /// Sends `BGSAVE`.
    ///
    /// - Parameter schedule: Whether to wait for a rewrite of the log that is under way; else that is an error.
    /// - Returns: Nothing.
    public static func bgSave(schedule: Bool = false) -> RedisRequest<Void> {
        .init(RedisCommand("BGSAVE", RedisWord("SCHEDULE", if: schedule)))
    }

    /// Starts to rewrite the append-only log.
    ///
    /// Sends `BGREWRITEAOF`.
    ///
    /// - Returns: Nothing.
    public static func bgRewriteAOF() -> RedisRequest<Void> {
        .init(RedisCommand("BGREWRITEAOF"))
    }

    /// When the last snapshot was written.
    ///
    /// Sends `LASTSAVE`.
    ///
    /// - Returns: The moment, exact to the second.
    public static func lastSave() -> RedisRequest<RedisTime> {
        .init(RedisCommand("LASTSAVE")) { (reply) throws(RedisError) in RedisTime(seconds: try Int64(resp: reply)) }
    }

    /// How many commands the server knows.
    ///
    /// Sends `COMMAND COUNT`.
    ///
    /// - Returns: The number.
    public static func commandCount() -> RedisRequest<Int> {
        .init(RedisCommand("COMMAND", "COUNT"))
    }

    /// How many bytes a key takes.
    ///
    /// Sends `MEMORY USAGE`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - samples: How many elements to measure, 0 for all; `nil` for the server's default.
    /// - Returns: The bytes; `nil` if there is no such key.
    public static func memoryUsage(_ key: String, samples: Int? = nil) -> RedisRequest<Int?> {
        .init(RedisCommand("MEMORY", "USAGE", key, RedisOption("SAMPLES", samples)))
    }

    /// What the server thinks of its use of memory.
    ///
    /// Sends `MEMORY DOCTOR`.
    ///
    /// - Returns: A text for people.
    public static func memoryDoctor() -> RedisRequest<String> {
        .init(RedisCommand("MEMORY", "DOCTOR"))
    }

    /// Gives unused memory back to the system.
    ///
    /// Sends `MEMORY PURGE`.
    ///
    /// - Returns: Nothing.
    public static func memoryPurge() -> RedisRequest<Void> {
        .init(RedisCommand("MEMORY", "PURGE"))
    }

    /// The slowest commands lately.
    ///
    /// Sends `SLOWLOG GET`.
    ///
    /// - Parameter count: How many, at most; -1 for all.
    /// - Returns: The entries, the latest first.
    public static func slowLog(count: Int = 10) -> RedisRequest<[RedisSlowLogEntry]> {
        .init(RedisCommand("SLOWLOG", "GET", count)) { (reply) throws(RedisError) in
            var entries: [RedisSlowLogEntry] = []
            for entry in try reply.elements() { entries.append(try RedisSlowLogEntry(resp: entry)) }
            return entries
        }
    }

    /// How many commands the server remembers as slow.
    ///
    /// Sends `SLOWLOG LEN`.
    ///
    /// - Returns: The number.
    public static func slowLogLength() -> RedisRequest<Int> {
        .init(RedisCommand("SLOWLOG", "LEN"))
    }

    /// Lets the server forget which commands were slow.
    ///
    /// Sends `SLOWLOG RESET`.
    ///
    /// - Returns: Nothing.
    public static func slowLogReset() -> RedisRequest<Void> {
        .init(RedisCommand("SLOWLOG", "RESET"))
    }

    /// What made the server slow lately.
    ///
    /// Sends `LATENCY LATEST`.
    ///
    /// - Returns: The events; none unless the setting `latency-monitor-threshold` is on.
    public static func latencyLatest() -> RedisRequest<[RedisLatencyEvent]> {
        .init(RedisCommand("LATENCY", "LATEST")) { (reply) throws(RedisError) in
            var events: [RedisLatencyEvent] = []
            for event in try reply.elements() { events.append(try RedisLatencyEvent(resp: event)) }
            return events
        }
    }

    /// Lets the server forget what made it slow.
    ///
    /// Sends `LATENCY RESET`.
    ///
    /// - Parameter events: The kinds of events; none for all.
    /// - Returns: How many kinds of events were forgotten.
    @discardableResult
    public static func latencyReset(_ events: [String] = []) -> RedisRequest<Int> {
        .init(RedisCommand("LATENCY", "RESET", RedisArguments(events)))
    }

    /// The server's part in a replication.
    ///
    /// Sends `ROLE`.
    ///
    /// - Returns: The role.
    public static func role() -> RedisRequest<RedisRole> {
        .init(RedisCommand("ROLE")) { (reply) throws(RedisError) in try RedisRole(resp: reply) }
    }
}
