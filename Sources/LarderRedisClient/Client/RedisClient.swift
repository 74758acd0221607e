public import Logging
public import NIOCore
public import NIOPosix
public import ServiceLifecycle
import Synchronization

/// A client of one Redis server.
///
/// ```swift
/// let redis = try RedisClient(RedisConfiguration(host: "cache.internal"))
/// let reply = try await redis.send(RedisCommand("GET", "greeting"), as: String?.self)
/// await redis.shutdown()
/// ```
///
/// Any number of tasks share a client and its connection: what they send at the same time leaves in one write, so many
/// tasks get far more done than one. The client connects when it is first used, again when it loses its connection, and
/// works without `run()`.
///
/// Every call ends within its timeout, whatever happens to the server:
///
/// - A command that was not yet written when a connection ended is sent on the next one.
/// - A command that was written is sent again if it is safe to repeat (see `RedisCommand.isRepeatable`); else it throws
///   `.fateUnknown`.
/// - While no connection can be made, commands wait for the next attempt and throw what became of it, or throw at once
///   if their time ends before it is due.
///
/// Cancelling a task ends its call within a few milliseconds with `CancellationError`; the command may be executed all
/// the same.
public final class RedisClient: RedisCommandSender, Service, Sendable {
    let connector: RedisConnector
    private let lanes: [CommandLane]
    private let next = Atomic<Int>(0)
    private let commandTimeout: Int64
    let lending: LentConnections
    let subscriptions: SubscriptionLane
    let logger: Logger

    /// Does not connect yet.
    ///
    /// - Parameters:
    ///   - configuration: The server and how to behave towards it.
    ///   - eventLoopGroup: Where connections live.
    ///   - logger: For what happens in the background. It hears of nothing but trouble unless its level is below `info`.
    /// - Throws: `RedisError` with the code `.invalidConfiguration` if a field is out of its range, `.tlsFailed` if a
    ///   certificate or key cannot be read.
    public init(
        _ configuration: RedisConfiguration,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger = Logger(label: "larder.redis") { _ in SwiftLogNoOpLogHandler() }
    ) throws(RedisError) {
        let connector = try RedisConnector(configuration)
        self.connector = connector
        self.logger = logger
        self.commandTimeout = configuration.commandTimeout.wholeNanoseconds
        self.lanes = (0..<configuration.connections).map { _ in
            CommandLane(connector: connector, eventLoop: eventLoopGroup.next(), logger: logger)
        }
        self.lending = LentConnections(connector: connector, eventLoopGroup: eventLoopGroup, logger: logger)
        // On the first lane's loop: one taken from the group would leave every other loop without lanes.
        self.subscriptions = SubscriptionLane(
            connector: connector,
            eventLoop: self.lanes[0].eventLoop,
            logger: logger
        )
    }

    deinit {
        for lane in self.lanes { lane.close() }
        self.lending.close()
        self.subscriptions.close()
    }

    /// The configuration that the client was made with.
    public var configuration: RedisConfiguration { self.connector.configuration }

    // MARK: Commands

    /// Sends a command and waits for its reply, within the configured timeout.
    ///
    /// - Returns: The reply, which is never an error.
    /// - Throws: `RedisError`, with the code `.server` if the server answered with an error, `.refusedOnSharedConnection`
    ///   for a command that blocks or changes its connection; `CancellationError`.
    public func send(_ command: RedisCommand) async throws -> RESPValue {
        try await self.send(command, timeout: self.commandTimeout)
    }

    /// Sends commands in one go and waits for all replies, within the configured timeout.
    ///
    /// - Returns: For each command its reply or the server's error.
    /// - Throws: As `send(_:)`, but nothing for errors that the server answers with.
    public func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        try await self.pipeline(commands, timeout: self.commandTimeout)
    }

    /// The same client with another timeout for its commands.
    ///
    /// ```swift
    /// let value = try await redis.timeout(.milliseconds(50)).send(RedisCommand("GET", "greeting"))
    /// ```
    ///
    /// - Parameter timeout: How long each command may take, from the call to the reply.
    /// - Returns: A sender on the client's connections.
    public func timeout(_ timeout: Duration) -> RedisClientWithTimeout {
        RedisClientWithTimeout(client: self, timeout: timeout.wholeNanoseconds)
    }

    @inline(__always)
    func send(_ command: RedisCommand, timeout: Int64) async throws -> RESPValue {
        guard command.isolation == .ordinary else { throw self.refusal(of: command) }
        let deadline = MonotonicTime.deadline(after: timeout)
        var repetitions = 0
        while true {
            switch await self.lane.execute(command, deadline: deadline) {
            case .reply(.error(let error)):
                throw RedisError(error).with(server: self.connector.server, command: command.name)
            case .reply(let reply):
                return reply
            case .failure(let error):
                if error.allowsRepetition, repetitions < Self.maximumRepetitions, command.isRepeatable {
                    repetitions += 1
                    continue
                }
                throw error.with(command: command.name)
            case .cancelled, .replies:
                throw CancellationError()
            }
        }
    }

    func pipeline(_ commands: [RedisCommand], timeout: Int64) async throws -> [Result<RESPValue, RedisError>] {
        if let offender = commands.firstUnfitForSharing { throw self.refusal(of: offender) }
        guard !commands.isEmpty else { return [] }
        let deadline = MonotonicTime.deadline(after: timeout)
        var repetitions = 0
        while true {
            switch await self.lane.execute(pipeline: commands, deadline: deadline) {
            case .replies(let replies):
                return zip(commands, replies).map { $1.result(of: $0, at: self.connector.server) }
            case .failure(let error):
                if error.allowsRepetition, repetitions < Self.maximumRepetitions,
                    commands.allSatisfy(\.isRepeatable)
                {
                    repetitions += 1
                    continue
                }
                throw error.with(command: commands.count == 1 ? commands[0].name : "pipeline")
            case .cancelled, .reply:
                throw CancellationError()
            }
        }
    }

    /// A command that ends three connections will end the fourth.
    private static let maximumRepetitions = 2

    private var lane: CommandLane {
        if self.lanes.count == 1 { return self.lanes[0] }
        let turn = self.next.wrappingAdd(1, ordering: .relaxed).newValue
        return self.lanes[Int(UInt(bitPattern: turn) % UInt(self.lanes.count))]
    }

    private func refusal(of command: RedisCommand) -> RedisError {
        let reason = command.isolation == .blocks ? "blocks" : "changes the state of"
        return RedisError(
            .refusedOnSharedConnection,
            message: "\(command.name) \(reason) its connection, which other tasks share; send it in withConnection",
            server: self.connector.server,
            command: command.name
        )
    }

    // MARK: Life

    /// Waits for the graceful shutdown of the service group or the cancellation of its task, then shuts the client down.
    public func run() async throws {
        try? await gracefulShutdown()
        await self.shutdown()
    }

    /// Lets the commands under way end within their timeouts, refuses new ones, and closes all connections.
    public func shutdown() async {
        await self.subscriptions.shutdown()
        await self.lending.shutdown()
        for lane in self.lanes { await lane.shutdown() }
    }
}

/// A client whose commands have a timeout of their own.
///
/// See `RedisClient.timeout`.
public struct RedisClientWithTimeout: RedisCommandSender {
    let client: RedisClient
    let timeout: Int64

    /// Sends a command and waits for its reply.
    ///
    /// See `RedisClient.send`.
    public func send(_ command: RedisCommand) async throws -> RESPValue {
        try await self.client.send(command, timeout: self.timeout)
    }

    /// Sends commands in one go and waits for all replies.
    ///
    /// See `RedisClient.pipeline`.
    public func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        try await self.client.pipeline(commands, timeout: self.timeout)
    }
}

extension [RedisCommand] {
    /// The first command that no shared connection can carry.
    ///
    /// `MULTI` … `EXEC` can be, if both are there: nobody else's command comes between the commands of a pipeline.
    fileprivate var firstUnfitForSharing: RedisCommand? {
        var openTransaction: RedisCommand?
        for command in self where command.isolation != .ordinary {
            switch (command.name, openTransaction) {
            case ("MULTI", nil): openTransaction = command
            case ("EXEC", .some), ("DISCARD", .some): openTransaction = nil
            default: return command
            }
        }
        return openTransaction
    }
}

extension RedisError {
    /// Whether a command that failed so can be sent again if it is safe to repeat.
    ///
    /// Not where the reply itself ended the connection: it would do so again, and take the commands of others with it.
    fileprivate var allowsRepetition: Bool {
        guard self.code == .fateUnknown else { return false }
        let cause = (self.underlying as? RedisError)?.code
        return cause != .replyTooLarge && cause != .protocolViolation
    }
}

extension RESPValue {
    /// The reply, or the error that it is.
    func result(of command: RedisCommand, at server: String) -> Result<RESPValue, RedisError> {
        if case .error(let error) = self {
            .failure(RedisError(error).with(server: server, command: command.name))
        } else {
            .success(self)
        }
    }
}
