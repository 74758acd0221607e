public import Logging
public import NIOCore
public import NIOPosix
public import ServiceLifecycle

/// A client of Redis: of one server, of a primary with replicas (with or without sentinels), of a cluster, of independent
/// servers that share the keys.
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
    let servers: Servers
    /// Where commands go that no preference sends elsewhere; nil in a cluster and with shards.
    private let primary: RedisNode?
    /// Where they are routed otherwise, if it is a cluster whose slots are known.
    private let clusterFastPath: ClusterFastPath?
    private let retries: RetryPolicy
    private let commandTimeout: Int64
    /// Nil where all goes to the primary, so that calls without terms of their own need not be routed.
    private let preference: RedisConfiguration.ReadPreference?
    let subscriptions: SubscriptionLane
    /// Feeds of changes.
    let dependents = Dependents()
    /// Where channels are listened to that one of the servers knows: shard channels in a cluster, all with shards.
    let shardSubscriptions: ShardSubscriptions?
    /// Tells these that the cluster has other primaries.
    private let shardWatch: PrimaryRegistration?
    let logger: Logger

    /// The configuration that the client was made with.
    public let configuration: RedisConfiguration

    /// Does not connect yet.
    ///
    /// - Parameters:
    ///   - configuration: The servers and how to behave towards them.
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
        self.configuration = configuration
        self.logger = logger
        self.commandTimeout = configuration.commandTimeout.wholeNanoseconds
        self.servers = try Servers(connector, eventLoopGroup: eventLoopGroup, logger: logger)
        self.primary = self.servers.onlyPrimary
        if case .cluster(let servers) = self.servers {
            self.clusterFastPath = servers.fastPath
        } else {
            self.clusterFastPath = nil
        }
        self.preference = configuration.readPreference == .primary ? nil : configuration.readPreference
        self.retries = self.servers.retries
        // On a lane's loop: one taken from the group would leave every other loop without lanes.
        let eventLoop = self.primary?.lanes[0].eventLoop ?? eventLoopGroup.next()
        self.subscriptions = SubscriptionLane(
            locator: self.servers.subscriptionLocator,
            eventLoop: eventLoop,
            logger: logger
        )
        self.shardSubscriptions = self.servers.shardChannelLocator.map {
            ShardSubscriptions(locate: $0, reconnect: configuration.reconnect, eventLoop: eventLoop, logger: logger)
        }
        if case .cluster(let servers) = self.servers, let shards = self.shardSubscriptions {
            self.shardWatch = servers.listeners.add { [weak shards] in shards?.slotsChanged() }
        } else {
            self.shardWatch = nil
        }
    }

    deinit {
        self.dependents.close()
        self.servers.close()
        self.subscriptions.close()
        self.shardSubscriptions?.close()
    }

    // MARK: Commands

    /// Sends a command and waits for its reply, within the configured timeout.
    ///
    /// - Returns: The reply, which is never an error.
    /// - Throws: `RedisError`, with the code `.server` if the server answered with an error, `.refusedOnSharedConnection`
    ///   for a command that blocks or changes its connection; `CancellationError`.
    public func send(_ command: RedisCommand) async throws -> RESPValue {
        try await self.send(command, CallTerms(timeout: self.commandTimeout, preference: self.preference))
    }

    /// Sends commands in one go and waits for all replies, within the configured timeout.
    ///
    /// - Returns: For each command its reply or the server's error.
    /// - Throws: As `send(_:)`, but nothing for errors that the server answers with.
    public func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        try await self.pipeline(commands, CallTerms(timeout: self.commandTimeout, preference: self.preference))
    }

    @inline(__always)
    func send(_ command: RedisCommand, _ terms: CallTerms) async throws -> RESPValue {
        guard command.isolation == .ordinary else { throw self.refusal(of: command) }
        guard let node = self.primary, terms.preference == nil else { return try await self.route(command, terms) }
        let deadline = MonotonicTime.deadline(after: terms.timeout)
        var attempts = 0
        while true {
            let failure: RedisError
            switch await node.lane.execute(command, deadline: deadline, bound: terms.bound) {
            case .reply(.error(let error)):
                failure = RedisError(error).with(server: node.locator.name, command: command.name)
            case .reply(let reply):
                return reply
            case .failure(let error):
                failure = error.with(command: command.name)
            case .cancelled, .replies:
                throw CancellationError()
            }
            attempts += 1
            try await self.retries.pause(
                after: failure,
                attempts: attempts,
                isRepeatable: command.isRepeatable,
                deadline: deadline
            ) { node.locator.suspect($0) }
        }
    }

    private var cluster: ClusterServers? {
        if case .cluster(let servers) = self.servers { servers } else { nil }
    }

    /// Sends a command to the server of a cluster that it belongs to, without detours if that is known.
    @inline(__always)
    private func route(_ command: RedisCommand, _ terms: CallTerms) async throws -> RESPValue {
        guard let fastPath = self.clusterFastPath, let place = fastPath.lane(for: command, terms) else {
            return try await self.servers.send(command, terms)
        }
        let deadline = MonotonicTime.deadline(after: terms.timeout)
        if fastPath.isMapOld(at: deadline.nanoseconds &- terms.timeout) { self.cluster?.renewMap() }
        let outcome = await place.lane.execute(command, deadline: deadline, bound: terms.bound)
        switch outcome {
        case .reply(.error), .failure, .replies, .cancelled:
            guard let cluster = self.cluster else { preconditionFailure("only clusters have a fast path") }
            return try await cluster.goOn(command, after: outcome, at: place.owner, terms, deadline)
        case .reply(let reply):
            return reply
        }
    }

    func pipeline(_ commands: [RedisCommand], _ terms: CallTerms) async throws -> [Result<RESPValue, RedisError>] {
        if let offender = commands.firstUnfitForSharing { throw self.refusal(of: offender) }
        guard !commands.isEmpty else { return [] }
        guard let node = self.primary, terms.preference == nil else {
            return try await self.servers.pipeline(commands, terms)
        }
        return try await node.pipeline(commands, .deadline(after: terms.timeout), terms.bound, self.retries)
    }

    private func refusal(of command: RedisCommand) -> RedisError {
        let reason = command.isolation == .blocks ? "blocks" : "changes the state of"
        return RedisError(
            .refusedOnSharedConnection,
            message: "\(command.name) \(reason) its connection, which other tasks share; send it in withConnection",
            server: self.servers.name,
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
        self.dependents.close()
        await self.subscriptions.shutdown()
        await self.shardSubscriptions?.shutdown()
        await self.servers.shutdown()
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
