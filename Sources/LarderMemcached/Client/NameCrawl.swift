import DequeModule
import Larder
import NIOCore
import NIOPosix

/// Asks one server for the names of all items that begin in a certain way.
///
/// The server's crawler walks its table of items (`lru_crawler metadump hash`; `all` where that is not known), so an item that is
/// there from beginning to end is found. It does so for one client at a time; the others are told that it is busy and ask again. The
/// answer comes on a connection of its own, since it can be long.
struct NameCrawl: Sendable {
    let link: ServerLink
    let prefix: String

    /// How long a crawler may be busy with somebody else's question.
    private static let patience = Duration.seconds(10)

    /// The names.
    ///
    /// - Returns: The names that are text, in no order.
    /// - Throws: ``MemcachedError``, with `.crawlerUnavailable` where the server does not let anybody list its items, or others have
    ///   kept it busy for too long; `CancellationError`.
    func names() async throws -> [String] {
        let deadline = MonotonicTime.now.advanced(by: Self.patience.wholeNanoseconds)
        var walksTable = true
        while true {
            switch try await self.crawl("lru_crawler metadump \(walksTable ? "hash" : "all")\r\n") {
            case .names(let names):
                return names
            case .busy:
                guard MonotonicTime.now < deadline else {
                    throw self.error("its crawler was busy for more than \(Self.patience)")
                }
                try await Task.sleep(for: .milliseconds(Int64.random(in: 5...50)))
            case .refused(let text):
                // 1.5 and the first of 1.6 know lists of items only, in which one that is read meanwhile can be missed.
                if walksTable, text.contains("BADCLASS") {
                    walksTable = false
                } else {
                    throw self.error(text)
                }
            }
        }
    }

    private func error(_ reason: String) -> MemcachedError {
        MemcachedError(
            .crawlerUnavailable,
            message:
                "the server does not list its items, which finding keys by a pattern needs (lru_crawler metadump): \(reason)",
            server: self.link.name
        )
    }

    fileprivate enum Outcome: Sendable {
        case names([String])
        case busy
        case refused(String)
    }

    private func crawl(_ request: String) async throws -> Outcome {
        let eventLoop = self.link.lane.eventLoop
        let done = eventLoop.makePromise(of: Outcome.self)
        let idle = TimeAmount.nanoseconds(self.link.connector.configuration.requestTimeout.wholeNanoseconds)
        let (prefix, server) = (self.prefix, self.link.name)
        let channel: any Channel
        do {
            channel = try await self.link.connector.bootstrap(on: eventLoop) { channel in
                try channel.pipeline.syncOperations.addHandler(
                    NameCrawlHandler(request, prefix: prefix, server: server, silence: idle, done: done)
                )
            }.get()
        } catch {
            let failure = MemcachedConnector.connectionError(error, server: server)
            done.fail(failure)
            throw failure
        }
        return try await withTaskCancellationHandler {
            try await done.futureResult.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

/// Picks the names out of what the crawler says.
final class NameCrawlHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let longestLine = 8192

    private let request: String
    private let prefix: [UInt8]
    private let server: String
    private let silence: TimeAmount
    private var done: EventLoopPromise<NameCrawl.Outcome>?
    private var rest = ByteBuffer()
    private var names: [String] = []
    private var timer: Scheduled<Void>?

    fileprivate init(
        _ request: String,
        prefix: String,
        server: String,
        silence: TimeAmount,
        done: EventLoopPromise<NameCrawl.Outcome>
    ) {
        self.request = request
        self.prefix = Array(prefix.utf8)
        self.server = server
        self.silence = silence
        self.done = done
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: self.request)), promise: nil)
        self.watch(context)
    }

    /// Gives up when nothing comes for too long.
    private func watch(_ context: ChannelHandlerContext) {
        self.timer?.cancel()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let channel = context.channel
        let error = MemcachedError(.timedOut, message: "the server stopped listing its items", server: self.server)
        self.timer = context.eventLoop.scheduleTask(in: self.silence) {
            bound.value.finish(.failure(error))
            channel.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.watch(context)
        var bytes = self.unwrapInboundIn(data)
        self.rest.writeBuffer(&bytes)
        while self.done != nil, let line = self.nextLine() { self.take(line) }
        self.rest.discardReadBytes()
        if self.rest.readableBytes > Self.longestLine {
            let error = MemcachedError(
                .protocolViolation,
                message: "the server sent a line without an end",
                server: self.server
            )
            self.finish(.failure(error))
        }
        if self.done == nil { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.finish(.failure(MemcachedConnector.connectionError(error, server: self.server)))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let error = MemcachedError(
            .connectionClosed,
            message: "the connection ended while the server listed its items",
            server: self.server
        )
        self.finish(.failure(error))
        context.fireChannelInactive()
    }

    private func finish(_ result: Result<NameCrawl.Outcome, any Error>) {
        self.timer?.cancel()
        let done = self.done
        self.done = nil
        done?.completeWith(result)
    }

    private func nextLine() -> ByteBufferView? {
        let view = self.rest.readableBytesView
        guard let end = view.firstIndex(of: 0x0A) else { return nil }
        let length = end - view.startIndex
        guard var line = self.rest.readSlice(length: length + 1)?.readableBytesView else { return nil }
        line.removeLast()
        if line.last == 0x0D { line.removeLast() }
        return line
    }

    /// `key=name%20escaped exp=… la=… cas=… fetch=… cls=… size=…`.
    private func take(_ line: ByteBufferView) {
        if line.starts(with: "key=".utf8) {
            let end = line.firstIndex(of: 0x20) ?? line.endIndex
            let name = Self.unescaped(line[(line.startIndex + 4)..<end])
            if name.starts(with: self.prefix), let text = String(validating: name, as: UTF8.self) {
                self.names.append(text)
            }
        } else if line.elementsEqual("END".utf8) {
            self.finish(.success(.names(self.names)))
        } else if line.starts(with: "BUSY".utf8) {
            self.finish(.success(.busy))
        } else {
            self.finish(.success(.refused(String(decoding: line.prefix(200), as: UTF8.self))))
        }
    }

    /// Takes back what the server has escaped as in a URL; what is no escape stays as it is.
    private static func unescaped(_ bytes: ByteBufferView) -> [UInt8] {
        var name: [UInt8] = []
        name.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.endIndex,
                let high = Character(UnicodeScalar(bytes[index + 1])).hexDigitValue,
                let low = Character(UnicodeScalar(bytes[index + 2])).hexDigitValue
            {
                name.append(UInt8(high << 4 | low))
                index += 3
            } else {
                name.append(bytes[index])
                index += 1
            }
        }
        return name
    }
}
