import Larder
public import Logging
public import NIOCore
public import NIOPosix
public import ServiceLifecycle

/// A client of one memcached server, or of several that share the keys.
///
/// ```swift
/// let memcached = try MemcachedClient(MemcachedConfiguration(servers: [.init("10.0.0.1"), .init("10.0.0.2")]))
/// try await memcached.set("greeting", Array("hello".utf8), expiresIn: .seconds(60))
/// let item = try await memcached.get("greeting")
/// await memcached.shutdown()
/// ```
///
/// Any number of tasks share a client and its connection to each server: what they send at the same time leaves in one write, so
/// many tasks get far more done than one. The client speaks the meta protocol (memcached 1.6 or later), connects when it is first
/// used and again when it loses a connection, and works without `run()`.
///
/// Every call ends within its timeout, whatever happens to a server. A request that was not yet written when a connection ended is
/// sent on the next one; one that was written is sent again if it only reads, else it throws `.fateUnknown`. Cancelling a task
/// ends its call within a few milliseconds and costs the connection nothing.
public final class MemcachedClient: Service, Sendable {
    /// The configuration that the client was made with.
    public let configuration: MemcachedConfiguration

    let links: [ServerLink]
    let ring: KetamaRing
    /// The servers' numbers, by which rosters name them.
    let numbers: [UInt64]
    let requestTimeout: Int64
    let logger: Logger

    /// Does not connect yet.
    ///
    /// - Parameters:
    ///   - configuration: The servers and how to behave towards them.
    ///   - eventLoopGroup: Where connections live.
    ///   - logger: For what happens in the background. It hears of nothing but trouble unless its level is below `info`.
    /// - Throws: ``MemcachedError`` with the code `.invalidConfiguration` if a field is out of its range.
    public init(
        _ configuration: MemcachedConfiguration,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger = Logger(label: "larder.memcached") { _ in SwiftLogNoOpLogHandler() }
    ) throws(MemcachedError) {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        self.requestTimeout = configuration.requestTimeout.wholeNanoseconds
        self.links = configuration.servers.map {
            ServerLink(
                connector: MemcachedConnector(configuration: configuration, server: $0),
                eventLoop: eventLoopGroup.next(),
                logger: logger
            )
        }
        self.numbers = configuration.servers.map { ServerRoster.number(ofServerNamed: $0.ringName) }
        self.ring = KetamaRing(configuration.servers.map { ($0.ringName, $0.weight) })
    }

    /// The server that has a key, as it is named in errors and logs.
    ///
    /// - Parameter key: The key.
    /// - Returns: Its address.
    public func server(ofKey key: String) -> String { self.links[self.ring.server(of: key)].name }

    /// Waits for the graceful shutdown of the service group or the cancellation of its task, then shuts the client down.
    public func run() async throws {
        try? await gracefulShutdown()
        await self.shutdown()
    }

    /// Lets the requests under way end within their timeouts, refuses new ones, and closes all connections.
    public func shutdown() async {
        for link in self.links { await link.lane.shutdown() }
    }

    @inline(__always)
    var deadline: MonotonicTime { .deadline(after: self.requestTimeout) }

    @inline(__always)
    func link(of key: String) -> ServerLink { self.links[self.ring.server(of: key)] }
}
