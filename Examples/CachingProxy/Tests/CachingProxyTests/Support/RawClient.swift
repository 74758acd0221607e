import Foundation
import NIOCore
import NIOPosix
import Testing

/// A client that says byte for byte what a test tells it to.
struct RawClient {
    /// An answer as it came.
    struct Answer: Sendable {
        var head: String
        var body = ""
        /// Whether the connection ended before the answer did.
        var isBrokenOff = false

        var status: Int { Int(self.head.dropFirst(9).prefix(3)) ?? 0 }

        /// The fields, each as a line.
        var lines: [String] { Lines.fields(of: self.head).map { "\($0.name): \($0.value)" } }

        /// The values of a field.
        subscript(_ name: String) -> [String] { Lines.values(name, in: self.head) }
    }

    private var reader: ByteReader
    private let channel: any Channel
    /// Sends; also from another task than the one that reads.
    let sender: Sender

    struct Sender: Sendable {
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

        func send(_ text: String) async throws {
            try await self.outbound.write(ByteBuffer(string: text))
        }
    }

    /// Connects, and closes the connection afterwards.
    ///
    /// - Parameters:
    ///   - port: The port.
    ///   - body: What to do with the connection.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, and if there is no connection.
    static func connect<Result: Sendable>(
        to port: Int,
        _ body: (inout RawClient) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(
                            isOutboundHalfClosureEnabled: true,
                            inboundType: ByteBuffer.self,
                            outboundType: ByteBuffer.self
                        )
                    )
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var client = RawClient(
                reader: ByteReader(inbound.makeAsyncIterator()),
                channel: channel.channel,
                sender: Sender(outbound: outbound)
            )
            return try await body(&client)
        }
    }

    /// Goes away without a word: what was sent and has not been read does not come before that.
    func vanish() async throws {
        let socket = try #require(self.channel as? any SocketOptionProvider)
        try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await self.channel.close()
    }

    func send(_ text: String) async throws {
        try await self.sender.send(text)
    }

    /// Reads an answer, interim ones as well.
    ///
    /// - Parameter method: What it answers.
    /// - Returns: The answer; `nil` where the connection ended without one.
    /// - Throws: If the connection ended within its head.
    mutating func receive(_ method: String = "GET") async throws -> Answer? {
        guard let head = try await self.reader.head() else { return nil }
        var answer = Answer(head: head)
        let hasNoBody = method == "HEAD" || answer.status < 200 || answer.status == 204 || answer.status == 304
        if hasNoBody { return answer }
        do {
            let isFramed = !answer["content-length"].isEmpty || !answer["transfer-encoding"].isEmpty
            answer.body = isFramed ? try await self.reader.body(of: head) : try await self.reader.rest()
        } catch {
            answer.isBrokenOff = true
        }
        return answer
    }

    /// Reads what comes until it ends with a text.
    mutating func receivePart(endingWith text: String) async throws -> String {
        try await self.reader.part(endingWith: text)
    }

    /// Reads the head of an answer, and nothing of its body.
    mutating func receiveHead() async throws -> Answer? {
        try await self.reader.head().map { Answer(head: $0) }
    }

    /// Counts the bytes that come until the connection ends.
    ///
    /// - Parameter pause: How long to wait before each piece.
    /// - Returns: How many bytes came.
    /// - Throws: If the connection broke.
    mutating func countRest(pausing pause: Duration = .zero) async throws -> Int {
        var count = 0
        while let piece = try await self.reader.skip() {
            count += piece
            if pause > .zero { try await Task.sleep(for: pause) }
        }
        return count
    }

    /// Whether the other side has ended the connection, without another word.
    mutating func isEnded() async throws -> Bool {
        try await self.reader.rest().isEmpty
    }
}
