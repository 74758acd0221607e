import LarderRedisClient

/// How a near cache is doing.
public struct NearCacheStatistics: Sendable {
    /// Why copies were dropped all at once.
    public struct EmptyingReason: Sendable, Hashable, CustomStringConvertible {
        enum Kind: Sendable, Hashable {
            case flushed
            case namespaceChanged
            case connectionLost
        }

        let kind: Kind

        /// The server has lost all its keys: `FLUSHALL` or `FLUSHDB`.
        public static let flushed = Self(kind: .flushed)
        /// The namespace was cleared, keys were removed by a pattern, or the server has lost the namespace's stamp.
        public static let namespaceChanged = Self(kind: .namespaceChanged)
        /// The connection on which the server tells of changes was lost, or other servers are the primaries now.
        public static let connectionLost = Self(kind: .connectionLost)

        /// A text for people.
        public var description: String {
            switch self.kind {
            case .flushed: "flushed"
            case .namespaceChanged: "namespace changed"
            case .connectionLost: "connection lost"
            }
        }
    }

    /// Why a near cache does not hear of changes, in a word; the log has the details.
    ///
    /// More kinds may come.
    public struct Trouble: Sendable, Hashable, CustomStringConvertible {
        enum Kind: Sendable, Hashable {
            case silent
            case disconnected
            case unsupported
            case refused
        }

        let kind: Kind

        /// A server has not answered in time; what is in memory is kept until it does, or until it counts as lost.
        public static let silent = Self(kind: .silent)
        /// The connection to a server was lost or cannot be made.
        public static let disconnected = Self(kind: .disconnected)
        /// A server does not tell of changes: it is older than Redis 6, or forbids `CLIENT TRACKING` to this user.
        public static let unsupported = Self(kind: .unsupported)
        /// A server refuses the user, the password or the certificate.
        public static let refused = Self(kind: .refused)

        /// A text for people, always one of a few.
        public var description: String {
            switch self.kind {
            case .silent: "no answer in time"
            case .disconnected: "not connected"
            case .unsupported: "not supported by the server"
            case .refused: "refused by the server"
            }
        }
    }

    /// How long it takes from sending a change to hearing of it, measured on changes that this process has made itself.
    public struct PushLatency: Sendable {
        /// The latest, in microseconds.
        public var last: Double
        /// The median of the latest 1,024, in microseconds.
        public var median: Double
        /// What 99 of 100 of them did not exceed, in microseconds.
        public var percentile99: Double
    }

    /// How many reads copies have answered, in all namespaces of the store.
    public var hits: Int
    /// How many keys were read from Redis instead, in this namespace.
    public var misses: Int
    /// How many copies there are, of all namespaces of the store.
    ///
    /// Those that are dead or have expired count until their room is needed.
    public var entries: Int
    /// How many copies the store holds at most, or what they may cost together.
    public var limit: Int
    /// How many names of changed keys the servers have told of.
    public var invalidations: Int
    /// How many times all copies of the namespace were dropped at once.
    public var timesEmptied: Int
    /// Why that was the last time; `nil` if it never was.
    public var lastEmptied: EmptyingReason?
    /// Whether every primary tells of changes now; as long as it does not, all reads go to Redis.
    public var isCovered: Bool
    /// Why not, as far as it is known.
    public var trouble: Trouble?
    /// How fast changes are heard of; `nil` as long as this process has made none.
    public var pushLatency: PushLatency?

    /// The part of reads that copies have answered, from 0 to 1; 0 as long as there were none.
    public var hitRatio: Double {
        let reads = self.hits + self.misses
        return reads == 0 ? 0 : Double(self.hits) / Double(reads)
    }
}

extension NearCacheStatistics.Trouble {
    /// The kind of trouble that an error is.
    ///
    /// - Parameter error: What has ended a connection, or why there is none.
    init(_ error: RedisError) {
        switch error.code {
        case .trackingUnavailable: self = .unsupported
        case .authenticationFailed, .tlsFailed: self = .refused
        default: self = .disconnected
        }
    }
}
