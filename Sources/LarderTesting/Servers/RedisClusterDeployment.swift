import Synchronization

/// A real Redis Cluster, for tests of redirections, failovers and of slots that move.
///
/// ```swift
/// try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
///     let client = try RedisClient(url: cluster.url)
///     ...
///     let killed = try await cluster.killPrimary(of: 0)
///     let promotion = try await cluster.awaitNewPrimary(of: 0, not: killed)
///     try await cluster.restart(killed)
///     try await cluster.moveSlots(0...99, to: 2)
/// }
/// ```
///
/// A shard is a primary with its replicas, whoever of them is the primary just then; shards are numbered from 0 in the order of
/// their slots at the start, and the servers of one stay together. Redis replaces a dead primary only where the majority
/// of the primaries lives: with fewer than three, `failover(_:_:)` with `.takeover` must do it.
public final class RedisClusterDeployment: Sendable {
    /// The number of slots of every cluster.
    public static let slotCount = 16_384

    /// How long a node does not answer before the others take it for dead.
    public let nodeTimeout: Duration

    private let settings: RedisServer.Options
    private let shards: Mutex<[[RedisServer]]>

    /// Starts the nodes, forms a cluster of them with all slots, and waits until all nodes agree on it.
    ///
    /// - Parameters:
    ///   - primaries: How many primaries there are; the slots are divided evenly among them.
    ///   - replicas: How many replicas each of them has.
    ///   - nodeTimeout: How long a node does not answer before the others take it for dead.
    ///   - server: How each node is started; a port is the first primary's. With TLS, the nodes talk TLS among themselves too.
    /// - Throws: `TestServerError` when a node does not start, or the cluster is not formed within 30 seconds.
    public init(
        primaries: Int = 3,
        replicas: Int = 1,
        nodeTimeout: Duration = .seconds(1),
        server: RedisServer.Options = .init()
    ) async throws {
        self.nodeTimeout = nodeTimeout
        var settings = server
        settings.port = nil
        self.settings = settings
        let role = RedisServer.Role.clusterNode(Self.lines(server, nodeTimeout: nodeTimeout))
        let roles = Array<RedisServer.Role>(repeating: role, count: primaries * (1 + replicas))
        let servers = try await [RedisServer].start(roles) { $0 == 0 ? server : settings }
        let shards = stride(from: 0, to: servers.count, by: 1 + replicas).map { first in
            Array(servers[first...first + replicas])
        }
        self.shards = Mutex(shards)
        do {
            try await Self.form(shards)
            try await self.awaitReady()
        } catch {
            await servers.stop()
            throw error
        }
    }

    /// All nodes, shard by shard.
    public var servers: [RedisServer] { self.shards.withLock { $0.flatMap { $0 } } }

    /// How many shards there are.
    public var shardCount: Int { self.shards.withLock { $0.count } }

    /// The URL for clients, such as `redis+cluster://:password@127.0.0.1:7000,127.0.0.1:7001`: all nodes, shard by shard.
    ///
    /// With TLS the scheme is `rediss+cluster`.
    public var url: String { RedisServer.url("redis+cluster", hosts: self.servers, options: self.settings) }

    /// The nodes of a shard, in the order in which they were started.
    ///
    /// - Parameter shard: The number of the shard.
    /// - Returns: Its primary and its replicas.
    public func servers(of shard: Int) -> [RedisServer] { self.shards.withLock { $0[shard] } }

    /// Ends all nodes and removes their directories.
    public func stop() async {
        await self.servers.stop()
    }

    /// Adds a shard without slots, and waits until all nodes know it.
    ///
    /// A new primary serves nothing for its first two seconds: Redis lets it wait, and so does this.
    ///
    /// - Parameters:
    ///   - replicas: How many replicas the new primary has.
    ///   - limit: How long it may take.
    /// - Returns: The number of the shard.
    /// - Throws: `TestServerError` when a node does not start, or is not known to all in time.
    public func addShard(replicas: Int = 0, atMost limit: Duration = .seconds(30)) async throws -> Int {
        let role = RedisServer.Role.clusterNode(Self.lines(self.settings, nodeTimeout: self.nodeTimeout))
        let roles = Array<RedisServer.Role>(repeating: role, count: 1 + replicas)
        let added = try await [RedisServer].start(roles) { _ in self.settings }
        do {
            try await Self.introduce(added, to: self.servers.running, atMost: limit)
            try await Self.replicate(added)
        } catch {
            await added.stop()
            throw error
        }
        let number = self.shards.withLock { shards in
            shards.append(added)
            return shards.count - 1
        }
        try await self.awaitReady(atMost: limit)
        return number
    }

    /// Waits until all nodes that run are of one mind: all slots served, every replica linked to its primary.
    ///
    /// - Parameter limit: How long it may take.
    /// - Throws: `TestServerError` when it takes longer, such as with a node that is paused or a shard without a primary.
    public func awaitReady(atMost limit: Duration = .seconds(30)) async throws {
        try await AwaitedState.hold("A cluster of one mind", within: limit) {
            let servers = self.servers.running
            let ports = Set(servers.map(\.port))
            let states = await servers.answers { server in
                let commands = [["CLUSTER", "INFO"], ["CLUSTER", "NODES"], ["INFO", "replication"]]
                return try await server.order(commands, atMost: .seconds(1))
            }
            var arrangement: [String: [String]]?
            for (server, replies) in zip(servers, states) {
                let node = "The node at port \(server.port)"
                guard let replies else { throw AwaitedState.notYet("\(node) does not answer.") }
                let view = try RedisClusterView(replies[1])
                let seen = view.arrangement(of: ports)
                guard replies[0].lines["cluster_state"] == "ok" else {
                    throw AwaitedState.notYet("\(node) is not ready.")
                }
                guard replies[0].lines["cluster_slots_ok"] == "\(Self.slotCount)" else {
                    throw AwaitedState.notYet("\(node) does not know the owners of all slots.")
                }
                guard seen.count == ports.count, view.nodes.allSatisfy({ !ports.contains($0.port) || $0.isWell }) else {
                    throw AwaitedState.notYet("\(node) does not know everyone yet.")
                }
                guard arrangement == nil || arrangement == seen else {
                    throw AwaitedState.notYet("\(node) sees other owners of slots than the others do.")
                }
                arrangement = seen
                let status = RedisServer.ReplicationStatus(lines: replies[2].lines)
                guard status.isPrimary || status.isLinkUp else {
                    throw AwaitedState.notYet("\(node) is not linked to its primary.")
                }
            }
            return true
        }
    }
}

extension RedisClusterDeployment {
    private static func lines(_ options: RedisServer.Options, nodeTimeout: Duration) -> [String] {
        RedisServer.replicationLines(options) + [
            "cluster-enabled yes",
            "cluster-config-file nodes.conf",
            "cluster-node-timeout \(Int64(nodeTimeout / .milliseconds(1)))",
            // A replica stays with its shard, and a primary that has given away its last slot stays one.
            "cluster-allow-replica-migration no",
        ] + (options.tls == nil ? [] : ["tls-cluster yes"])
    }

    private static func form(_ shards: [[RedisServer]]) async throws {
        for (index, shard) in shards.enumerated() {
            let first = index * Self.slotCount / shards.count
            let last = (index + 1) * Self.slotCount / shards.count - 1
            try await shard[0].order([
                ["CLUSTER", "ADDSLOTSRANGE", "\(first)", "\(last)"],
                // Left at zero, the nodes would have to find out first who is to have a higher one.
                ["CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)"],
            ])
        }
        try await Self.introduce(shards.flatMap { $0 }, to: [], atMost: .seconds(30))
        for shard in shards { try await Self.replicate(shard) }
    }

    /// Makes nodes meet each other and all those that were there before, and waits until all know each other.
    ///
    /// Everyone meets everyone: who is left to hear of the others by gossip takes seconds for it.
    private static func introduce(
        _ nodes: [RedisServer],
        to others: [RedisServer],
        atMost limit: Duration
    ) async throws {
        let all = others + nodes
        for (index, node) in nodes.enumerated() {
            let busPort = try await node.clusterView().myself.busPort
            let meet = ["CLUSTER", "MEET", node.host, "\(node.port)", "\(busPort)"]
            for other in others + nodes[..<index] { try await other.order([meet]) }
        }
        let ports = Set(all.map(\.port))
        try await AwaitedState.hold("A cluster whose nodes know each other", within: limit) {
            for node in all {
                let known = try await node.clusterView().nodes.filter { !$0.flags.contains("handshake") }.map(\.port)
                guard ports.isSubset(of: known) else {
                    throw AwaitedState.notYet("The node at port \(node.port) does not know everyone yet.")
                }
            }
            return true
        }
    }

    /// Makes all but the first node of a shard its replicas.
    private static func replicate(_ shard: [RedisServer]) async throws {
        let id = try await shard[0].clusterView().myself.id
        for replica in shard.dropFirst() { try await replica.order("CLUSTER", "REPLICATE", id) }
    }
}

/// Starts a Redis Cluster, lends it to a body, and stops it when the body ends, also when it throws.
///
/// - Parameters:
///   - primaries: How many primaries there are; 1 is a single node with all slots.
///   - replicas: How many replicas each of them has.
///   - nodeTimeout: How long a node does not answer before the others take it for dead.
///   - server: How each node is started.
///   - body: What to do with it.
/// - Returns: What the body returned.
/// - Throws: `TestServerError` when a node does not start, or the cluster is not formed; what the body throws.
public func withRedisCluster<Value>(
    primaries: Int = 3,
    replicas: Int = 1,
    nodeTimeout: Duration = .seconds(1),
    server: RedisServer.Options = .init(),
    _ body: (RedisClusterDeployment) async throws -> Value
) async throws -> Value {
    let cluster = try await RedisClusterDeployment(
        primaries: primaries,
        replicas: replicas,
        nodeTimeout: nodeTimeout,
        server: server
    )
    return try await lending(cluster, body) { await $0.stop() }
}
