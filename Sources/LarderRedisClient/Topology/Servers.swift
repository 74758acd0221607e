import Logging
import NIOCore

/// The servers of a client, as its topology has them.
enum Servers: Sendable {
    /// One server.
    case standalone(RedisNode, ServerHistory)

    init(_ connector: RedisConnector, eventLoopGroup: any EventLoopGroup, logger: Logger) throws(RedisError) {
        let history = ServerHistory()
        switch connector.configuration.topology.kind {
        case .standalone:
            let locator = FixedLocator(connector: connector, history: history, isFirst: true)
            self = .standalone(RedisNode(locator, eventLoopGroup: eventLoopGroup, logger: logger), history)
        case .replicated, .sentinel, .cluster:
            throw RedisError(.invalidConfiguration, message: "topology: only standalone is accepted")
        }
    }

    /// Every server that the client has met as a primary.
    var history: ServerHistory {
        switch self {
        case .standalone(_, let history): history
        }
    }

    /// Where all commands go; nil where each has to be routed.
    var onlyPrimary: RedisNode? {
        switch self {
        case .standalone(let node, _): node
        }
    }

    /// What errors call the servers.
    var name: String {
        switch self {
        case .standalone(let node, _): node.locator.name
        }
    }

    /// What may be sent again.
    var retries: RetryPolicy {
        switch self {
        case .standalone: RetryPolicy(hasSeveralServers: false)
        }
    }

    /// Where channels are listened to.
    var subscriptionLocator: any ServerLocator {
        switch self {
        case .standalone(let node, _): node.locator
        }
    }

    /// Finds the node of a shard channel; nil where every server knows every channel.
    var shardChannelLocator: ShardSubscriptions.Locate? {
        switch self {
        case .standalone: nil
        }
    }

    /// Sends a command where it belongs.
    func send(_ command: RedisCommand, _ terms: CallTerms) async throws -> RESPValue {
        switch self {
        case .standalone(let node, _):
            try await node.send(command, .deadline(after: terms.timeout), terms.bound, self.retries)
        }
    }

    /// Sends commands where they belong.
    func pipeline(_ commands: [RedisCommand], _ terms: CallTerms) async throws -> [Result<RESPValue, RedisError>] {
        switch self {
        case .standalone(let node, _):
            try await node.pipeline(commands, .deadline(after: terms.timeout), terms.bound, self.retries)
        }
    }

    /// The node whose connections are lent.
    ///
    /// - Parameter key: A key that the borrower will use, where servers have keys of their own.
    /// - Returns: The node.
    func lender(for key: String?) async throws -> RedisNode {
        switch self {
        case .standalone(let node, _): node
        }
    }

    func close() {
        switch self {
        case .standalone(let node, _): node.close()
        }
    }

    func shutdown() async {
        switch self {
        case .standalone(let node, _): await node.shutdown()
        }
    }
}
