import Foundation
import Hummingbird
import NIOCore
import NIOPosix

/// Clients that are all connected, and then ask for one page at once.
struct ColdLoad {
    var clients: Int
    var port: Int
    var path: String

    /// What came of it.
    struct Result: Sendable {
        var handlerRuns: Int
        /// How long after the handler's end the last client had its whole answer.
        var lastAfterHandler: Duration
    }

    /// Asks, and waits for all answers.
    ///
    /// - Throws: `Failure` where an answer does not come, or is not the page.
    func measure(_ page: ColdPage) async throws -> Result {
        let group = MultiThreadedEventLoopGroup.singleton
        var waiting: [(channel: any Channel, end: EventLoopFuture<ContinuousClock.Instant>)] = []
        for _ in 0..<self.clients {
            let promise = group.next().makePromise(of: ContinuousClock.Instant.self)
            let channel = try await ClientBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(AnswerReader(promise))
                    }
                }
                .connect(host: "127.0.0.1", port: self.port).get()
            waiting.append((channel, promise.futureResult))
        }
        _ = page.take()
        for (channel, _) in waiting {
            channel.writeAndFlush(
                ByteBuffer(string: "GET \(self.path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
                promise: nil
            )
        }
        var last: ContinuousClock.Instant?
        for (channel, end) in waiting {
            let end = try await end.get()
            last = max(last ?? end, end)
            channel.close(promise: nil)
        }
        let made = page.take()
        guard let last, let end = made.end else { throw Failure("the handler of \(self.path) has not run") }
        return Result(handlerRuns: made.runs, lastAfterHandler: end.duration(to: last))
    }
}

/// Waits for one answer of a page's length.
private final class AnswerReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<ContinuousClock.Instant>
    private var received = ByteBuffer()
    private var timeout: Scheduled<Void>?

    init(_ promise: EventLoopPromise<ContinuousClock.Instant>) {
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        let promise = self.promise
        self.timeout = context.eventLoop.scheduleTask(in: .seconds(60)) {
            promise.fail(Failure("a client of the cold page has no answer after a minute"))
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        self.received.writeBuffer(&buffer)
        let bytes = self.received.readableBytesView
        guard bytes.count > PageServer.pageBytes, let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        guard bytes.distance(from: end.upperBound, to: bytes.endIndex) >= PageServer.pageBytes else { return }
        guard bytes.starts(with: "HTTP/1.1 200 ".utf8) else {
            return self.promise.fail(Failure("a client of the cold page got another status"))
        }
        self.timeout?.cancel()
        self.promise.succeed(.now)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.timeout?.cancel()
        // Of no effect where the answer is there.
        self.promise.fail(Failure("a client of the cold page was disconnected"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.promise.fail(error)
        context.close(promise: nil)
    }
}
