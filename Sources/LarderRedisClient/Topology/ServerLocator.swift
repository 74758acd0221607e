import NIOCore

/// Says where a connection leads.
///
/// A lane asks it each time it connects, so a lane stays the same while the server behind it is replaced.
protocol ServerLocator: Sendable {
    /// What is looked for, for errors and logs: an address, or `primary of mymaster`.
    var name: String { get }

    /// How connections behave, whichever server they lead to.
    var configuration: RedisConfiguration { get }

    /// Finds the server, within the configured time to connect.
    ///
    /// Fails with `RedisError`.
    func locate(on eventLoop: any EventLoop) -> EventLoopFuture<RedisConnector>

    /// A connection is there.
    ///
    /// - Parameters:
    ///   - connector: What made it.
    ///   - identity: Who answered.
    ///   - close: Closes the connection, from any thread.
    /// - Returns: What to call `closed(_:)` with when it ends.
    func opened(
        _ connector: RedisConnector,
        _ identity: ServerIdentity?,
        close: @escaping @Sendable (RedisError) -> Void
    ) -> ServerHistory.Opening

    /// A connection has ended.
    func closed(_ opening: ServerHistory.Opening)

    /// A server answered as none in its place should: what was known of the place is out of date.
    ///
    /// Finds out anew, and closes the connections that lead to the wrong server.
    func suspect(_ error: RedisError)

    /// No connection to the server could be made.
    ///
    /// What was known of its place may be out of date.
    func failed(_ connector: RedisConnector, _ error: RedisError)
}

extension ServerLocator {
    func error(_ code: RedisError.Code, _ message: String, underlying: (any Error)? = nil) -> RedisError {
        RedisError(code, message: message, server: self.name, underlying: underlying)
    }

    /// Finds the server and connects to it.
    func connect(on eventLoop: any EventLoop) -> EventLoopFuture<NIOLoopBound<RedisChannelHandler>> {
        self.locate(on: eventLoop).flatMap { connector in
            connector.connect(on: eventLoop).flatMapErrorThrowing { error in
                var error = RedisChannelHandler.connectionError(error, server: connector.server)
                if error.code == .connectionClosed {
                    // Before the handshake was over, so nobody had a connection yet.
                    error = connector.error(.connectionFailed, error.message, underlying: error)
                }
                self.failed(connector, error)
                throw error
            }
        }.flatMapErrorThrowing { error in
            throw RedisChannelHandler.connectionError(error, server: self.name)
        }
    }
}

/// A server at a fixed address.
struct FixedLocator: ServerLocator {
    let connector: RedisConnector
    let history: ServerHistory
    /// Whether the server was there from the beginning, so that meeting it is no change.
    let isFirst: Bool

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
        self.history.opened(identity, place: connector.server, isFirst: self.isFirst, close: close)
    }

    func closed(_ opening: ServerHistory.Opening) { self.history.closed(opening) }

    func suspect(_ error: RedisError) {}

    func failed(_ connector: RedisConnector, _ error: RedisError) {}
}
