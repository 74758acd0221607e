extension RedisCommandSender {
    /// Executes several requests as one: no other client's command comes between them.
    ///
    /// Sends `MULTI`, the requests and `EXEC` in one go, so it may share its connection with other tasks. Redis does not
    /// roll back: a request that fails while it is executed (one on a key of the wrong type, say) stops none of the
    /// others. A request that the server refuses beforehand (an unknown command, too few arguments, out of memory) has
    /// the effect that none is executed.
    ///
    /// - Parameter requests: The requests, in order.
    /// - Returns: Their responses, in the same order.
    /// - Throws: The first request's error, and if the server refused one beforehand, its error; `RedisError` if the
    ///   transaction as a whole failed; `CancellationError` if the task was cancelled, which leaves open whether the
    ///   requests were executed: all were or none.
    public func transaction<each Response>(
        _ requests: repeat RedisRequest<each Response>
    ) async throws -> (repeat each Response) {
        try await self.transaction(RedisBatch(repeat each requests))
    }

    /// Executes many requests of one type as one.
    ///
    /// - Parameter requests: The requests, in order.
    /// - Returns: For each request its response or its error.
    /// - Throws: The error of a request that the server refused beforehand, then none was executed; `RedisError` if the
    ///   transaction as a whole failed; `CancellationError` if the task was cancelled.
    public func transaction<Response>(
        _ requests: [RedisRequest<Response>]
    ) async throws -> [Result<Response, RedisError>] {
        if requests.isEmpty { return [] }
        return try await self.transaction(RedisBatch(requests))
    }

    /// Executes the requests of a batch as one.
    ///
    /// - Parameter batch: The requests.
    /// - Returns: Their responses.
    /// - Throws: What `transaction(_:)` for single requests throws.
    public func transaction<Responses>(_ batch: RedisBatch<Responses>) async throws -> Responses {
        guard let replies = try await self.execute(batch.selfContainedCommands) else {
            // Without WATCH nothing aborts a transaction, except a connection on which someone watches.
            throw RedisError(.unexpectedReply, message: "the transaction was aborted by a watched key", command: "EXEC")
        }
        return try batch.decode(replies)
    }

    /// Executes commands as one.
    ///
    /// - Parameter commands: The commands, in order. Scripts are to be sent in full (`EVAL`): a hash that the server
    ///   does not know would fail in the middle.
    /// - Returns: For each command its reply or its error.
    /// - Throws: What `transaction(_:)` for requests throws.
    public func transaction(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        if commands.isEmpty { return [] }
        guard let replies = try await self.execute(commands) else {
            throw RedisError(.unexpectedReply, message: "the transaction was aborted by a watched key", command: "EXEC")
        }
        return replies
    }

    /// Sends `MULTI`, the commands and `EXEC`; `nil` if a watched key had changed.
    func execute(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>]? {
        let replies = try await self.pipeline([RedisCommand("MULTI")] + commands + [RedisCommand("EXEC")])
        guard replies.count == commands.count + 2, let last = replies.last else {
            throw RedisError(.unexpectedReply, message: "the transaction got too few replies", command: "EXEC")
        }
        // What EXEC says of a command refused beforehand is only that there was one.
        for (command, reply) in zip(commands, replies.dropFirst()) {
            if case .failure(let error) = reply { throw error.with(command: command.name) }
        }
        switch try last.get() {
        case .null: return nil
        case .array(let values):
            return values.map { value in
                if case .error(let error) = value { .failure(RedisError(error)) } else { .success(value) }
            }
        case let other: throw RedisError.unexpectedReply(other, expected: "an array").with(command: "EXEC")
        }
    }
}
