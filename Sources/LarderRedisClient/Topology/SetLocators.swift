import NIOCore

/// Leads to whichever server is the primary of a set.
struct PrimaryLocator: ServerLocator {
    let discovery: ServerDiscovery
    let connector: RedisConnector
    let history: ServerHistory

    /// Refusals that have nothing to do with which server it is end an attempt after so many.
    private static let mostFailures = 3

    var name: String { self.discovery.name }
    var configuration: RedisConfiguration { self.connector.configuration }
    var trouble: RedisError? { self.discovery.trouble }

    func locate(on eventLoop: any EventLoop) -> EventLoopFuture<RedisConnector> {
        self.discovery.primary(on: eventLoop).map { self.connector.to($0.primary) }
    }

    func opened(
        _ connector: RedisConnector,
        _ identity: ServerIdentity?,
        close: @escaping @Sendable (RedisError) -> Void
    ) -> ServerHistory.Opening {
        // Whoever it is, it stands in the one place of the primary.
        let opening = self.history.opened(
            identity,
            place: self.name,
            isFirst: true,
            hearsOfChanges: connector.purpose.hearsOfChanges,
            close: close
        )
        // Another server may have been found since this one was looked up. Who finds one closes the connections that are
        // registered by then; so the question comes after the registration.
        if let primary = self.discovery.known?.primary, primary != connector.address {
            close(self.error(.connectionClosed, "another server has become the primary"))
        }
        return opening
    }

    func closed(_ opening: ServerHistory.Opening) { self.history.closed(opening) }

    func suspect(_ error: RedisError) {
        // No connection: then `failed` has said who could not be reached.
        guard error.code.serverPrefix != nil else { return }
        self.discovery.doubt()
    }

    func failed(_ connector: RedisConnector, _ error: RedisError) {
        if !error.isAboutLogin { self.discovery.doubt(connector.address) }
    }

    func begin(_ connector: RedisConnector) -> ConnectionAttempt? { self.discovery.begin(connector.address) }

    func ended(_ attempt: ConnectionAttempt) { self.discovery.ended(attempt) }

    func looksAgain(after error: RedisError, attempts: Int) -> Bool {
        error.code == .connectionFailed && attempts < Self.mostFailures
    }
}

/// Leads to one server that is no primary: a replica or a sentinel.
///
/// What is met there is no part of the history of primaries.
struct SecondaryLocator: ServerLocator {
    let connector: RedisConnector
    private let history = ServerHistory()

    /// Whether a connection is open.
    var isConnected: Bool { self.history.hasConnections }

    /// Which process was met there last; nil before the first, and where it does not say.
    var identity: ServerIdentity? { self.history.identity(in: self.name) }

    init(connector: RedisConnector) {
        self.connector = connector
    }

    var name: String { self.connector.server }
    var configuration: RedisConfiguration { self.connector.configuration }

    func locate(on eventLoop: any EventLoop) -> EventLoopFuture<RedisConnector> {
        eventLoop.makeSucceededFuture(self.connector)
    }

    func opened(
        _ connector: RedisConnector,
        _ identity: ServerIdentity?,
        close: @escaping @Sendable (RedisError) -> Void
    ) -> ServerHistory.Opening {
        // It changes its replication id with every failover and stays who it is.
        self.history.opened(
            identity.map { ServerIdentity(runID: $0.runID, replicationID: "", isPrimary: false) },
            place: connector.server,
            isFirst: true,
            close: close
        )
    }

    func closed(_ opening: ServerHistory.Opening) { self.history.closed(opening) }

    func suspect(_ error: RedisError) {}

    func failed(_ connector: RedisConnector, _ error: RedisError) {}
}
