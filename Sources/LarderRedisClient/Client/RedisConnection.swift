import Synchronization

/// A connection for one's own use, lent by a client: for transactions with `WATCH`, for commands that block, for
/// commands that change their connection.
///
/// It is never replaced: when it ends, its commands throw, because what was set on it is gone, too. Using it after its
/// scope has ended is an error.
public final class RedisConnection: RedisCommandSender, Sendable {
    /// What the borrower did to the connection.
    private struct Use {
        var isInTransaction = false
        /// Something was changed that only a new connection undoes.
        var isChanged = false
        var hasEnded = false
    }

    private let lane: CommandLane
    private let locator: any ServerLocator
    private let server: String
    private let commandTimeout: Int64
    /// How long the connection may owe a reply before it counts as dead; nil for ever.
    let healthCheckInterval: Duration?
    private let use = Mutex(Use())
    /// Throws for a command on keys of another server, where that would not say so itself.
    private let check: CommandCheck?

    /// Throws for a command that is not to be sent.
    typealias CommandCheck = @Sendable (RedisCommand) throws(RedisError) -> Void

    init(lane: CommandLane, locator: any ServerLocator, check: CommandCheck? = nil) {
        self.check = check
        self.lane = lane
        self.locator = locator
        self.server = locator.name
        self.commandTimeout = locator.configuration.commandTimeout.wholeNanoseconds
        self.healthCheckInterval = locator.configuration.healthCheckInterval
    }

    /// Sends a command and waits for its reply, within the configured timeout.
    ///
    /// - Returns: The reply, which is never an error.
    /// - Throws: `RedisError`; `CancellationError`.
    public func send(_ command: RedisCommand) async throws -> RESPValue {
        try await self.send(command, timeout: self.commandTimeout)
    }

    /// Sends a command and waits for its reply: for commands that block, whose own timeout should be a little shorter.
    ///
    /// - Parameters:
    ///   - command: The command to send.
    ///   - timeout: How long to wait for the reply.
    /// - Returns: The reply, which is never an error.
    /// - Throws: `RedisError`; `CancellationError`.
    public func send(_ command: RedisCommand, timeout: Duration) async throws -> RESPValue {
        try await self.send(command, timeout: timeout.wholeNanoseconds)
    }

    /// Sends commands in one go and waits for all replies, within the configured timeout.
    ///
    /// - Returns: For each command its reply or the server's error.
    /// - Throws: `RedisError`; `CancellationError`.
    public func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        guard !commands.isEmpty else { return [] }
        for command in commands { try self.note(command) }
        let deadline = MonotonicTime.deadline(after: self.commandTimeout)
        switch await self.lane.execute(pipeline: commands, deadline: deadline) {
        case .replies(let replies):
            let results = zip(commands, replies).map { $1.result(of: $0, at: self.server) }
            for case .failure(let error) in results { self.lookAgain(after: error) }
            return results
        case .failure(let error):
            throw error.with(command: commands.count == 1 ? commands[0].name : "pipeline")
        case .cancelled, .reply:
            throw CancellationError()
        }
    }

    private func send(_ command: RedisCommand, timeout: Int64) async throws -> RESPValue {
        try self.note(command)
        switch await self.lane.execute(command, deadline: .deadline(after: timeout)) {
        case .reply(.error(let error)):
            let error = RedisError(error).with(server: self.server, command: command.name)
            self.lookAgain(after: error)
            throw error
        case .reply(let reply):
            return reply
        case .failure(let error):
            throw error.with(command: command.name)
        case .cancelled, .replies:
            throw CancellationError()
        }
    }

    /// Has the server looked for anew where it has said that it is not the right one.
    ///
    /// The command is not sent again: what was set on the connection is the borrower's, who begins anew.
    private func lookAgain(after error: RedisError) {
        if RetryPolicy.tellsOfChange(error) { self.locator.suspect(error) }
    }

    /// Remembers what the command does to the connection.
    private func note(_ command: RedisCommand) throws(RedisError) {
        try self.check?(command)
        let changes = command.isolation == .changesConnection
        let name = changes ? command.name : ""
        let hasEnded = self.use.withLock { use in
            switch name {
            case "": break
            case "MULTI", "WATCH": use.isInTransaction = true
            case "EXEC", "DISCARD": use.isInTransaction = false
            case "UNWATCH": break
            default: use.isChanged = true
            }
            return use.hasEnded
        }
        if hasEnded {
            throw RedisError(
                .connectionClosed,
                message: "the connection was given back when withConnection ended",
                server: self.server,
                command: command.name
            )
        }
    }

    /// Ends the use of the connection.
    ///
    /// - Returns: Whether the next borrower finds it as this one did.
    func end() -> Bool {
        let use = self.use.withLock { use in
            use.hasEnded = true
            return use
        }
        return !use.isInTransaction && !use.isChanged && self.lane.isQuiet
    }
}

extension RedisClient {
    /// Lends a connection that nobody else uses, until `body` returns.
    ///
    /// At most `RedisConfiguration.maximumLentConnections` are lent at a time; further callers wait. A connection whose
    /// state was changed, on which keys were watched, or that still owes a reply, is closed afterwards; others are kept
    /// for the next borrower.
    ///
    /// - Parameters:
    ///   - key: A key that will be used on the connection: in a cluster and with shards, it leads to that key's server. With
    ///     shards, commands on keys of other servers throw `.invalidCommand`; without a key it is the first shard's.
    ///   - timeout: How long to wait for a connection, if not as long as a command may take.
    ///   - body: What to do with the connection.
    /// - Returns: What `body` returns.
    /// - Throws: `RedisError` if there is no connection in time; what `body` throws.
    public func withConnection<Value>(
        for key: String? = nil,
        timeout: Duration? = nil,
        _ body: (RedisConnection) async throws -> Value
    ) async throws -> Value {
        let timeout = timeout ?? self.configuration.commandTimeout
        let node = try await self.servers.lender(for: key)
        let lane = try await node.lending.borrow(deadline: .deadline(after: timeout.wholeNanoseconds))
        let connection = RedisConnection(lane: lane, locator: node.locator, check: self.servers.check(at: node))
        do {
            let value = try await body(connection)
            node.lending.giveBack(lane, isClean: connection.end())
            return value
        } catch {
            node.lending.giveBack(lane, isClean: connection.end())
            throw error
        }
    }
}
