import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// What leaves for a client: all of it before the connection is closed, and for as long as the client takes it.
///
/// Nearest to the socket, since what is written is not yet gone, and whoever closes a connection behind this handler means
/// what was written to arrive. A client that takes nothing for a while is cut off; nobody else can end a wait for it.
final class Departure: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    /// How long a client may take nothing while the proxy shuts down.
    private static let patienceAtShutdown: TimeAmount = .seconds(10)
    /// How many bytes the system may hold that it has not sent.
    ///
    /// A socket counts as writable only once much of its buffer is free, which can be megabytes: by those, a slow client would
    /// look like one that reads nothing.
    private static let mostUnsent: SocketOptionValue = 128 << 10

    private var patience: TimeAmount
    /// How many bytes have been written, gone or not.
    private var written: Int64 = 0
    /// How many were gone when that was last looked at, and since when.
    private var gone: (count: Int64, since: NIODeadline) = (0, .uptimeNanoseconds(0))
    private var tick: Scheduled<Void>?
    /// Whether the connection closes as soon as everything is gone: no request is taken that could not be answered.
    private var isClosing = false

    /// - Parameter patience: How long a client may take nothing of what is there for it.
    init(patience: Duration) {
        self.patience = TimeAmount(patience)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Not every socket has the option.
        context.channel.setOption(.tcpOption(.init(rawValue: TCP_NOTSENT_LOWAT)), value: Self.mostUnsent)
            .whenFailure { _ in }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.stop()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.stop()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isClosing else { return }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            self.patience = min(self.patience, Self.patienceAtShutdown)
            if self.tick != nil {
                self.stop()
                self.watch(context)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.written += Int64(self.unwrapOutboundIn(data).readableBytes)
        context.write(data, promise: promise)
        guard self.tick == nil else { return }
        self.gone = (self.written - Self.left(in: context.channel), .now())
        self.watch(context)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode != .input, Self.left(in: context.channel) > 0 else {
            context.close(mode: mode, promise: promise)
            return
        }
        if mode == .all { self.isClosing = true }
        // Nothing follows what is on its way, so this is fulfilled when all of that is gone, and fails when the connection does.
        let rest = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        rest.futureResult.whenComplete { _ in bound.value.close(mode: mode, promise: promise) }
        context.writeAndFlush(self.wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: rest)
    }

    /// Looks now and then whether something has gone, until everything has.
    private func watch(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let interval = TimeAmount.nanoseconds(max(self.patience.nanoseconds / 4, 1_000_000))
        self.tick = context.eventLoop.assumeIsolated().scheduleTask(in: interval) {
            self.tick = nil
            self.look(bound.value)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        let left = Self.left(in: context.channel)
        guard left > 0 else { return }
        let (count, now) = (self.written - left, NIODeadline.now())
        if count > self.gone.count {
            self.gone = (count, now)
        } else if now - self.gone.since >= self.patience {
            // This one is for the channel itself, and does not come by here.
            context.close(promise: nil)
            return
        }
        self.watch(context)
    }

    private func stop() {
        self.tick?.cancel()
        self.tick = nil
    }

    /// How many bytes have not left for the system.
    private static func left(in channel: any Channel) -> Int64 {
        // A channel that cannot say so is not one of sockets, or is closed.
        let left = try? channel.syncOptions?.getOption(.bufferedWritableBytes)
        return Int64(left ?? 0)
    }
}

@available(*, unavailable)
extension Departure: Sendable {}
