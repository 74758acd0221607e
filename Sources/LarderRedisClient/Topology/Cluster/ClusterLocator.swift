import NIOCore
import Synchronization

/// Finds a primary of a cluster for a connection that lasts: any of them, or the owner of a slot.
///
/// Messages that are published reach the listeners of all servers of a cluster, so any will do for them; those of a
/// shard's channels reach the listeners of one shard.
final class ClusterLocator: ServerLocator {
    enum Target: Sendable {
        case anyPrimary
        case slot(Int)
    }

    private let servers: ClusterServers
    private let target: Target
    /// The servers to which no connection could be made, until one has been: others are tried before them.
    private let unreachable = Mutex<Set<String>>([])

    init(_ servers: ClusterServers, _ target: Target) {
        self.servers = servers
        self.target = target
    }

    var name: String { self.servers.name }
    var configuration: RedisConfiguration { self.servers.configuration }

    func locate(on eventLoop: any EventLoop) -> EventLoopFuture<RedisConnector> {
        let known: ClusterMember? =
            switch self.target {
            case .anyPrimary: self.pick(self.servers.knownPrimaries)
            case .slot(let slot): self.servers.table.load(slot).map { self.servers.members[$0] }
            }
        if let known { return known.primary.locator.locate(on: eventLoop) }
        // Ends with the time to connect, or with the client.
        return eventLoop.makeFutureWithTask { try await self.find() }
            .flatMap { $0.primary.locator.locate(on: eventLoop) }
    }

    private func find() async throws -> ClusterMember {
        let deadline = MonotonicTime.now.advanced(by: self.configuration.connectTimeout.wholeNanoseconds)
        switch self.target {
        case .slot(let slot):
            return try await self.servers.untilFound(deadline) { try await self.servers.owner(of: slot, by: deadline) }
        case .anyPrimary:
            let members = try await self.servers.untilFound(deadline) {
                try await self.servers.primaries(by: deadline)
            }
            guard let member = self.pick(members) else { throw self.servers.shutdownError }
            return member
        }
    }

    private func pick(_ members: [ClusterMember]) -> ClusterMember? {
        let avoided = self.unreachable.withLock { $0 }
        return members.filter { !avoided.contains($0.primary.locator.name) }.randomElement() ?? members.randomElement()
    }

    func opened(
        _ connector: RedisConnector,
        _ identity: ServerIdentity?,
        close: @escaping @Sendable (RedisError) -> Void
    ) -> ServerHistory.Opening {
        self.unreachable.withLock { $0 = [] }
        // As the member that the connector was got from would.
        let member = self.servers.members.all.first { $0.primary.locator.name == connector.server }
        return member?.primary.locator.opened(connector, identity, close: close)
            ?? self.servers.history.opened(identity, place: connector.server, isFirst: false, close: close)
    }

    func closed(_ opening: ServerHistory.Opening) {
        self.servers.history.closed(opening)
        self.servers.doubtMap()
    }

    func suspect(_ error: RedisError) { self.servers.doubtMap() }

    func failed(_ connector: RedisConnector, _ error: RedisError) {
        self.unreachable.withLock { _ = $0.insert(connector.server) }
        self.servers.doubtMap()
    }
}
