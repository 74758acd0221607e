/// How a client reaches its Redis server, or servers, and behaves towards them.
///
/// Every field has a default; the address defaults to `127.0.0.1:6379`.
///
/// ```swift
/// var configuration = RedisConfiguration(host: "cache.internal")
/// configuration.database = 3
/// configuration.commandTimeout = .milliseconds(200)
///
/// configuration.topology = .sentinel([.hostname("sentinel-1", port: 26379)], primaryName: "mymaster")
/// configuration.readPreference = .replica
/// ```
public struct RedisConfiguration: Sendable {
    // MARK: Where and who

    /// The server's address, where `topology` is `.standalone`.
    public var address: Address

    /// How the servers stand to each other.
    public var topology: Topology = .standalone

    /// Which servers answer commands that only read, where there are several.
    public var readPreference: ReadPreference = .primary

    /// The ACL user to authenticate as; nil for the user `default`.
    public var username: String?

    /// The password; nil not to authenticate.
    public var password: String?

    /// The number of the database to select.
    public var database: Int = 0

    /// The name that `CLIENT LIST` shows for this client's connections.
    ///
    /// No spaces or line ends.
    public var clientName: String?

    /// The protocol to speak.
    public var protocolVersion: ProtocolVersion = .resp3

    /// Whether and how to encrypt.
    public var tls: TLS = .disabled

    // MARK: Time

    /// How long one attempt to connect may take: name look-up, TLS and the first commands included.
    public var connectTimeout: Duration = .seconds(5)

    /// How long a command may take, from the call of `send` to the reply; waiting for a connection is part of it.
    ///
    /// Two seconds are far beyond what a healthy server needs, and short enough that callers notice an unhealthy one.
    public var commandTimeout: Duration = .seconds(2)

    /// How long a connection may be silent: one that has sent nothing for this long while a command waits for its reply
    /// is closed, and one that is idle for this long is asked with `PING`.
    ///
    /// Nil for neither.
    public var healthCheckInterval: Duration? = .seconds(10)

    // MARK: Connections

    /// The number of connections that tasks share.
    ///
    /// One carries more than a server's core can answer; more help where large replies stand in the way of small ones.
    public var connections: Int = 1

    /// The most connections that are lent for exclusive use at the same time, see `RedisClient.withConnection`.
    public var maximumLentConnections: Int = 16

    /// The pauses between attempts to connect.
    ///
    /// None is longer than 100 ms where the servers may take each other's place.
    public var reconnect: Reconnect = .init()

    // MARK: Bounds

    /// The most bytes that one reply may take, in memory as well as on the wire.
    ///
    /// A larger one closes its connection.
    public var maximumReplySize: Int = 512 << 20

    /// How deep arrays and maps in a reply may be nested.
    public var maximumNestingDepth: Int = 64

    /// The most commands that may wait for replies on one connection; those whose callers have left still count.
    ///
    /// One command more fails at once with `.overloaded`: waiting in front of a queue that long would help nobody.
    public var maximumCommandsInFlight: Int = 100_000

    /// The most bytes of commands that may wait for replies on one connection, counted and refused as
    /// `maximumCommandsInFlight`.
    ///
    /// A larger command passes if nothing else is in flight.
    public var maximumBytesInFlight: Int = 256 << 20

    /// - Parameter address: The server's address.
    public init(address: Address) {
        self.address = address
    }

    /// - Parameters:
    ///   - host: The server's name or IP address.
    ///   - port: Its TCP port.
    public init(host: String = "127.0.0.1", port: Int = 6379) {
        self.init(address: .hostname(host, port: port))
    }

    /// Independent servers over which the client spreads keys.
    ///
    /// ```swift
    /// let redis = try RedisClient(RedisConfiguration(shards: [
    ///     .init(.hostname("10.0.0.1"), name: "one"),
    ///     .init(.hostname("10.0.0.2"), name: "two", weight: 2),
    /// ]))
    /// ```
    ///
    /// - Parameter shards: The servers; see ``Topology-swift.struct/sharded(_:)``.
    public init(shards: [Shard]) {
        self.init(address: shards.first?.address ?? .hostname("127.0.0.1"))
        self.topology = .sharded(shards)
    }
}

extension RedisConfiguration {
    /// Where a server listens.
    public struct Address: Sendable, Hashable, CustomStringConvertible {
        enum Kind: Sendable, Hashable {
            case hostname(String, port: Int)
            case unixSocket(path: String)
        }

        let kind: Kind

        /// A TCP port.
        ///
        /// - Parameters:
        ///   - host: The server's name or IP address.
        ///   - port: Its TCP port.
        /// - Returns: The address.
        public static func hostname(_ host: String, port: Int = 6379) -> Address {
            .init(kind: .hostname(host, port: port))
        }

        /// A Unix domain socket.
        ///
        /// - Parameter path: The socket's path.
        /// - Returns: The address.
        public static func unixSocket(path: String) -> Address {
            .init(kind: .unixSocket(path: path))
        }

        /// A text for people.
        public var description: String {
            switch self.kind {
            case .hostname(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unixSocket(let path): path
            }
        }
    }

    /// The versions of the protocol.
    public struct ProtocolVersion: Sendable, Hashable {
        enum Version: Sendable, Hashable {
            case resp2
            case resp3
        }

        let version: Version

        /// RESP2, without asking for more.
        public static let resp2 = ProtocolVersion(version: .resp2)
        /// RESP3, or RESP2 with servers that do not know it.
        public static let resp3 = ProtocolVersion(version: .resp3)
    }

    /// How long to wait before the next attempt to connect: `base`, then twice as long each time up to `maximum`, each
    /// time shortened by a random part so that clients do not come back all at once.
    public struct Reconnect: Sendable, Hashable {
        /// The first pause.
        public var base: Duration
        /// The longest pause.
        public var maximum: Duration
        /// The part of a pause that is left to chance, from 0 (none) to 1 (all of it).
        public var jitter: Double

        /// - Parameters:
        ///   - base: The first pause.
        ///   - maximum: The longest pause.
        ///   - jitter: The part of a pause that is left to chance, from 0 to 1.
        public init(base: Duration = .milliseconds(20), maximum: Duration = .seconds(1), jitter: Double = 0.5) {
            self.base = base
            self.maximum = maximum
            self.jitter = jitter
        }
    }
}
