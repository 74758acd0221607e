import HTTPTypes
import NIOCore
import NIOHTTP1
import Synchronization

/// One request to the origin and what comes of it, as far as the HTTP client has no room for it.
final class OriginExchange: Sendable {
    /// The target as the client wrote it: a URL would not leave every path as it is, and has no `*`.
    let target: String
    private let onInterim: @Sendable (HTTPResponseHead) -> Void
    private let reuse = Atomic(false)
    private let isPastInterim = Atomic(false)
    private let connection = Mutex<NIOLoopBound<OriginConnection>?>(nil)

    /// - Parameters:
    ///   - target: The target as the client wrote it.
    ///   - onInterim: Hears of interim answers, until it is said that nobody wants more.
    init(target: String, onInterim: @escaping @Sendable (HTTPResponseHead) -> Void) {
        self.target = target
        self.onInterim = onInterim
    }

    /// Whether the request went out on a connection that had been used before, and that the origin may just have closed.
    var isOnUsedConnection: Bool { self.reuse.load(ordering: .relaxed) }

    /// Says that no interim answer is wanted any more, since there is a final one, or nobody waits.
    func endInterim() {
        self.isPastInterim.store(true, ordering: .relaxed)
    }

    /// Closes the connection if the exchange has not made room for another there.
    func breakOff() {
        guard let connection = self.connection.withLock({ $0 }) else { return }
        connection.eventLoop.execute { connection.value.close(if: self) }
    }

    fileprivate func begin(on connection: NIOLoopBound<OriginConnection>, isUsed: Bool) {
        self.reuse.store(isUsed, ordering: .relaxed)
        self.connection.withLock { $0 = connection }
    }

    fileprivate func tell(of head: HTTPResponseHead) {
        guard !self.isPastInterim.load(ordering: .relaxed) else { return }
        self.onInterim(head)
    }
}

/// The exchanges that are under way, by the number that their request carries to its connection.
final class OriginExchanges: Sendable {
    private struct State {
        var last: UInt64 = 0
        var exchanges: [String: OriginExchange] = [:]
    }

    private let state = Mutex(State())

    func add(_ exchange: OriginExchange) -> String {
        self.state.withLock { state in
            state.last += 1
            let number = String(state.last)
            state.exchanges[number] = exchange
            return number
        }
    }

    func remove(_ number: String) {
        _ = self.state.withLock { $0.exchanges.removeValue(forKey: number) }
    }

    fileprivate func find(_ number: String) -> OriginExchange? {
        self.state.withLock { $0.exchanges[number] }
    }
}

/// Between the HTTP client and one of its connections: puts the target in, and looks at interim answers on their way by.
///
/// A connection of HTTP/1.1 without pipelining has one exchange at a time.
final class OriginConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// A request came without its number, or too late.
    struct UnknownExchange: Error {}

    private let exchanges: OriginExchanges
    private var current: OriginExchange?
    private var isUsed = false
    private var context: ChannelHandlerContext?

    private init(_ exchanges: OriginExchanges) {
        self.exchanges = exchanges
    }

    /// Takes its place on a new connection.
    static func install(on channel: any Channel, _ exchanges: OriginExchanges) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            try pipeline.addHandler(OriginConnection(exchanges), position: .after(parser))
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.current = nil
    }

    fileprivate func close(if exchange: OriginExchange) {
        guard self.current === exchange else { return }
        self.context?.close(promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = self.unwrapOutboundIn(data) else {
            context.write(data, promise: promise)
            return
        }
        let name = HTTPField.Name.larderExchange.rawName
        self.current = head.headers.first(name: name).flatMap(self.exchanges.find)
        guard let exchange = self.current else {
            promise?.fail(UnknownExchange())
            context.close(promise: nil)
            return
        }
        exchange.begin(on: NIOLoopBound(self, eventLoop: context.eventLoop), isUsed: self.isUsed)
        self.isUsed = true
        head.headers.remove(name: name)
        head.uri = exchange.target
        context.write(self.wrapOutboundOut(.head(head)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = self.unwrapInboundIn(data), head.status.code < 200 {
            self.current?.tell(of: head)
        }
        context.fireChannelRead(data)
    }
}

@available(*, unavailable)
extension OriginConnection: Sendable {}
