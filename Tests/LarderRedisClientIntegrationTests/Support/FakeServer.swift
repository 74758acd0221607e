import LarderRedisClient
import NIOCore
import NIOPosix
import Synchronization

/// A server in the test's own process that answers as the test says: for what no real server of today does.
final class FakeServer: Sendable {
    /// What to write for a command, in RESP; nil writes nothing.
    typealias Answer = @Sendable (_ command: [String]) -> String?

    /// What the server has seen.
    fileprivate struct Record {
        var commands: [[String]] = []
        var opened = 0
        var closed = 0
        /// Whether the server reads and answers nothing.
        var isSilent = false
    }

    fileprivate let record = Mutex(Record())
    private let answer: Answer

    private init(_ answer: @escaping Answer) { self.answer = answer }

    /// Runs a server while `body` uses it.
    static func run<Value>(
        answer: @escaping Answer,
        _ body: (FakeServer, RedisConfiguration) async throws -> Value
    ) async throws -> Value {
        let server = FakeServer(answer)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FakeConnection(server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let port = listener.localAddress?.port ?? 0
            let value = try await body(server, RedisConfiguration(port: port))
            try await listener.close()
            return value
        } catch {
            try? await listener.close()
            throw error
        }
    }

    /// Whether the server answers commands from now on.
    func setSilent(_ isSilent: Bool) { self.record.withLock { $0.isSilent = isSilent } }

    /// The commands so far, each as one line.
    var commands: [String] { self.record.withLock { $0.commands.map { $0.joined(separator: " ") } } }

    /// How many connections there have been.
    var opened: Int { self.record.withLock { $0.opened } }

    /// How many of them have ended.
    var closed: Int { self.record.withLock { $0.closed } }

    fileprivate func reply(to command: [String]) -> String? {
        let isSilent = self.record.withLock { record in
            record.commands.append(command)
            return record.isSilent
        }
        return isSilent ? nil : self.answer(command)
    }
}

private final class FakeConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let server: FakeServer
    private var received = ByteBuffer()

    init(_ server: FakeServer) { self.server = server }

    func channelActive(context: ChannelHandlerContext) {
        self.server.record.withLock { $0.opened += 1 }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.server.record.withLock { $0.closed += 1 }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.received.writeImmutableBuffer(self.unwrapInboundIn(data))
        var replies = ByteBuffer()
        while let command = self.nextCommand() {
            if let reply = self.server.reply(to: command) { replies.writeString(reply) }
        }
        context.channel.writeAndFlush(replies, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Takes an array of bulk strings, if all of it has come.
    private func nextCommand() -> [String]? {
        let start = self.received.readerIndex
        guard let count = self.readHeader() else { return self.back(to: start) }
        var words: [String] = []
        for _ in 0..<count {
            guard let length = self.readHeader(), let word = self.received.readString(length: length),
                self.received.readString(length: 2) != nil
            else { return self.back(to: start) }
            words.append(word)
        }
        return words
    }

    private func back(to index: Int) -> [String]? {
        self.received.moveReaderIndex(to: index)
        return nil
    }

    /// The number in a line such as `*3` or `$5`.
    private func readHeader() -> Int? {
        guard let end = self.received.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
            let line = self.received.readString(length: end - self.received.readerIndex + 1)
        else { return nil }
        // To a string, a line end is one character.
        return Int(line.dropFirst().dropLast())
    }
}
