import NIOCore
import NIOHTTP1

/// What belongs to HTTP/1 itself on a client's connection: which requests are well-formed, how answers are framed, and when
/// the connection ends.
///
/// The server behind this knows neither a request's version nor that an answer to HEAD has no body. So the framing of
/// answers (RFC 9112, section 6) is decided here, where both are known.
final class ClientMessages: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A request whose answer has not ended.
    private struct Unanswered {
        var isHead = false
        /// Whether the client speaks HTTP/1.0.
        var isOld = false
        var closes = false
        /// Whether the client sends the body only when it is told to go on.
        var holdsBody = false
    }

    /// How long a client is listened to after the last answer, so that it reads that before it learns that nobody reads its
    /// own words any more (RFC 9112, section 9.6).
    private static let linger: TimeAmount = .seconds(2)

    private var unanswered = CircularBuffer<Unanswered>()
    private var current = Unanswered()
    private var answerHasBody = false
    /// Whether the end of a request is to come.
    private var isReading = false
    /// Whether nothing comes any more.
    private var isInputOver = false
    /// Hears that the request whose answer is due has broken off.
    private var onBrokenOff: (@Sendable () -> Void)?
    /// Whether a final answer has begun and not ended.
    private var isAnswering = false
    /// Whether the proxy shuts down, and this connection ends with the last answer that it owes.
    private var isLeaving = false
    /// Whether what the client still sends is of no account.
    private var isDeaf = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isDeaf else { return }
        switch self.unwrapInboundIn(data) {
        case .head(var head):
            // The client has been told that no answer follows the one under way.
            if self.isAnswering, self.current.closes {
                self.isDeaf = true
                return
            }
            do {
                try head.makeUnambiguous()
            } catch {
                self.isDeaf = true
                context.fireErrorCaught(error)
                return
            }
            let isOld = head.version == .http1_0
            // The parser knows this method by a name that is not its own.
            if head.method == .MSEARCH { head.method = .RAW(value: "M-SEARCH") }
            // An expectation of a client that cannot hear an interim answer is none (RFC 9110, section 10.1.1).
            if isOld { head.headers.remove(name: "Expect") }
            self.isReading = true
            self.unanswered.append(
                Unanswered(
                    isHead: head.method == .HEAD,
                    isOld: isOld,
                    closes: isOld || !head.isKeepAlive,
                    holdsBody: head.headers.contains(name: "Expect")
                )
            )
            context.fireChannelRead(self.wrapInboundOut(.head(head)))
        case .body:
            context.fireChannelRead(data)
        case .end:
            self.isReading = false
            if self.unanswered.last?.closes == true { self.isDeaf = true }
            context.fireChannelRead(data)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head(let head) where head.status.code < 200:
            guard self.mayPass(head, context) else {
                promise?.succeed()
                return
            }
            if head.status == .continue { self.unanswered[self.unanswered.startIndex].holdsBody = false }
            context.write(data, promise: promise)
        case .head(var head):
            self.current = self.unanswered.popFirst() ?? Unanswered(closes: true)
            if self.isLeaving, self.unanswered.isEmpty { self.current.closes = true }
            self.isAnswering = true
            self.onBrokenOff = nil
            self.frame(&head)
            context.write(self.wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            guard self.answerHasBody else {
                promise?.succeed()
                return
            }
            context.write(data, promise: promise)
        case .end:
            self.isAnswering = false
            context.writeAndFlush(data, promise: promise)
            if self.current.closes || self.isLeaving && self.unanswered.isEmpty { self.close(context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.inputIsOver()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { self.inputIsOver() }
        // The server would close the connection in the moment in which the last answer is written. It only does so where none is owed.
        if event is ChannelShouldQuiesceEvent, self.isAnswering || !self.unanswered.isEmpty {
            self.isLeaving = true
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Calls when the request whose answer is due cannot come to its end any more, which whoever reads it learns only behind
    /// everything that came of it.
    ///
    /// - Parameter onBrokenOff: What to call, here or later; not once the answer has begun.
    func whenBrokenOff(_ onBrokenOff: @escaping @Sendable () -> Void) {
        self.onBrokenOff = onBrokenOff
        self.tellOfBreakingOff()
    }

    private func inputIsOver() {
        self.isInputOver = true
        self.tellOfBreakingOff()
    }

    private func tellOfBreakingOff() {
        // Where several are unanswered, the one that has broken off is not the first.
        guard self.isInputOver, self.isReading, self.unanswered.count == 1 else { return }
        self.onBrokenOff?()
        self.onBrokenOff = nil
    }

    /// Whether an interim answer can go out here and now.
    private func mayPass(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) -> Bool {
        // Whoever sends it knows of no other answer: this may have begun, or even ended, in the meantime.
        guard !self.isAnswering, let asking = self.unanswered.first, !asking.isOld else { return false }
        // A client that does not read what it gets is not given more, unless it waits for that.
        return head.status == .continue || context.channel.isWritable
    }

    /// Says how long the answer is and whether another can follow.
    private func frame(_ head: inout HTTPResponseHead) {
        let status = head.status.code
        head.headers.remove(name: "Transfer-Encoding")
        if status == 204 { head.headers.remove(name: "Content-Length") }
        self.answerHasBody = !self.current.isHead && status != 204 && status != 304
        if self.answerHasBody, !head.headers.contains(name: "Content-Length") {
            if self.current.isOld {
                self.current.closes = true
            } else {
                head.headers.add(name: "Transfer-Encoding", value: "chunked")
            }
        }
        // A client that was never told to go on may do so now or not at all: nothing tells its body from its next request.
        if head.headers[canonicalForm: "connection"].contains("close") || self.current.holdsBody {
            self.current.closes = true
        }
        head.headers.remove(name: "Connection")
        if self.current.closes { head.headers.add(name: "Connection", value: "close") }
    }

    private func close(_ context: ChannelHandlerContext) {
        self.isDeaf = true
        let channel = context.channel
        let shut = context.eventLoop.makePromise(of: Void.self)
        // Counted from when the answer has left: a client may take its time to read it.
        shut.futureResult.whenComplete { _ in
            channel.eventLoop.scheduleTask(in: Self.linger) { channel.close(promise: nil) }
        }
        context.close(mode: .output, promise: shut)
    }
}

@available(*, unavailable)
extension ClientMessages: Sendable {}
