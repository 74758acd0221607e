import Logging
import NIOCore
import Synchronization

/// A primary and its replicas, wherever they are at the moment.
final class ReplicatedServers: Sendable {
    /// The connections to whichever server is the primary.
    let primary: RedisNode
    let history: ServerHistory
    private let discovery: ServerDiscovery
    private let announcements: SentinelAnnouncements?
    private let routing: Mutex<ReadRouting<RedisNode>>
    private let retries = RetryPolicy(hasSeveralServers: true)
    private let preference: RedisConfiguration.ReadPreference
    private let kind: RedisTopologyDescription.Kind
    private let primaryName: String?
    private let isClosed = Atomic<Bool>(false)

    /// A primary among servers that are asked for their roles.
    convenience init(
        _ connector: RedisConnector,
        among addresses: [RedisConfiguration.Address],
        eventLoopGroup: any EventLoopGroup,
        logger: Logger
    ) {
        let discovery = ServerDiscovery(
            name: "primary of \(addresses.list)",
            survey: RoleSurvey(addresses),
            primaryName: "",
            connector: connector.forSet,
            sentinelConnector: connector,
            eventLoop: eventLoopGroup.next(),
            logger: logger
        )
        self.init(discovery, nil, nil, .replicated, eventLoopGroup, logger)
    }

    /// A primary that sentinels watch.
    convenience init(
        _ connector: RedisConnector,
        sentinels: [RedisConfiguration.Address],
        primaryName: String,
        login: RedisConfiguration.Topology.SentinelLogin,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger
    ) {
        let sentinelConnector = connector.with { configuration in
            configuration.username = login.username
            configuration.password = login.password
            configuration.database = 0
        }
        let discovery = ServerDiscovery(
            name: "primary \(primaryName)",
            survey: SentinelSurvey(sentinels, primaryName: primaryName),
            primaryName: primaryName,
            connector: connector.forSet,
            sentinelConnector: sentinelConnector,
            eventLoop: eventLoopGroup.next(),
            logger: logger
        )
        let announcements = SentinelAnnouncements(
            discovery: discovery,
            configured: sentinels,
            primaryName: primaryName,
            sentinelConnector: sentinelConnector,
            logger: logger
        )
        self.init(discovery, announcements, primaryName, .sentinel, eventLoopGroup, logger)
    }

    private init(
        _ discovery: ServerDiscovery,
        _ announcements: SentinelAnnouncements?,
        _ primaryName: String?,
        _ kind: RedisTopologyDescription.Kind,
        _ eventLoopGroup: any EventLoopGroup,
        _ logger: Logger
    ) {
        let history = ServerHistory()
        let locator = PrimaryLocator(
            discovery: discovery,
            connector: discovery.connector.with(ConnectionPurpose(needsPrimary: true)),
            history: history
        )
        self.history = history
        self.discovery = discovery
        self.announcements = announcements
        self.kind = kind
        self.primaryName = primaryName
        self.preference = discovery.connector.configuration.readPreference
        self.primary = RedisNode(locator, eventLoopGroup: eventLoopGroup, logger: logger)
        self.routing = Mutex(ReadRouting(primary: self.primary))
        discovery.observe { [weak self] event in
            switch event {
            case .found(let set, let former): self?.found(set, former, eventLoopGroup, logger)
            // It may be promoted again, with other data; the next connection tells.
            case .lost: self?.closeConnections("the server is not the primary any more")
            }
        }
    }

    /// A round of questions has found the servers.
    private func found(_ set: ServerSet, _ former: ServerSet?, _ group: any EventLoopGroup, _ logger: Logger) {
        self.announcements?.listen(to: self.discovery.sentinels)
        let connector = self.discovery.connector
        let gone = self.routing.withLock { routing in
            if former?.primary != set.primary { routing.primaryChanged() }
            return routing.update(replicas: self.isClosed.load(ordering: .acquiring) ? [] : set.replicas) { address in
                RedisNode(SecondaryLocator(connector: connector.to(address)), eventLoopGroup: group, logger: logger)
            }
        }
        for node in gone { node.close() }
        // All of them: also those that are lent or listen, for what is written to the former primary now is lost.
        if let former, former.primary != set.primary {
            self.closeConnections("another server has become the primary")
        } else if let identity = set.identity, let met = self.history.identity(in: self.discovery.name), met != identity
        {
            // The same address, but another process, or one that was a replica in between.
            self.closeConnections("the primary is not the one that was met")
        }
        self.primary.connectNow()
    }

    private func closeConnections(_ reason: String) {
        self.history.closeConnections(in: self.discovery.name, self.discovery.error(.connectionClosed, reason))
    }

    /// Ends all connections at once.
    func close() {
        self.primary.close()
        self.closeReplicas()
        self.announcements?.close()
        self.discovery.close()
    }

    /// Lets commands under way end within their timeouts, and closes all connections.
    func shutdown() async {
        await self.primary.shutdown()
        for replica in self.routing.withLock({ $0.replicas }) { await replica.node.shutdown() }
        self.closeReplicas()
        await self.announcements?.shutdown()
        self.discovery.close()
    }

    private func closeReplicas() {
        self.isClosed.store(true, ordering: .releasing)
        let nodes = self.routing.withLock { $0.update(replicas: []) { _ in self.primary } }
        for node in nodes { node.close() }
    }

    /// What is known of the servers.
    var description: RedisTopologyDescription {
        let set = self.discovery.known
        let (replicas, roundTrip) = self.routing.withLock { ($0.replicas, $0.primaryRoundTrip) }
        var nodes: [RedisTopologyDescription.Node] = []
        if let set {
            nodes.append(
                .init(
                    address: set.primary.description,
                    role: .primary,
                    isConnected: self.primary.isConnected,
                    roundTrip: roundTrip.map { $0 / 1e9 }
                )
            )
        }
        for replica in replicas {
            nodes.append(
                .init(
                    address: replica.address.description,
                    role: .replica,
                    isConnected: replica.node.isConnected,
                    roundTrip: replica.roundTrip.map { $0 / 1e9 }
                )
            )
        }
        let heard = self.announcements?.connected ?? []
        for sentinel in self.announcements?.distinct(self.discovery.sentinels) ?? [] {
            nodes.append(
                .init(address: sentinel.description, role: .sentinel, isConnected: heard.contains(sentinel))
            )
        }
        return RedisTopologyDescription(kind: self.kind, primaryName: self.primaryName, nodes: nodes)
    }
}

// MARK: Calls

extension ReplicatedServers {
    private typealias Results = [Result<RESPValue, RedisError>]

    /// Sends a command to the primary, or to whom the preference says if it only reads.
    func send(_ command: RedisCommand, _ terms: CallTerms) async throws -> RESPValue {
        let deadline = MonotonicTime.deadline(after: terms.timeout)
        let preference = self.preference(terms)
        if preference != .primary, command.mayBeAnsweredByReplica {
            let reply = try await self.read(preference, deadline) { node, limit -> Result<RESPValue, RedisError>? in
                switch await node.lane.execute(command, deadline: limit) {
                case .reply(.error(let error)):
                    .failure(RedisError(error).with(server: node.locator.name, command: command.name))
                case .reply(let reply): .success(reply)
                case .failure(let error): .failure(error.with(command: command.name))
                case .cancelled, .replies: nil
                }
            }
            if let reply { return reply }
        }
        return try await self.primary.send(command, deadline, terms.bound, self.retries)
    }

    /// Sends commands to the primary, or to whom the preference says if all of them only read.
    func pipeline(_ commands: [RedisCommand], _ terms: CallTerms) async throws -> [Result<RESPValue, RedisError>] {
        let deadline = MonotonicTime.deadline(after: terms.timeout)
        let preference = self.preference(terms)
        if preference != .primary, commands.allSatisfy(\.mayBeAnsweredByReplica) {
            let replies = try await self.read(preference, deadline) { node, limit -> Result<Results, RedisError>? in
                switch await node.lane.execute(pipeline: commands, deadline: limit) {
                case .replies(let replies): self.results(zip(commands, replies), at: node.locator.name)
                case .failure(let error): .failure(error.with(command: "pipeline"))
                case .cancelled, .reply: nil
                }
            }
            if let replies { return replies }
        }
        return try await self.primary.pipeline(commands, deadline, terms.bound, self.retries)
    }

    /// The results, or the first error because of which another server has to be asked for all of them.
    private func results(
        _ replies: Zip2Sequence<[RedisCommand], [RESPValue]>,
        at server: String
    ) -> Result<Results, RedisError> {
        let results = replies.map { $1.result(of: $0, at: server) }
        for case .failure(let error) in results where self.retries.readsElsewhere(after: error) {
            return .failure(error)
        }
        return .success(results)
    }

    private func preference(_ terms: CallTerms) -> RedisConfiguration.ReadPreference {
        // What is bound to a primary concerns nobody else.
        terms.bound == .max ? terms.preference ?? self.preference : .primary
    }

    /// Asks one server after the other.
    ///
    /// - Returns: Nil where the primary has to be asked, in its own way.
    private func read<Value>(
        _ preference: RedisConfiguration.ReadPreference,
        _ deadline: MonotonicTime,
        _ attempt: (RedisNode, MonotonicTime) async -> Result<Value, RedisError>?
    ) async throws -> Value? {
        // Nobody knows the replicas before the first round; the command that begins it goes to the primary.
        var tried: [Int] = []
        while true {
            let start = MonotonicTime.now
            guard let server = self.routing.withLock({ $0.choose(preference, tried: tried, at: start) }) else {
                return nil
            }
            // Half of what is left, so that a frozen replica leaves time to ask another server.
            let left = deadline.nanoseconds - start.nanoseconds
            let limit = server.isPrimary ? deadline : start.advanced(by: max(left / 2, 0))
            guard let result = await attempt(server.node, limit) else { throw CancellationError() }
            let end = MonotonicTime.now
            switch result {
            case .success(let value):
                self.routing.withLock {
                    $0.answered(server.id, after: end.nanoseconds - start.nanoseconds, at: end)
                }
                return value
            case .failure(let error):
                guard self.retries.readsElsewhere(after: error), end < deadline else { throw error }
                self.routing.withLock { $0.failed(server.id, at: end) }
                // The primary knows what to do about its own failures.
                if server.isPrimary { return nil }
                tried.append(server.id)
            }
        }
    }
}

extension RedisConnector {
    /// The same for servers that take each other's place: it must not take long until the new one is tried.
    fileprivate var forSet: RedisConnector {
        self.with { configuration in
            let longest = Duration.milliseconds(100)
            configuration.reconnect.maximum = min(configuration.reconnect.maximum, longest)
            configuration.reconnect.base = min(configuration.reconnect.base, longest)
        }
    }
}
