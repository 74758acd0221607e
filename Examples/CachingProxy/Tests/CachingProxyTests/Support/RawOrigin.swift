import NIOCore
import NIOPosix
import Synchronization

/// A server that says byte for byte what a test tells it to, and remembers what it was asked.
final class RawOrigin: Sendable {
    /// What the server does about a request, one after the other.
    enum Action: Sendable {
        case say(String)
        /// Ends the connection.
        case close
        /// Waits until the test goes on.
        case await(Gate)
        /// Does the next one only when the body of the request is there too.
        case readBody
    }

    /// A request as it came.
    struct Request: Sendable {
        /// The connection, counted from 1.
        var connection: Int
        /// Request line and fields, without the empty line.
        var head: String
        var body = ""

        /// The first line.
        var line: String { String(self.head.prefix { $0 != "\r\n" }) }

        /// The lines of a field.
        func lines(_ name: String) -> [String] { Lines.values(name, in: self.head) }
    }

    private struct State {
        var script: @Sendable (Request) -> [Action] = { _ in [] }
        var requests: [Request] = []
        var serving: [Task<Void, Never>] = []
        var ended = 0
        var answered = 0
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    private let shared: Shared
    private let channel: any Channel

    var port: Int { self.channel.localAddress?.port ?? 0 }

    /// What it was asked; bodies as far as they were read.
    var requests: [Request] { self.shared.state.withLock { $0.requests } }

    /// How many connections were made to it.
    var connections: Int { self.shared.state.withLock { $0.serving.count } }

    /// How many of them have ended, one way or another.
    var endedConnections: Int { self.shared.state.withLock { $0.ended } }

    /// How many requests it has read, and said everything about that it had to say.
    var answered: Int { self.shared.state.withLock { $0.answered } }

    /// Opens the server.
    ///
    /// - Parameter script: What to do about a request whose head has come.
    /// - Throws: If there is no free port.
    init(_ script: @escaping @Sendable (Request) -> [Action]) async throws {
        let shared = Shared()
        self.shared = shared
        self.channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    shared.state.withLock { state in
                        let number = state.serving.count + 1
                        // A connection that breaks is part of the test, not its failure.
                        state.serving.append(Task { try? await Self.serve(connection, number, shared) })
                        channel.closeFuture.whenComplete { _ in shared.state.withLock { $0.ended += 1 } }
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.answers(script)
    }

    /// Does from now on as told.
    func answers(_ script: @escaping @Sendable (Request) -> [Action]) {
        self.shared.state.withLock { $0.script = script }
    }

    /// Ends the server and its connections.
    func close() async throws {
        try await self.channel.close()
        let serving = self.shared.state.withLock { $0.serving }
        for task in serving { task.cancel() }
        for task in serving { await task.value }
    }

    private static func serve(
        _ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
        _ number: Int,
        _ shared: Shared
    ) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var reader = ByteReader(inbound.makeAsyncIterator())
            while let head = try await reader.head() {
                let request = Request(connection: number, head: head)
                let (script, index) = shared.state.withLock { state in
                    state.requests.append(request)
                    return (state.script, state.requests.count - 1)
                }
                var hasRead = false
                for action in script(request) + [.readBody] {
                    switch action {
                    case .say(let text): try await outbound.write(ByteBuffer(string: text))
                    case .close: return
                    case .await(let gate): try await gate.wait()
                    case .readBody where hasRead: break
                    case .readBody:
                        let body = try await reader.body(of: head)
                        shared.state.withLock { $0.requests[index].body = body }
                        hasRead = true
                    }
                }
                shared.state.withLock { $0.answered += 1 }
            }
        }
    }
}

/// Something that a test opens once.
final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (self.stream, self.continuation) = AsyncStream.makeStream()
    }

    func open() { self.continuation.finish() }

    /// Waits until the gate is open; one task at a time.
    func wait() async throws {
        for await _ in self.stream {}
        try Task.checkCancellation()
    }
}
