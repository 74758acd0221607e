import DequeModule
import NIOCore

/// The end of a connection's pipeline: bytes in, replies out to the lane, and the handshake before that.
///
/// Lives on its channel's event loop.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the handler tells its lane.
    ///
    /// All calls come on the event loop.
    protocol Delegate: AnyObject {
        /// Replies came. The handler uses the queue again, so take all of them out.
        func connection(_ handler: RedisChannelHandler, received replies: inout Deque<RESPValue>)
        /// Bytes came that do not make a whole reply yet.
        func connectionMadeProgress(_ handler: RedisChannelHandler)
        /// A batch of reads is over, or the channel takes more again: time to write.
        func connectionCanWrite(_ handler: RedisChannelHandler)
        /// The connection has ended, after a finished handshake. No other call follows.
        func connection(_ handler: RedisChannelHandler, closed error: RedisError)
    }

    private enum State {
        case handshaking(Handshake, EventLoopPromise<Handshake.Outcome>)
        case active
        case closed
    }

    private var state: State
    private var parser: RESPParser
    private var replies: Deque<RESPValue> = []
    private var context: ChannelHandlerContext?
    /// The first thing that went wrong: what follows it is only a consequence.
    private var failure: RedisError?
    /// What made the connection.
    let connector: RedisConnector
    private let isEncrypted: Bool

    /// Set when the handshake is over, and let go when the connection has ended.
    ///
    /// Not weak: that would make every reference to a lane, of which each command takes several, a slow one.
    var delegate: (any Delegate)?

    /// Whether the delegate gets pushes among the replies.
    var deliversPushes = false

    /// Who answered, once the handshake is over; nil where the server does not say.
    private(set) var identity: ServerIdentity?

    /// Makes a handler that fulfils `ready` when the handshake is over.
    init(_ connector: RedisConnector, ready: EventLoopPromise<Handshake.Outcome>) {
        let configuration = connector.configuration
        self.connector = connector
        self.state = .handshaking(Handshake(configuration, purpose: connector.purpose), ready)
        self.parser = RESPParser(
            limits: .init(replySize: configuration.maximumReplySize, depth: configuration.maximumNestingDepth)
        )
        self.isEncrypted = configuration.tls.isEnabled
    }

    // MARK: For the lane

    /// Whether the channel takes more bytes now.
    var canWrite: Bool { self.context?.channel.isWritable ?? false }

    func write(_ buffer: ByteBuffer) {
        self.context?.writeAndFlush(self.wrapOutboundOut(buffer), promise: nil)
    }

    /// Ends the connection.
    func close(_ error: RedisError) {
        if self.failure == nil { self.failure = error }
        self.context?.close(promise: nil)
    }

    /// The connection's socket for senders to write on, unless something stands between them, such as TLS.
    func makeDirectSocket() -> DirectSocket? {
        guard let pipeline = self.context?.channel.pipeline.syncOperations, !self.isEncrypted else { return nil }
        return try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { DirectSocket(copying: $0) }
            ?? nil
    }

    // MARK: Events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { self.start() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.delegate = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        self.start()
    }

    private func start() {
        guard case .handshaking(var handshake, let ready) = self.state else { return }
        let commands = handshake.start()
        self.state = .handshaking(handshake, ready)
        self.send(commands)
    }

    private func send(_ commands: [RedisCommand]) {
        var buffer = ByteBuffer()
        for command in commands { buffer.write(command) }
        self.write(buffer)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.parser.append(self.unwrapInboundIn(data))
        do {
            while let reply = try self.parser.next() { self.take(reply) }
            self.parser.compact()
        } catch {
            self.deliver()
            self.close(error.with(server: self.connector.server))
            return
        }
        if self.replies.isEmpty {
            self.delegate?.connectionMadeProgress(self)
        } else {
            self.deliver()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.delegate?.connectionCanWrite(self)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.delegate?.connectionCanWrite(self) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.close(RedisChannelHandler.connectionError(error, server: self.connector.server))
    }

    func channelInactive(context: ChannelHandlerContext) {
        let error =
            self.failure
            ?? RedisError(.connectionClosed, message: "the server closed the connection", server: self.connector.server)
        switch self.state {
        case .handshaking(_, let ready):
            self.state = .closed
            ready.fail(error)
        case .active:
            self.state = .closed
            self.delegate?.connection(self, closed: error)
        case .closed:
            break
        }
        self.delegate = nil
        context.fireChannelInactive()
    }

    // MARK: Replies

    private func take(_ reply: consuming RESPValue) {
        // It answers nobody, and nobody asked for it but a lane that subscribes.
        if case .push = reply, !self.deliversPushes { return }
        switch self.state {
        case .active:
            self.replies.append(reply)
        case .handshaking(var handshake, let ready):
            let action = handshake.receive(reply)
            self.state = .handshaking(handshake, ready)
            switch action {
            case .wait: break
            case .send(let commands): self.send(commands)
            case .finish(let outcome):
                self.state = .active
                self.identity = outcome.identity
                ready.succeed(outcome)
            case .fail(let error): self.close(error.with(server: self.connector.server))
            }
        case .closed:
            break
        }
    }

    private func deliver() {
        guard !self.replies.isEmpty else { return }
        // Taken out, for the delegate may close the connection and so come back here.
        var replies: Deque<RESPValue> = []
        swap(&replies, &self.replies)
        self.delegate?.connection(self, received: &replies)
        // What a violation of the protocol left over answers nobody.
        replies.removeAll(keepingCapacity: true)
        self.replies = replies
    }
}
