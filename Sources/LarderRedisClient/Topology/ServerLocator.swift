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

    /// An attempt to connect begins.
    ///
    /// - Returns: What the locator abandons where the server turns out to be the wrong one meanwhile; nil where none can.
    func begin(_ connector: RedisConnector) -> ConnectionAttempt?

    /// An attempt to connect has ended.
    func ended(_ attempt: ConnectionAttempt)

    /// Whether the server is looked for once more within the same time to connect, after so many attempts have failed.
    func looksAgain(after error: RedisError, attempts: Int) -> Bool

    /// Why no server was found of late; nil where that is not known.
    var trouble: RedisError? { get }
}

extension ServerLocator {
    func begin(_ connector: RedisConnector) -> ConnectionAttempt? { nil }
    func ended(_ attempt: ConnectionAttempt) {}
    func looksAgain(after error: RedisError, attempts: Int) -> Bool { false }
    var trouble: RedisError? { nil }
}

extension ServerLocator {
    func error(_ code: RedisError.Code, _ message: String, underlying: (any Error)? = nil) -> RedisError {
        RedisError(code, message: message, server: self.name, underlying: underlying)
    }

    /// Finds the server and connects to it.
    func connect(on eventLoop: any EventLoop) -> EventLoopFuture<NIOLoopBound<RedisChannelHandler>> {
        let deadline = MonotonicTime.now.advanced(by: self.configuration.connectTimeout.wholeNanoseconds)
        return self.connect(on: eventLoop, until: deadline, failures: 0).flatMapErrorThrowing { error in
            throw RedisChannelHandler.connectionError(error, server: self.name)
        }
    }

    private func connect(
        on eventLoop: any EventLoop,
        until deadline: MonotonicTime,
        failures: Int
    ) -> EventLoopFuture<NIOLoopBound<RedisChannelHandler>> {
        self.locate(on: eventLoop).flatMap { connector in
            let attempt = self.begin(connector)
            return connector.connect(on: eventLoop, attempt).always { _ in
                if let attempt { self.ended(attempt) }
            }.flatMapThrowing { connection in
                if let error = attempt?.abandonment {
                    connection.value.close(error)
                    throw error
                }
                return connection
            }.flatMapError { error in
                var error = RedisChannelHandler.connectionError(error, server: connector.server)
                if error.code == .connectionClosed {
                    // Before the handshake was over, so nobody had a connection yet.
                    error = connector.error(.connectionFailed, error.message, underlying: error)
                }
                self.failed(connector, error)
                let isAbandoned = attempt?.abandonment != nil
                guard isAbandoned || self.looksAgain(after: error, attempts: failures + 1), MonotonicTime.now < deadline
                else { return eventLoop.makeFailedFuture(error) }
                return self.connect(on: eventLoop, until: deadline, failures: failures + (isAbandoned ? 0 : 1))
            }
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
        self.history.opened(
            identity,
            place: connector.server,
            isFirst: self.isFirst,
            hearsOfChanges: connector.purpose.hearsOfChanges,
            close: close
        )
    }

    func closed(_ opening: ServerHistory.Opening) { self.history.closed(opening) }

    func suspect(_ error: RedisError) {}

    func failed(_ connector: RedisConnector, _ error: RedisError) {}
}
