import Logging
import NIOCore

/// The servers of a client, as its topology has them.
enum Servers: Sendable {
    /// One server.
    case standalone(RedisNode, ServerHistory)
    case cluster(ClusterServers)
    /// A primary and its replicas, watched by sentinels or not.
    case replicated(ReplicatedServers)
    /// Independent servers that share the keys.
    case sharded(ShardedServers)

    init(_ connector: RedisConnector, eventLoopGroup: any EventLoopGroup, logger: Logger) throws(RedisError) {
        let history = ServerHistory()
        switch connector.configuration.topology.kind {
        case .standalone:
            let locator = FixedLocator(connector: connector, history: history, isFirst: true)
            self = .standalone(RedisNode(locator, eventLoopGroup: eventLoopGroup, logger: logger), history)
        case .cluster(let seeds):
            self = .cluster(
                try ClusterServers(connector, seeds: seeds, eventLoopGroup: eventLoopGroup, logger: logger)
            )
        case .sharded(let shards):
            self = .sharded(
                try ShardedServers(connector, shards: shards, eventLoopGroup: eventLoopGroup, logger: logger)
            )
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
        }
    }

    /// Every server that the client has met as a primary.
    var history: ServerHistory {
        switch self {
        case .standalone(_, let history): history
        case .cluster(let servers): servers.history
        case .replicated(let servers): servers.history
        case .sharded(let servers): servers.history
        }
    }

    /// Where commands go that no preference sends elsewhere; nil where each has to be routed.
    var onlyPrimary: RedisNode? {
        switch self {
        case .standalone(let node, _): node
        case .cluster, .sharded: nil
        case .replicated(let servers): servers.primary
        }
    }

    /// What errors call the servers.
    var name: String {
        switch self {
        case .standalone(let node, _): node.locator.name
        case .cluster(let servers): servers.name
        case .replicated(let servers): servers.primary.locator.name
        case .sharded(let servers): servers.name
        }
    }

    /// What may be sent again.
    var retries: RetryPolicy {
        switch self {
        case .standalone: RetryPolicy(hasSeveralServers: false)
        case .cluster(let servers): servers.retries
        case .replicated: RetryPolicy(hasSeveralServers: true)
        case .sharded(let servers): servers.retries
        }
    }

    /// Where channels are listened to.
    var subscriptionLocator: any ServerLocator {
        switch self {
        case .standalone(let node, _): node.locator
        case .cluster(let servers): ClusterLocator(servers, .anyPrimary)
        case .replicated(let servers): servers.primary.locator
        case .sharded(let servers): servers.nodes[0].locator
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
        case .cluster(let servers): servers.description
        case .sharded(let servers): servers.description
        }
    }

    /// Finds the node of a channel that only one of the servers knows; nil where every server knows every channel.
    var shardChannelLocator: ShardSubscriptions.Locate? {
        switch self {
        case .standalone, .replicated: nil
        case .cluster(let servers):
            { channel in
                let slot = channel.bytes.withUnsafeReadableBytes { KeySlot.slot(of: $0) }
                return servers.nodeLocator(ofSlot: slot)
            }
        case .sharded(let servers):
            { channel in channel.bytes.withUnsafeReadableBytes { servers.node(of: $0).locator } }
        }
    }

    /// Whether what is published reaches only those who listen at the same server.
    var areIndependent: Bool { if case .sharded = self { true } else { false } }

    /// Sends a command where it belongs.
    func send(_ command: RedisCommand, _ terms: CallTerms) async throws -> RESPValue {
        switch self {
        case .standalone(let node, _):
            try await node.send(command, .deadline(after: terms.timeout), terms.bound, self.retries)
        case .cluster(let servers):
            try await servers.send(command, terms)
        case .replicated(let servers):
            try await servers.send(command, terms)
        case .sharded(let servers):
            try await servers.send(command, terms)
        }
    }

    /// Sends commands where they belong.
    func pipeline(_ commands: [RedisCommand], _ terms: CallTerms) async throws -> [Result<RESPValue, RedisError>] {
        switch self {
        case .standalone(let node, _):
            try await node.pipeline(commands, .deadline(after: terms.timeout), terms.bound, self.retries)
        case .cluster(let servers):
            try await servers.pipeline(commands, terms)
        case .replicated(let servers):
            try await servers.pipeline(commands, terms)
        case .sharded(let servers):
            try await servers.pipeline(commands, terms)
        }
    }

    /// The node whose connections are lent.
    ///
    /// - Parameter key: A key that the borrower will use, where servers have keys of their own.
    /// - Returns: The node.
    /// - Throws: `RedisError` if it cannot be found in time.
    func lender(for key: String?) async throws -> RedisNode {
        switch self {
        case .standalone(let node, _): node
        case .cluster(let servers): try await servers.lender(for: key)
        case .sharded(let servers): servers.lender(for: key)
        case .replicated(let servers): servers.primary
        }
    }

    func close() {
        switch self {
        case .standalone(let node, _): node.close()
        case .cluster(let servers): servers.close()
        case .replicated(let servers): servers.close()
        case .sharded(let servers): servers.close()
        }
    }

    func shutdown() async {
        switch self {
        case .standalone(let node, _): await node.shutdown()
        case .cluster(let servers): await servers.shutdown()
        case .replicated(let servers): await servers.shutdown()
        case .sharded(let servers): await servers.shutdown()
        }
    }
}
