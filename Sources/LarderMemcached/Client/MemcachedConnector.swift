import Larder
import NIOCore
import NIOPosix

/// Makes connections to one server: socket and introduction.
struct MemcachedConnector: Sendable {
    let configuration: MemcachedConfiguration
    let server: MemcachedConfiguration.Server

    /// The server's address, for errors and logs.
    var name: String { self.server.description }

    /// Connects and asks who is there, within the configured time.
    ///
    /// - Parameter eventLoop: Where the connection lives.
    /// - Returns: The handler at the end of the pipeline, on `eventLoop`, and what the server says of itself.
    func connect(
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<(NIOLoopBound<MemcachedChannelHandler>, ServerIntroduction)> {
        let ready = eventLoop.makePromise(of: ServerIntroduction.self)
        let timeout = TimeAmount.nanoseconds(self.configuration.connectTimeout.wholeNanoseconds)
        let channel = self.bootstrap(on: eventLoop) { channel in
            try channel.pipeline.syncOperations.addHandler(MemcachedChannelHandler(self, ready: ready))
        }
        // The time runs for the socket and the introduction together.
        let timer = eventLoop.scheduleTask(in: timeout) {
            ready.fail(
                MemcachedError(
                    .connectionFailed,
                    message: "the server did not answer within \(self.configuration.connectTimeout)",
                    server: self.name
                )
            )
        }
        channel.whenFailure { ready.fail($0) }
        return ready.futureResult.flatMap { introduction in channel.map { ($0, introduction) } }
            .flatMapThrowing { channel, introduction in
                let handler = try channel.pipeline.syncOperations.handler(type: MemcachedChannelHandler.self)
                return (NIOLoopBound(handler, eventLoop: eventLoop), introduction)
            }.always { result in
                timer.cancel()
                if case .failure = result { channel.whenSuccess { $0.close(promise: nil) } }
            }
    }

    /// Opens a channel.
    func bootstrap(
        on eventLoop: any EventLoop,
        _ initialize: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(.nanoseconds(self.configuration.connectTimeout.wholeNanoseconds))
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 16_384, maximum: 65_536)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try initialize(channel) }
            }
        switch self.server.address {
        case .hostname(let host, let port):
            // A small request must not wait for the reply to the one before it.
            return bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
        case .unixSocket(let path):
            return bootstrap.connect(unixDomainSocketPath: path)
        }
    }

    /// The module's error for what NIO reports of a connection.
    static func connectionError(_ error: any Error, server: String) -> MemcachedError {
        if let error = error as? MemcachedError { return error.with(server: server) }
        return MemcachedError(.connectionFailed, message: "the connection failed", server: server, underlying: error)
    }
}
