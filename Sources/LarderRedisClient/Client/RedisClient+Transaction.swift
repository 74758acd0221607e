extension RedisClient {
    /// Reads some keys and writes what follows from them, unless another client changes one of the keys meanwhile.
    ///
    /// ```swift
    /// let result = try await client.withTransaction(watching: ["stock:42"], attempts: 10) { connection in
    ///     let stock = try await connection.get("stock:42", as: Int.self) ?? 0
    ///     guard stock > 0 else { return nil }
    ///     return RedisBatch(.set("stock:42", stock - 1), .incr("sold"))
    /// }
    /// ```
    ///
    /// Sends `WATCH` on a connection that nobody else uses, lets the body read there and say what to write, and sends
    /// that between `MULTI` and `EXEC`. If a key was changed after the `WATCH`, nothing is written, and the body runs
    /// again with what the keys hold then. For writes that follow from no read, `transaction(_:)` is cheaper.
    ///
    /// - Parameters:
    ///   - keys: The keys to watch, at least one. Watch all that the body reads.
    ///   - attempts: How often to try, at most.
    ///   - body: Reads, and returns the requests to execute as one; `nil` to execute none.
    /// - Returns: The responses; what kept the requests from being executed, if they were not.
    /// - Throws: What the body throws, then nothing is written; what `transaction(_:)` throws.
    public func withTransaction<Responses>(
        watching keys: [String],
        attempts: Int = 1,
        _ body: (RedisConnection) async throws -> RedisBatch<Responses>?
    ) async throws -> RedisTransactionResult<Responses> {
        guard !keys.isEmpty else { throw RedisError(.invalidCommand, message: "WATCH needs a key", command: "WATCH") }
        return try await self.withConnection(for: keys.first) { connection in
            for _ in 0..<max(1, attempts) {
                _ = try await connection.send(RedisCommand("WATCH", arguments: keys))
                // If the body throws, the connection is given back watching; such a connection is closed.
                guard let batch = try await body(connection) else {
                    _ = try await connection.send(RedisCommand("UNWATCH"))
                    return .declined
                }
                if let replies = try await connection.execute(batch.selfContainedCommands) {
                    return .executed(try batch.decode(replies))
                }
            }
            return .aborted
        }
    }
}

/// What became of a transaction on watched keys.
public enum RedisTransactionResult<Responses> {
    /// The requests were executed as one.
    case executed(Responses)
    /// Other clients changed a watched key during each attempt. Nothing was executed.
    case aborted
    /// The body returned no requests. Nothing was executed.
    case declined

    /// The responses; `nil` if the requests were not executed.
    public var responses: Responses? {
        if case .executed(let responses) = self { responses } else { nil }
    }
}

extension RedisTransactionResult: Sendable where Responses: Sendable {}
