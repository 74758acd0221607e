import Logging
import NIOCore

/// The servers of a client, as its topology has them.
enum Servers: Sendable {
    /// One server.
    case standalone(RedisNode, ServerHistory)
    /// A primary and its replicas, watched by sentinels or not.
    case replicated(ReplicatedServers)

    init(_ connector: RedisConnector, eventLoopGroup: any EventLoopGroup, logger: Logger) throws(RedisError) {
        let history = ServerHistory()
        switch connector.configuration.topology.kind {
        case .standalone:
            let locator = FixedLocator(connector: connector, history: history, isFirst: true)
            self = .standalone(RedisNode(locator, eventLoopGroup: eventLoopGroup, logger: logger), history)
        case .replicated(let addresses):
            self = .replicated(
                ReplicatedServers(connector, among: addresses, eventLoopGroup: eventLoopGroup, logger: logger)
            )
        case .sentinel(let addresses, let primaryName, let login):
            self = .replicated(
                ReplicatedServers(
                    connector,
                    sentinels: addresses,
                    primaryName: primaryName,
                    login: login,
                    eventLoopGroup: eventLoopGroup,
                    logger: logger
                )
            )
        case .cluster:
            throw RedisError(.invalidConfiguration, message: "topology: a cluster is not accepted")
        }
    }

    /// Every server that the client has met as a primary.
    var history: ServerHistory {
        switch self {
        case .standalone(_, let history): history
        case .replicated(let servers): servers.history
        }
    }

    /// Where commands go that no preference sends elsewhere; nil where each has to be routed.
    var onlyPrimary: RedisNode? {
        switch self {
        case .standalone(let node, _): node
        case .replicated(let servers): servers.primary
        }
    }

    /// What errors call the servers.
    var name: String {
        switch self {
        case .standalone(let node, _): node.locator.name
        case .replicated(let servers): servers.primary.locator.name
        }
    }

    /// What may be sent again.
    var retries: RetryPolicy {
        switch self {
        case .standalone: RetryPolicy(hasSeveralServers: false)
        case .replicated: RetryPolicy(hasSeveralServers: true)
        }
    }

    /// Where channels are listened to.
    var subscriptionLocator: any ServerLocator {
        switch self {
        case .standalone(let node, _): node.locator
        case .replicated(let servers): servers.primary.locator
        }
    }

    /// What is known of them.
    var topologyDescription: RedisTopologyDescription {
        switch self {
        case .standalone(let node, _):
            .init(
                kind: .standalone,
                nodes: [.init(address: node.locator.name, role: .primary, isConnected: node.isConnected)]
            )
        case .replicated(let servers): servers.description
        }
    }

    /// Sends a command where it belongs.
    func send(_ command: RedisCommand, _ terms: CallTerms) async throws -> RESPValue {
        switch self {
        case .standalone(let node, _):
            try await node.send(command, .deadline(after: terms.timeout), terms.bound, self.retries)
        case .replicated(let servers):
            try await servers.send(command, terms)
        }
    }

    /// Sends commands where they belong.
    func pipeline(_ commands: [RedisCommand], _ terms: CallTerms) async throws -> [Result<RESPValue, RedisError>] {
        switch self {
        case .standalone(let node, _):
            try await node.pipeline(commands, .deadline(after: terms.timeout), terms.bound, self.retries)
        case .replicated(let servers):
            try await servers.pipeline(commands, terms)
        }
    }

    /// The node whose connections are lent.
    ///
    /// - Parameter key: A key that the borrower will use, where servers have keys of their own.
    /// - Returns: The node.
    /// - Throws: `RedisError` where the key's server cannot be found.
    func lender(for key: String?) async throws -> RedisNode {
        switch self {
        case .standalone(let node, _): node
        case .replicated(let servers): servers.primary
        }
    }

    func close() {
        switch self {
        case .standalone(let node, _): node.close()
        case .replicated(let servers): servers.close()
        }
    }

    func shutdown() async {
        switch self {
        case .standalone(let node, _): await node.shutdown()
        case .replicated(let servers): await servers.shutdown()
        }
    }
}
