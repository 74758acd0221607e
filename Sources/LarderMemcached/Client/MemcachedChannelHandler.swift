import DequeModule
import NIOCore

/// The end of a connection's pipeline: bytes in, replies out to the lane, and the server's introduction before that.
///
/// Lives on its channel's event loop.
final class MemcachedChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the handler tells its lane.
    ///
    /// All calls come on the event loop.
    protocol Delegate: AnyObject {
        /// Replies came. The handler uses the queue again, so take all of them out.
        func connection(_ handler: MemcachedChannelHandler, received replies: inout Deque<MetaReply>)
        /// Bytes came that do not make a whole reply yet.
        func connectionMadeProgress(_ handler: MemcachedChannelHandler)
        /// A batch of reads is over, or the channel takes more again: time to write.
        func connectionCanWrite(_ handler: MemcachedChannelHandler)
        /// The connection has ended, after the introduction. No other call follows.
        func connection(_ handler: MemcachedChannelHandler, closed error: MemcachedError)
    }

    private enum State {
        case introducing(EventLoopPromise<ServerIntroduction>)
        case active
        case closed
    }

    private var state: State
    private var parser: MetaReplyParser
    private var replies: Deque<MetaReply> = []
    private var context: ChannelHandlerContext?
    /// The first thing that went wrong: what follows it is only a consequence.
    private var failure: MemcachedError?
    private let connector: MemcachedConnector
    private var introductionSent: Int64 = 0

    /// Set when the introduction is over, and let go when the connection has ended.
    var delegate: (any Delegate)?

    /// Makes a handler that fulfils `ready` when the server has said who it is.
    init(_ connector: MemcachedConnector, ready: EventLoopPromise<ServerIntroduction>) {
        self.connector = connector
        self.state = .introducing(ready)
        self.parser = MetaReplyParser(largestReply: connector.configuration.maximumReplySize)
    }

    // MARK: For the lane

    /// Whether the channel takes more bytes now.
    var canWrite: Bool { self.context?.channel.isWritable ?? false }

    func write(_ buffer: ByteBuffer) {
        self.context?.writeAndFlush(self.wrapOutboundOut(buffer), promise: nil)
    }

    /// Ends the connection.
    func close(_ error: MemcachedError) {
        if self.failure == nil { self.failure = error }
        self.context?.close(promise: nil)
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
        guard case .introducing = self.state else { return }
        self.introductionSent = self.connector.configuration.wallClock.now
        var buffer = ByteBuffer()
        buffer.write(.statistics())
        self.write(buffer)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.parser.append(self.unwrapInboundIn(data))
        do {
            while let reply = try self.parser.next() { self.take(reply) }
            self.parser.compact()
        } catch {
            self.deliver()
            self.close(error.with(server: self.connector.name))
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
        self.close(MemcachedConnector.connectionError(error, server: self.connector.name))
    }

    func channelInactive(context: ChannelHandlerContext) {
        let error =
            self.failure
            ?? MemcachedError(
                .connectionClosed,
                message: "the server closed the connection",
                server: self.connector.name
            )
        switch self.state {
        case .introducing(let ready):
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

    private func take(_ reply: MetaReply) {
        switch self.state {
        case .active:
            self.replies.append(reply)
        case .introducing(let ready):
            let now = self.connector.configuration.wallClock.now
            guard let introduction = ServerIntroduction(reply, asked: self.introductionSent, answered: now) else {
                self.close(
                    MemcachedError(
                        .unexpectedReply,
                        message: "the server does not answer stats as memcached does",
                        server: self.connector.name,
                        underlying: reply.error(at: self.connector.name)
                    )
                )
                return
            }
            self.state = .active
            ready.succeed(introduction)
        case .closed:
            break
        }
    }

    private func deliver() {
        guard !self.replies.isEmpty else { return }
        // Taken out, for the delegate may close the connection and so come back here.
        var replies: Deque<MetaReply> = []
        swap(&replies, &self.replies)
        self.delegate?.connection(self, received: &replies)
        // What a violation of the protocol left over answers nobody.
        replies.removeAll(keepingCapacity: true)
        self.replies = replies
    }
}

/// What a server says of itself when a connection to it is opened.
struct ServerIntroduction: Sendable, Equatable {
    /// Which run of the program it is: its process and when that began, to the second.
    var processID: Int64
    var startSecond: Int64
    /// The server's time, in whole seconds since 1970, and when it was asked and answered by this machine's.
    var second: Int64
    var asked: Int64
    var answered: Int64
    var version: String

    /// - Parameters:
    ///   - reply: The answer to `stats`.
    ///   - asked: When it was asked, in milliseconds since 1970 by this machine's clock.
    ///   - answered: When it had answered.
    init?(_ reply: MetaReply, asked: Int64, answered: Int64) {
        guard case .statistics = reply.status,
            let second = reply.statistics["time"].flatMap({ Int64($0) }), (0..<1 << 40).contains(second)
        else { return nil }
        self.second = second
        self.asked = asked
        self.answered = answered
        self.processID = reply.statistics["pid"].flatMap { Int64($0) } ?? 0
        self.startSecond = second &- (reply.statistics["uptime"].flatMap { Int64($0) } ?? 0)
        self.version = reply.statistics["version"] ?? ""
    }
}
