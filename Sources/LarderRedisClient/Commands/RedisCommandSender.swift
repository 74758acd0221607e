/// Something that sends commands to Redis: a client, a connection lent by one, a transaction.
///
/// Typed commands are extensions of this protocol, so that each sender has them all.
public protocol RedisCommandSender: Sendable {
    /// Sends a command and waits for its reply.
    ///
    /// - Throws: `RedisError`, with the code `.server` if the server answered with an error; `CancellationError` if
    ///   the task was cancelled. The command may have been executed all the same.
    func send(_ command: RedisCommand) async throws -> RESPValue

    /// Sends several commands in one go, in order and on one connection, and waits for all replies.
    ///
    /// No other task's command comes between them, so `MULTI` … `EXEC` may be sent this way even where tasks share the
    /// connection, if it begins and ends in the pipeline.
    ///
    /// - Returns: For each command its reply or the server's error.
    /// - Throws: `RedisError` if the pipeline as a whole failed: no connection, no reply in time; `CancellationError`
    ///   if the task was cancelled. Some of the commands may have been executed all the same.
    func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>]
}

extension RedisCommandSender {
    /// Sends a command, waits for its reply and turns it into a Swift type.
    ///
    /// - Parameters:
    ///   - command: The command to send.
    ///   - type: What to turn the reply into.
    /// - Returns: The reply.
    /// - Throws: What `send(_:)` throws; `RedisError` with the code `.unexpectedReply` if the reply is of another type.
    public func send<Reply: RESPDecodable>(
        _ command: RedisCommand,
        as type: Reply.Type
    ) async throws -> Reply {
        let reply = try await self.send(command)
        do {
            return try Reply(resp: reply)
        } catch {
            throw error.with(command: command.name)
        }
    }
}
