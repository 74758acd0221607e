import DequeModule
import NIOCore

extension RedisConnector {
    /// What a server answered on a connection of its own.
    struct Answers: Sendable {
        let identity: ServerIdentity?
        let replies: [RESPValue]
    }

    /// Connects, sends some commands, waits for their replies within the time to connect, and closes.
    ///
    /// - Returns: The replies, which may be errors, and who sent them.
    func ask(_ commands: [RedisCommand], on eventLoop: any EventLoop) -> EventLoopFuture<Answers> {
        let promise = eventLoop.makePromise(of: Answers.self)
        self.connect(on: eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .failure(let error):
                promise.fail(RedisChannelHandler.connectionError(error, server: self.server))
            case .success(let connection):
                let exchange = Exchange(connection.value, expects: commands.count, promise)
                let late = self.error(
                    .connectionFailed,
                    "the server did not answer within \(self.configuration.connectTimeout)"
                )
                let timer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(self.configuration.connectTimeout)) {
                    exchange.end(late)
                }
                promise.futureResult.whenComplete { _ in timer.cancel() }
                exchange.begin(commands)
            }
        }
        return promise.futureResult
    }
}

/// Some commands and their replies on a connection that serves for nothing else.
private final class Exchange: RedisChannelHandler.Delegate {
    private let connection: RedisChannelHandler
    private let expected: Int
    private let promise: EventLoopPromise<RedisConnector.Answers>
    private var replies: [RESPValue] = []

    init(
        _ connection: RedisChannelHandler,
        expects expected: Int,
        _ promise: EventLoopPromise<RedisConnector.Answers>
    ) {
        self.connection = connection
        self.expected = expected
        self.promise = promise
    }

    func begin(_ commands: [RedisCommand]) {
        self.connection.delegate = self
        var buffer = ByteBuffer()
        for command in commands { buffer.write(command) }
        self.connection.write(buffer)
    }

    func end(_ error: RedisError) {
        self.promise.fail(error)
        self.connection.close(error)
    }

    func connection(_ handler: RedisChannelHandler, received replies: inout Deque<RESPValue>) {
        while let reply = replies.popFirst() { self.replies.append(reply) }
        guard self.replies.count >= self.expected else { return }
        self.promise.succeed(.init(identity: handler.identity, replies: self.replies))
        handler.close(RedisError(.connectionClosed, message: "all was said"))
    }

    func connectionMadeProgress(_ handler: RedisChannelHandler) {}

    func connectionCanWrite(_ handler: RedisChannelHandler) {}

    func connection(_ handler: RedisChannelHandler, closed error: RedisError) {
        self.promise.fail(
            RedisError(.connectionFailed, message: "the connection ended before the answer came", underlying: error)
        )
    }
}
