import Logging
import NIOCore
import Synchronization

/// A server of a cluster that a client has heard of, with its connections.
///
/// It lives as long as the client: a server that leaves the cluster, or is demoted, has its connections closed, and is
/// found here again when it comes back.
final class ClusterMember: Sendable {
    /// The number by which the table of slots knows it.
    let index: UInt16
    let address: NodeAddress
    /// The connections for what only a primary may answer.
    let primary: RedisNode
    private let locator: ClusterMemberLocator
    private let replicaNode = Mutex<RedisNode?>(nil)
    /// Whether the client has ended; set under the lock of `replicaNode`.
    private let isClosed = Atomic(false)
    private let makeReplica: @Sendable () -> RedisNode

    /// How the member does as one of several that could answer a read.
    let readiness = ReadReadiness()

    /// Does not connect yet.
    ///
    /// - Parameters:
    ///   - index: The number by which the table of slots knows it.
    ///   - address: Where it listens.
    ///   - isFirst: Whether it was a primary when the client first looked, so that meeting it is no change.
    ///   - setup: What all members have in common.
    ///   - onFailure: Hears of connections that could not be made.
    init(
        index: UInt16,
        address: NodeAddress,
        isFirst: Bool,
        setup: Setup,
        onFailure: @escaping @Sendable () -> Void
    ) {
        self.index = index
        self.address = address
        let connector = setup.connector.to(.hostname(address.host, port: address.port))
        let locator = ClusterMemberLocator(
            connector.with(ConnectionPurpose(needsPrimary: true)),
            history: setup.history,
            isFirst: isFirst,
            onFailure: onFailure
        )
        self.locator = locator
        self.primary = RedisNode(locator, eventLoopGroup: setup.eventLoopGroup, logger: setup.logger)
        self.makeReplica = {
            RedisNode(
                ClusterMemberLocator(
                    connector.with(ConnectionPurpose(preparation: [RedisCommand("READONLY")])),
                    history: setup.replicaHistory,
                    isFirst: true,
                    onFailure: onFailure
                ),
                eventLoopGroup: setup.eventLoopGroup,
                logger: setup.logger
            )
        }
    }

    /// What all members have in common.
    struct Setup: Sendable {
        let connector: RedisConnector
        /// The primaries that the client has met.
        let history: ServerHistory
        /// The replicas, of which nobody concludes anything.
        let replicaHistory = ServerHistory()
        let eventLoopGroup: any EventLoopGroup
        let logger: Logger
    }

    /// The connections for reads that a replica may answer.
    ///
    /// Made when they are first wanted, for most clients never want them.
    var replica: RedisNode {
        self.replicaNode.withLock { node in
            if let node { return node }
            let made = self.makeReplica()
            node = made
            if self.isClosed.load(ordering: .relaxed) { made.close() }
            return made
        }
    }

    /// Whether there is a connection for such reads.
    var isConnectedAsReplica: Bool { self.replicaNode.withLock { $0 }?.isConnected ?? false }

    /// The member is no primary any more: its connections as one are closed when all replies have come.
    ///
    /// - Parameters:
    ///   - history: Forgets who stood here.
    ///   - error: Why.
    func retirePrimary(_ history: ServerHistory, _ error: RedisError) {
        self.locator.successorIsExpected()
        history.deserted(self.primary.locator.name)
        self.primary.retire(error)
    }

    /// The member is in the cluster no more.
    func retireReplica(_ error: RedisError) {
        self.replicaNode.withLock { $0 }?.retire(error)
    }

    func close() {
        self.primary.close()
        self.lastReplicaNode()?.close()
    }

    func shutdown() async {
        await self.primary.shutdown()
        await self.lastReplicaNode()?.shutdown()
    }

    /// The node for reads, if there is one; one that is made later is closed at once.
    private func lastReplicaNode() -> RedisNode? {
        self.replicaNode.withLock { node in
            self.isClosed.store(true, ordering: .relaxed)
            return node
        }
    }
}

/// A server of a cluster at its address, for one purpose.
final class ClusterMemberLocator: ServerLocator {
    private let connector: RedisConnector
    private let history: ServerHistory
    private let isFirst: Atomic<Bool>
    private let onFailure: @Sendable () -> Void

    init(
        _ connector: RedisConnector,
        history: ServerHistory,
        isFirst: Bool,
        onFailure: @escaping @Sendable () -> Void
    ) {
        self.connector = connector
        self.history = history
        self.isFirst = Atomic(isFirst)
        self.onFailure = onFailure
    }

    var name: String { self.connector.server }
    var configuration: RedisConfiguration { self.connector.configuration }

    /// Whoever is met here from now on may be the successor of a server that is lost.
    func successorIsExpected() { self.isFirst.store(false, ordering: .relaxed) }

    func locate(on eventLoop: any EventLoop) -> EventLoopFuture<RedisConnector> {
        eventLoop.makeSucceededFuture(self.connector)
    }

    func opened(
        _ connector: RedisConnector,
        _ identity: ServerIdentity?,
        close: @escaping @Sendable (RedisError) -> Void
    ) -> ServerHistory.Opening {
        self.history.opened(
            identity,
            place: connector.server,
            isFirst: self.isFirst.load(ordering: .relaxed),
            hearsOfChanges: connector.purpose.hearsOfChanges,
            close: close
        )
    }

    func closed(_ opening: ServerHistory.Opening) { self.history.closed(opening) }

    func suspect(_ error: RedisError) { self.onFailure() }

    func failed(_ connector: RedisConnector, _ error: RedisError) { self.onFailure() }
}
