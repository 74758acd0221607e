/// What a client knows of its servers at the moment, for pages and logs that people look at.
///
/// ```swift
/// for node in client.describeTopology().nodes { print(node.role, node.address) }
/// ```
public struct RedisTopologyDescription: Sendable, Hashable, Codable {
    /// How the servers stand to each other.
    ///
    /// More kinds may come, so a `switch` over them needs a `default`.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// One server.
        case standalone
        /// A primary and its replicas.
        case replicated
        /// The same, watched by sentinels.
        case sentinel
        /// A Redis Cluster.
        case cluster
        /// Independent servers over which the client spreads keys.
        case sharded
    }

    /// A server's part.
    ///
    /// More parts may come, so a `switch` over them needs a `default`.
    public enum Role: String, Sendable, Hashable, Codable {
        /// Takes writes.
        case primary
        /// Copies a primary.
        case replica
        /// Watches the others.
        case sentinel
    }

    /// One server.
    public struct Node: Sendable, Hashable, Codable {
        /// Where it listens.
        public var address: String
        /// Its part.
        public var role: Role
        /// Whether the client has a connection to it; clients connect when there is something to send.
        public var isConnected: Bool
        /// How many slots it has, in a cluster.
        public var slots: Int?
        /// The mean of the last round trips in seconds, where they are measured.
        public var roundTrip: Double?

        /// Describes a server.
        ///
        /// - Parameters:
        ///   - address: Where it listens.
        ///   - role: Its part.
        ///   - isConnected: Whether the client has a connection to it.
        ///   - slots: How many slots it has, in a cluster.
        ///   - roundTrip: The mean of the last round trips in seconds.
        public init(
            address: String,
            role: Role,
            isConnected: Bool,
            slots: Int? = nil,
            roundTrip: Double? = nil
        ) {
            self.address = address
            self.role = role
            self.isConnected = isConnected
            self.slots = slots
            self.roundTrip = roundTrip
        }
    }

    /// How the servers stand to each other.
    public var kind: Kind
    /// The name under which sentinels know the primary.
    public var primaryName: String?
    /// The servers that are known: primaries first, then replicas, then sentinels; empty before the first use.
    public var nodes: [Node]

    /// Describes servers.
    ///
    /// - Parameters:
    ///   - kind: How they stand to each other.
    ///   - primaryName: The name under which sentinels know the primary.
    ///   - nodes: The servers.
    public init(kind: Kind, primaryName: String? = nil, nodes: [Node]) {
        self.kind = kind
        self.primaryName = primaryName
        self.nodes = nodes
    }
}

extension RedisClient {
    /// What the client knows of its servers at the moment.
    ///
    /// Asks nobody: where servers are discovered, nothing is known before the first command.
    ///
    /// - Returns: The servers.
    public func describeTopology() -> RedisTopologyDescription { self.servers.topologyDescription }
}
