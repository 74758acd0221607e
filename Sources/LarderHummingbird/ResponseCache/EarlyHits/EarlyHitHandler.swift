import HTTPTypes
import LarderHTTP
import NIOCore
import NIOHTTPTypes

/// Answers hits from memory where the connection's bytes are read, and lets everything else pass.
///
/// A request is answered here when all before it on its connection have been answered, so answers keep their order; otherwise it passes.
/// It stands between the server's codec and the handlers that count its requests, which see nothing of an early hit.
final class EarlyHitHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How often a connection's request passes although it could be answered here: whoever ends idle connections is behind this
    /// handler, and has to see that this one is none.
    private static let longestUnseen: TimeAmount = .seconds(1)
    /// How long an answer under way may hold back the news that the server is going down.
    private static let longestFarewell: TimeAmount = .seconds(10)

    private let pages: ResponseCache
    private let serverName: String?
    private let prepare: @Sendable (HTTPRequest, any Channel) -> HTTPRequest?

    /// A request without a body so far, which may be answered here when it has ended: as it came, and as the cache is to see it.
    private var held: (head: HTTPRequest, prepared: HTTPRequest)?
    /// Requests that have passed and whose answers have not ended.
    private var passed = 0
    private var lastPassed = NIODeadline.uptimeNanoseconds(0)
    private var hasUnflushedHits = false
    /// Flushed hits of which something has not left.
    private var hitsUnderWay = 0
    private var farewell: (event: Any, deadline: Scheduled<Void>)?
    private var date = (second: Int64.min, text: "")

    init(
        _ pages: ResponseCache,
        serverName: String?,
        prepare: @escaping @Sendable (HTTPRequest, any Channel) -> HTTPRequest?
    ) {
        self.pages = pages
        self.serverName = serverName
        self.prepare = prepare
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // The server takes a new connection for a live one by itself.
        self.lastPassed = context.eventLoop.now
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            if self.mayBeAnswered(head, context), let prepared = self.prepare(head, context.channel) {
                self.held = (head, prepared)
                return
            }
            self.notePassing(context)
        case .body:
            self.passHeld(context)
        case .end(let trailers):
            guard let held = self.held else { break }
            if trailers == nil, let answer = self.pages.earlyHit(held.prepared) {
                self.held = nil
                return self.send(answer, context)
            }
            self.passHeld(context)
        }
        context.fireChannelRead(data)
    }

    private func mayBeAnswered(_ head: HTTPRequest, _ context: ChannelHandlerContext) -> Bool {
        guard head.method == .get || head.method == .head, self.passed == 0, self.farewell == nil,
            context.eventLoop.now - self.lastPassed < Self.longestUnseen
        else { return false }
        // A body is the application's to refuse, and before it has come.
        guard !head.headerFields.contains(.contentLength), !head.headerFields.contains(.transferEncoding) else {
            return false
        }
        // The application's writes wait for a client that does not read.
        guard context.channel.isWritable else { return false }
        // How a connection ends is up to the server.
        guard let connection = head.headerFields[.connection] else { return true }
        return connection.lowercased() == "keep-alive"
    }

    private func passHeld(_ context: ChannelHandlerContext) {
        guard let held = self.held else { return }
        self.held = nil
        self.notePassing(context)
        context.fireChannelRead(self.wrapInboundOut(.head(held.head)))
    }

    private func notePassing(_ context: ChannelHandlerContext) {
        self.passed += 1
        self.lastPassed = context.eventLoop.now
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.hasUnflushedHits {
            self.hasUnflushedHits = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.held = nil
        self.farewell?.deadline.cancel()
        self.farewell = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What comes of it may be an answer, to the request that did not end.
        self.passHeld(context)
        context.fireErrorCaught(error)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.passHeld(context)
        self.sayFarewell(context)
    }

    // MARK: Answers

    private func send(_ answer: PageAnswer, _ context: ChannelHandlerContext) {
        var head = answer.head
        if !head.headerFields.contains(.date) {
            head.headerFields.append(HTTPField(name: .date, value: self.dateText()))
        }
        if let serverName = self.serverName { head.headerFields[.server] = serverName }
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        if let body = answer.body, body.readableBytes > 0 {
            context.write(self.wrapOutboundOut(.body(body)), promise: nil)
        }
        let promise = context.eventLoop.makePromise(of: Void.self)
        self.hitsUnderWay += 1
        self.hasUnflushedHits = true
        let this = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in
            let (handler, context) = this.value
            handler.hitsUnderWay -= 1
            if handler.hitsUnderWay == 0 { handler.sayFarewell(context) }
        }
        context.write(self.wrapOutboundOut(.end(nil)), promise: promise)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // A parser's error is answered although no request has passed.
        if case .end = self.unwrapOutboundIn(data), self.passed > 0 { self.passed -= 1 }
        context.write(data, promise: promise)
    }

    /// The time as `Date` has it, for answers of handlers whose server dates them.
    private func dateText() -> String {
        let now = HTTPDate(self.pages.wallTime)
        if now.secondsSince1970 != self.date.second { self.date = (now.secondsSince1970, now.description) }
        return self.date.text
    }

    // MARK: The end

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent, self.hitsUnderWay > 0, self.farewell == nil else {
            return context.fireUserInboundEventTriggered(event)
        }
        // Nobody behind knows of the answer that is under way, and would close the connection before it has left.
        let this = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let deadline = context.eventLoop.scheduleTask(in: Self.longestFarewell) {
            let (handler, context) = this.value
            handler.sayFarewell(context)
        }
        self.farewell = (event, deadline)
    }

    private func sayFarewell(_ context: ChannelHandlerContext) {
        guard let farewell = self.farewell else { return }
        self.farewell = nil
        farewell.deadline.cancel()
        context.fireUserInboundEventTriggered(farewell.event)
    }
}
