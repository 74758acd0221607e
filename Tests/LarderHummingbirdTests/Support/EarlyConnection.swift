import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes

@testable import LarderHummingbird

/// A connection with a handler for early hits, driven by hand, in front of an application that notes what passes.
final class EarlyConnection {
    /// An answer that was flushed.
    struct Answer {
        var head: HTTPResponse
        var body = ""
    }

    let channel: EmbeddedChannel
    private let application = Application()

    init(
        _ pages: ResponseCache,
        serverName: String? = nil,
        prepare: @escaping @Sendable (HTTPRequest, any Channel) -> HTTPRequest? = { head, _ in head }
    ) throws {
        self.channel = EmbeddedChannel()
        try self.channel.pipeline.syncOperations.addHandlers([
            pages.earlyHits(serverName: serverName, prepare: prepare), self.application,
        ])
        try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
    }

    /// What has passed: method and path, bodies, ends, and errors.
    var passed: [String] { self.application.passed }

    /// Whether the application knows that the server is going down.
    var isQuiescing: Bool { self.application.isQuiescing }

    static func head(_ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields = [:]) -> HTTPRequest {
        HTTPRequest(method: method, scheme: "http", authority: "shop.example", path: path, headerFields: fields)
    }

    /// A request arrives, and perhaps more behind it.
    func receive(_ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields = [:], _ body: String? = nil) {
        self.channel.pipeline.fireChannelRead(HTTPRequestPart.head(Self.head(method, path, fields)))
        if let body { self.channel.pipeline.fireChannelRead(HTTPRequestPart.body(ByteBuffer(string: body))) }
        self.channel.pipeline.fireChannelRead(HTTPRequestPart.end(nil))
    }

    /// A request arrives by itself.
    ///
    /// - Returns: The answers that have left since the last ones were taken.
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ fields: HTTPFields = [:],
        _ body: String? = nil
    ) throws -> [Answer] {
        self.receive(method, path, fields, body)
        self.channel.pipeline.fireChannelReadComplete()
        return try self.answers()
    }

    /// The application answers the first request that has passed.
    func respond(_ body: String = "") {
        self.channel.write(HTTPResponsePart.head(HTTPResponse(status: .ok)), promise: nil)
        self.channel.write(HTTPResponsePart.body(ByteBuffer(string: body)), promise: nil)
        self.channel.writeAndFlush(HTTPResponsePart.end(nil), promise: nil)
    }

    /// The answers that have left since the last ones were taken.
    func answers() throws -> [Answer] {
        var answers: [Answer] = []
        while let part = try self.channel.readOutbound(as: HTTPResponsePart.self) {
            switch part {
            case .head(let head): answers.append(Answer(head: head))
            case .body(let buffer): answers[answers.count - 1].body += String(buffer: buffer)
            case .end: break
            }
        }
        return answers
    }

    private final class Application: ChannelInboundHandler {
        typealias InboundIn = HTTPRequestPart

        var passed: [String] = []
        var isQuiescing = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch self.unwrapInboundIn(data) {
            case .head(let head): self.passed.append("\(head.method) \(head.path ?? "")")
            case .body(let buffer): self.passed.append(String(buffer: buffer))
            case .end: self.passed.append("end")
            }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is ChannelShouldQuiesceEvent { self.isQuiescing = true }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            self.passed.append("error")
        }
    }
}
