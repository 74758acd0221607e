import NIOCore
import Synchronization

/// The servers that together tell of every change: the primaries of a client.
protocol InvalidationSources: Sendable {
    /// The primaries as they are known; empty as long as they are not.
    ///
    /// Each has a name of its own.
    var primaryLocators: [any ServerLocator] { get }

    /// How often commands were sent elsewhere than before.
    ///
    /// Whoever concludes something from an answer and from having heard of no change compares the numbers of before and
    /// after.
    var routeChanges: UInt64 { get }

    /// Asks to be told when there are other primaries than before.
    ///
    /// - Parameter listener: Called on any thread, after `primaryLocators` has changed; it must not block.
    func onPrimariesChanged(_ listener: @escaping @Sendable () -> Void)

    /// Looks who the primaries are, where that can change and nothing else does; does not wait for it.
    func renewPrimaries()
}

extension InvalidationSources {
    func renewPrimaries() {}
}

/// One server, or one at a time: whoever is the primary, its locator finds it.
struct OnlyPrimary: InvalidationSources {
    let locator: any ServerLocator

    var primaryLocators: [any ServerLocator] { [self.locator] }
    var routeChanges: UInt64 { 0 }

    func onPrimariesChanged(_ listener: @escaping @Sendable () -> Void) {}
}

/// Independent servers, always the same.
struct AllShards: InvalidationSources {
    let primaryLocators: [any ServerLocator]

    var routeChanges: UInt64 { 0 }

    func onPrimariesChanged(_ listener: @escaping @Sendable () -> Void) {}
}

/// The primaries of a cluster, as far as its map is known.
final class ClusterPrimaries: InvalidationSources {
    private let servers: ClusterServers
    private let registration = Mutex<PrimaryRegistration?>(nil)

    init(_ servers: ClusterServers) { self.servers = servers }

    var primaryLocators: [any ServerLocator] { self.servers.knownPrimaries.map(\.primary.locator) }
    var routeChanges: UInt64 { self.servers.routeChanges }

    func onPrimariesChanged(_ listener: @escaping @Sendable () -> Void) {
        let registration = self.servers.listeners.add(listener)
        self.registration.withLock { $0 = registration }
    }

    func renewPrimaries() { self.servers.doubtMap() }
}

/// Leads to the same server as another locator, on connections that are told of changes.
struct TrackingLocator: ServerLocator {
    let base: any ServerLocator
    /// How the names of the keys begin of whose changes to tell.
    let prefixes: [String]

    var name: String { self.base.name }
    var configuration: RedisConfiguration { self.base.configuration }

    func locate(on eventLoop: any EventLoop) -> EventLoopFuture<RedisConnector> {
        var tracking = RedisCommand("CLIENT", arguments: ["TRACKING", "ON", "BCAST"])
        for prefix in self.prefixes {
            tracking.append("PREFIX")
            tracking.append(prefix)
        }
        let purpose = ConnectionPurpose(
            needsPrimary: true,
            needsRESP3: true,
            hearsOfChanges: true,
            preparation: [tracking]
        )
        return self.base.locate(on: eventLoop).map { connector in
            connector.with(purpose).with { $0.protocolVersion = .resp3 }
        }
    }

    func opened(
        _ connector: RedisConnector,
        _ identity: ServerIdentity?,
        close: @escaping @Sendable (RedisError) -> Void
    ) -> ServerHistory.Opening {
        self.base.opened(connector, identity, close: close)
    }

    func closed(_ opening: ServerHistory.Opening) { self.base.closed(opening) }

    func suspect(_ error: RedisError) { self.base.suspect(error) }

    func failed(_ connector: RedisConnector, _ error: RedisError) {
        // That it cannot tell of changes says nothing about where the primary is.
        if Self.unavailability(error, name: self.name) == nil { self.base.failed(connector, error) }
    }

    /// The error for a server that does not tell of changes.
    ///
    /// - Returns: Nil where the connection has failed for another reason.
    static func unavailability(_ error: RedisError, name: String) -> RedisError? {
        guard error.code == .connectionFailed, error.command == "CLIENT" || error.command == "HELLO" else { return nil }
        return RedisError(
            .trackingUnavailable,
            message: "the server does not tell of changes, which takes Redis 6 and the right to CLIENT TRACKING",
            server: error.server ?? name,
            command: error.command,
            underlying: error
        )
    }
}
