extension RedisConfiguration {
    /// How the servers stand to each other.
    public struct Topology: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case standalone
            case replicated([Address])
            case sentinel([Address], primaryName: String, login: SentinelLogin)
            case cluster([Address])
            case sharded([Shard])
        }

        /// Who we are to the sentinels, which know other users than the servers that they watch.
        struct SentinelLogin: Sendable, Hashable {
            var username: String?
            var password: String?
        }

        let kind: Kind

        /// One server: that of `RedisConfiguration.address`.
        public static let standalone = Topology(kind: .standalone)

        /// A primary and its replicas.
        ///
        /// Each address is asked for its role (`ROLE`), at the beginning and whenever the primary is lost or turns out to
        /// be a replica. Replicas that the primary names and that are not listed are used too.
        ///
        /// - Parameter addresses: The servers, in any order; one of them at least has to answer.
        /// - Returns: The topology.
        public static func replicated(_ addresses: [Address]) -> Topology {
            .init(kind: .replicated(addresses))
        }

        /// A primary and its replicas, which sentinels watch and fail over.
        ///
        /// - Parameters:
        ///   - addresses: The sentinels; one of them at least has to answer.
        ///   - primaryName: The name under which they know the primary.
        ///   - username: The ACL user to authenticate as to the sentinels; nil for the user `default`.
        ///   - password: The sentinels' password; nil not to authenticate.
        /// - Returns: The topology.
        public static func sentinel(
            _ addresses: [Address],
            primaryName: String,
            username: String? = nil,
            password: String? = nil
        ) -> Topology {
            .init(
                kind: .sentinel(
                    addresses,
                    primaryName: primaryName,
                    login: .init(username: username, password: password)
                )
            )
        }

        /// A Redis Cluster.
        ///
        /// - Parameter addresses: Some of its nodes; one of them at least has to answer. The others are found by it.
        /// - Returns: The topology.
        public static func cluster(_ addresses: [Address]) -> Topology {
            .init(kind: .cluster(addresses))
        }

        /// Independent servers over which this client spreads keys, by consistent hashing.
        ///
        /// For those who have no cluster. All share user, password, database and TLS settings. Each key has one server; while
        /// that cannot be reached, the commands on its keys fail, and those on others do not.
        ///
        /// - Parameter shards: The servers, in any order, with different names and addresses; 1,000 at most.
        /// - Returns: The topology.
        public static func sharded(_ shards: [Shard]) -> Topology {
            .init(kind: .sharded(shards))
        }
    }

    /// Which servers answer commands that only read.
    ///
    /// What a replica answers may be older than what was just written, by this client too: the promises of caches hold for
    /// what primaries answer.
    public struct ReadPreference: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case primary
            case replica
            case nearest
        }

        let kind: Kind

        /// The primary answers everything.
        public static let primary = ReadPreference(kind: .primary)
        /// Replicas answer what only reads, in turn; the primary does while none can.
        ///
        /// A replica that cannot answer, because it is loading, has lost its primary or is silent for half of the time that
        /// a call has left, is spared for a second, and the next server is asked. `MULTI` and scans, whose cursors mean
        /// nothing to another server, always go to the primary, and so does a pipeline in which anything writes.
        public static let replica = ReadPreference(kind: .replica)
        /// Whichever of the servers answers fastest, the primary among them, judged by the round trips of what it is sent.
        ///
        /// Each server gets at least one command a second, so that it is known how far it is. Another server is chosen only
        /// if its mean round trip is below 80 % of that of the one in use.
        public static let nearest = ReadPreference(kind: .nearest)
    }
}
