import Synchronization

/// A real Redis primary with replicas, for tests of reads from replicas and of promotions by hand.
///
/// ```swift
/// try await withRedisReplicaSet(replicas: 2) { set in
///     try await set.primary.command("SET", "key", "value")
///     try await set.awaitReplication()
///     try await set.promote(1)
///     try await #expect(set.primary.command("GET", "key") == "$5\r\nvalue\r\n")
/// }
/// ```
///
/// Nobody watches these servers: a killed primary has no successor until `promote(_:)` makes one. For failovers by
/// themselves see ``RedisSentinelDeployment`` and ``RedisClusterDeployment``.
public final class RedisReplicaSet: Sendable {
    /// All servers, in the order in which they were started; the first was the first primary.
    public let servers: [RedisServer]

    private let primaryIndex = Mutex(0)

    /// Starts the servers and waits until all replicas are linked to the primary.
    ///
    /// - Parameters:
    ///   - replicas: How many replicas there are.
    ///   - server: How each server is started; a port is the first primary's, the others take free ones. With TLS, the
    ///     servers talk TLS among themselves too.
    /// - Throws: `TestServerError` when a server does not start, or no replica gets a link, within `server.startLimit`.
    public init(replicas: Int = 2, server: RedisServer.Options = .init()) async throws {
        self.servers = try await [RedisServer].startReplicated(replicas: replicas, server: server)
    }

    /// The server that was made primary last, whether it runs or not.
    public var primary: RedisServer { self.servers[self.primaryIndex.withLock { $0 }] }

    /// All servers but the primary.
    public var replicas: [RedisServer] {
        let index = self.primaryIndex.withLock { $0 }
        return self.servers.enumerated().filter { $0.offset != index }.map(\.element)
    }

    /// A URL with all hosts, the first primary first, such as `redis://:password@127.0.0.1:6379,127.0.0.1:6380`.
    public var url: String { RedisServer.url("redis", hosts: self.servers, options: self.servers[0].options) }

    /// Makes a server the primary and all others that run its replicas, and waits until they have everything.
    ///
    /// The old primary is not asked first: what it was sent and had not passed on yet is lost, as with a promotion by hand
    /// after a failure. Wait with `awaitReplication()` before, to lose nothing.
    ///
    /// - Parameters:
    ///   - index: The place of the new primary in `servers`.
    ///   - limit: How long it may take.
    /// - Throws: `TestServerError` when a server does not obey, or is not linked in time.
    public func promote(_ index: Int, atMost limit: Duration = .seconds(30)) async throws {
        let server = self.servers[index]
        try await server.order("REPLICAOF", "NO", "ONE")
        self.primaryIndex.withLock { $0 = index }
        for other in self.servers.running where other !== server {
            try await other.order("REPLICAOF", server.host, "\(server.port)")
        }
        try await self.awaitReplication(atMost: limit)
    }

    /// Waits until all servers that run follow the primary and have everything that it has at the moment of the call.
    ///
    /// - Parameter limit: How long it may take.
    /// - Throws: `TestServerError` when it takes longer, such as for a server that is paused.
    public func awaitReplication(atMost limit: Duration = .seconds(30)) async throws {
        let primary = self.primary
        let offset = try await primary.replicationStatus().offset
        for replica in self.servers.running where replica !== primary {
            try await AwaitedState.hold("What the replica at port \(replica.port) lacks", within: limit) {
                let status = try await replica.replicationStatus()
                guard !status.isPrimary, status.primaryPort == primary.port, status.isLinkUp else { return false }
                return status.offset >= offset
            }
        }
    }

    /// Kills the primary (SIGKILL).
    ///
    /// - Returns: The killed server.
    @discardableResult
    public func killPrimary() async -> RedisServer {
        let primary = self.primary
        await primary.kill()
        return primary
    }

    /// Starts a server again, as the primary if it is that and else as a replica, and waits until it is linked.
    ///
    /// A primary that persists nothing comes back empty, and so do then its replicas: that is how Redis loses data.
    /// `RedisServer.restart()` instead brings a server back as what it was when it was started.
    ///
    /// - Parameters:
    ///   - server: One of `servers`.
    ///   - limit: How long the link may take.
    /// - Throws: `TestServerError` when the server does not come back, or is not linked in time.
    public func restart(_ server: RedisServer, atMost limit: Duration = .seconds(30)) async throws {
        let primary = self.primary
        if server === primary { return try await server.restart() }
        try await server.restart(following: primary)
        try await server.awaitLink(to: primary, atMost: limit)
    }

    /// Ends all servers and removes their directories.
    public func stop() async {
        await self.servers.stop()
    }
}

/// Starts a Redis primary with replicas, lends them to a body, and stops them when the body ends, also when it throws.
///
/// - Parameters:
///   - replicas: How many replicas there are.
///   - server: How each server is started.
///   - body: What to do with them.
/// - Returns: What the body returned.
/// - Throws: `TestServerError` when a server does not start; what the body throws.
public func withRedisReplicaSet<Value>(
    replicas: Int = 2,
    server: RedisServer.Options = .init(),
    _ body: (RedisReplicaSet) async throws -> Value
) async throws -> Value {
    try await lending(RedisReplicaSet(replicas: replicas, server: server), body) { await $0.stop() }
}
