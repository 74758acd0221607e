/// A real Redis primary with replicas and Sentinels that watch them, for tests of discovery and of failovers.
///
/// ```swift
/// try await withRedisSentinels(sentinels: 3, replicas: 2) { deployment in
///     let client = try RedisClient(url: deployment.url)
///     ...
///     let killed = try await deployment.killPrimary()
///     let promotion = try await deployment.awaitFailover(from: killed)
///     ...
///     try await deployment.restart(killed)
/// }
/// ```
///
/// The Sentinels ask the servers ten times a second (`Options.period`) instead of every second to every ten, so that a dead
/// primary has a successor after one to three seconds. What stays as Redis has it: after a failover, also one that failed,
/// a Sentinel waits for twice `Options.failoverTimeout` before the next, unless that is ordered with `failover()`; and one that is
/// restarted later than ten times `Options.downAfter` after the primary's death takes no replica for fit to succeed it.
public final class RedisSentinelDeployment: Sendable {
    /// How the Sentinels are set up.
    public struct Options: Sendable {
        /// The name of the service in the Sentinels.
        public var name: String

        /// How many Sentinels must agree that the primary is down; `nil` takes the majority.
        public var quorum: Int?

        /// How long a server does not answer before the first Sentinel takes it for dead.
        ///
        /// Each further Sentinel waits for 300 ms more, so that they do not stand for election all at once, which nobody would
        /// win.
        public var downAfter: Duration

        /// How long a failover may take; twice as long Sentinels wait between two of them.
        public var failoverTimeout: Duration

        /// How often Sentinels ask the servers; `nil` leaves it at Redis' own one and ten seconds.
        public var period: Duration?

        /// The password of the Sentinels themselves, for clients and among each other; `nil` lets everyone in.
        public var sentinelPassword: String?

        /// Describes the Sentinels.
        ///
        /// Sentinels write passwords into their files without quotes: with a space in one, a restarted Sentinel does not come
        /// back.
        ///
        /// - Parameters:
        ///   - name: The name of the service in the Sentinels.
        ///   - quorum: How many Sentinels must agree that the primary is down; `nil` takes the majority.
        ///   - downAfter: How long a server does not answer before the first Sentinel takes it for dead; each further one
        ///     waits for 300 ms more.
        ///   - failoverTimeout: How long a failover may take; twice as long Sentinels wait between two of them.
        ///   - period: How often Sentinels ask the servers; `nil` leaves it at Redis' own one and ten seconds.
        ///   - sentinelPassword: The password of the Sentinels themselves; `nil` lets everyone in.
        public init(
            name: String = "mymaster",
            quorum: Int? = nil,
            downAfter: Duration = .milliseconds(500),
            failoverTimeout: Duration = .seconds(3),
            period: Duration? = .milliseconds(100),
            sentinelPassword: String? = nil
        ) {
            self.name = name
            self.quorum = quorum
            self.downAfter = downAfter
            self.failoverTimeout = failoverTimeout
            self.period = period
            self.sentinelPassword = sentinelPassword
        }
    }

    /// How much longer each Sentinel waits than the one before it until it takes a server for dead.
    ///
    /// When all see it at once, all stand for election at once, each with its own vote; nobody wins, and they try again only
    /// after twice the time that a failover may take.
    private static let stagger = Duration.milliseconds(300)

    /// How the Sentinels are set up.
    public let options: Options

    /// The primary and its replicas, in the order in which they were started; the first was the first primary.
    public let servers: [RedisServer]

    /// The Sentinels; each can be killed, paused and resumed like any server.
    public let sentinels: [RedisServer]

    /// Starts the servers and the Sentinels, and waits until every Sentinel knows all of them.
    ///
    /// - Parameters:
    ///   - sentinels: How many Sentinels there are.
    ///   - replicas: How many replicas the primary has.
    ///   - options: How the Sentinels are set up.
    ///   - server: How the primary and the replicas are started; a port is the first primary's. With TLS, the Sentinels talk
    ///     TLS too.
    /// - Throws: `TestServerError` when something does not start, or the Sentinels do not know all within 30 seconds.
    public init(
        sentinels: Int = 3,
        replicas: Int = 2,
        _ options: Options = .init(),
        server: RedisServer.Options = .init()
    ) async throws {
        self.options = options
        let servers = try await [RedisServer].startReplicated(replicas: replicas, server: server)
        self.servers = servers
        do {
            var settings = RedisServer.Options(password: options.sentinelPassword, tls: server.tls)
            settings.clientCertificates = server.clientCertificates
            settings.program = server.program
            settings.startLimit = server.startLimit
            let quorum = options.quorum ?? sentinels / 2 + 1
            let roles = (0..<sentinels).map { index in
                RedisServer.Role.sentinel(Self.lines(options, number: index, watching: servers[0], quorum: quorum))
            }
            self.sentinels = try await [RedisServer].start(roles) { _ in settings }
        } catch {
            await servers.stop()
            throw error
        }
        do {
            try await self.awaitReady()
        } catch {
            await self.stop()
            throw error
        }
    }

    /// The URL for clients, such as `redis+sentinel://:password@127.0.0.1:26379,127.0.0.1:26380/mymaster/0`: all Sentinels, the
    /// name of the service and the database.
    ///
    /// The password in front is the servers'; that of the Sentinels is the query's `sentinel_password`. With TLS the scheme
    /// is `rediss+sentinel`.
    public var url: String {
        let hosts = RedisServer.url("redis+sentinel", hosts: self.sentinels, options: self.servers[0].options)
        let query = self.options.sentinelPassword.map { "?sentinel_password=\(RedisServer.percentEncoded($0))" } ?? ""
        return "\(hosts)/\(RedisServer.percentEncoded(self.options.name))/0\(query)"
    }

    /// Ends all servers and Sentinels and removes their directories.
    public func stop() async {
        // The Sentinels first, which else would begin a failover.
        await self.sentinels.stop()
        await self.servers.stop()
    }

    /// Makes a Sentinel ask and tell more often, which lasts until it ends.
    ///
    /// - Parameters:
    ///   - sentinel: The Sentinel.
    ///   - isSettling: Whether no failover is under way, and the Sentinels are to find each other and to put servers into
    ///     their places at once.
    /// - Throws: `TestServerError` when the Sentinel does not obey.
    func setPace(of sentinel: RedisServer, isSettling: Bool) async throws {
        guard let period = self.options.period else { return }
        let time = "\(Self.milliseconds(period))"
        // Four times the last is how long a Sentinel lets a replica call itself a primary before it takes that for an error.
        // The one that leads a failover asks only once a second whether the replica is promoted, whatever its periods, and only
        // then tells the others: until then they must not undo its work.
        let publishing = isSettling ? time : "\(Self.milliseconds(max(period, .seconds(1))))"
        // A Sentinel that was paused mistrusts its clock, and for half a minute does nothing, unless told otherwise.
        var words = ["SENTINEL", "DEBUG", "TILT-PERIOD", "1000"]
        words += ["INFO-PERIOD", time, "PING-PERIOD", time, "PUBLISH-PERIOD", publishing]
        try await sentinel.order([words])
    }

    private static func lines(
        _ options: Options,
        number: Int,
        watching primary: RedisServer,
        quorum: Int
    ) -> [String] {
        let name = options.name
        let downAfter = options.downAfter + Self.stagger * number
        var lines = [
            "protected-mode no",
            "sentinel monitor \(name) \(primary.host) \(primary.port) \(quorum)",
            "sentinel down-after-milliseconds \(name) \(Self.milliseconds(downAfter))",
            "sentinel failover-timeout \(name) \(Self.milliseconds(options.failoverTimeout))",
            // All replicas at once: who reads from them does not matter here, how long it takes does.
            "sentinel parallel-syncs \(name) 100",
        ]
        if let password = primary.options.password {
            lines.append("sentinel auth-pass \(name) \(RedisServer.quoted(password))")
        }
        if let password = options.sentinelPassword {
            lines.append("sentinel sentinel-pass \(RedisServer.quoted(password))")
        }
        return lines + RedisServer.linkLines(primary.options)
    }

    private static func milliseconds(_ duration: Duration) -> Int64 { Int64(duration / .milliseconds(1)) }
}

/// Starts Redis Sentinels with a primary and replicas, lends them to a body, and stops them when the body ends, also when it
/// throws.
///
/// - Parameters:
///   - sentinels: How many Sentinels there are.
///   - replicas: How many replicas the primary has.
///   - options: How the Sentinels are set up.
///   - server: How the primary and the replicas are started.
///   - body: What to do with them.
/// - Returns: What the body returned.
/// - Throws: `TestServerError` when something does not start; what the body throws.
public func withRedisSentinels<Value>(
    sentinels: Int = 3,
    replicas: Int = 2,
    _ options: RedisSentinelDeployment.Options = .init(),
    server: RedisServer.Options = .init(),
    _ body: (RedisSentinelDeployment) async throws -> Value
) async throws -> Value {
    let deployment = try await RedisSentinelDeployment(
        sentinels: sentinels,
        replicas: replicas,
        options,
        server: server
    )
    return try await lending(deployment, body) { await $0.stop() }
}
