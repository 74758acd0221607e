import AsyncHTTPClient
import HTTPTypes
import HummingbirdCore
import LarderHTTP
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import ServiceLifecycle

/// The server behind the proxy.
final class Origin: Service {
    private let client: HTTPClient
    private let exchanges: OriginExchanges
    private let forwarding: Forwarding
    private let url: String
    private let answerTimeout: Duration
    private let date: @Sendable () -> HTTPDate

    /// How long the upload of a body may take in all; while it goes on, the timeouts for its pieces count.
    private static let longestUpload: TimeAmount = .hours(1)

    init(
        _ settings: Settings,
        forwarding: Forwarding,
        date: @escaping @Sendable () -> HTTPDate,
        eventLoopGroup: any EventLoopGroup
    ) {
        let exchanges = OriginExchanges()
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: TimeAmount(settings.connectTimeout),
                // There is none for reading: it would run on while a client pauses, and nothing is asked of the origin.
                write: TimeAmount(settings.answerTimeout)
            ),
            decompression: .disabled,
            http1_1ConnectionDebugInitializer: { OriginConnection.install(on: $0, exchanges) }
        )
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.mostConnections
        // Who waits for an answer is told at once that there is nobody.
        configuration.connectionPool.retryConnectionEstablishment = false
        self.client = HTTPClient(eventLoopGroup: eventLoopGroup, configuration: configuration)
        self.exchanges = exchanges
        self.forwarding = forwarding
        self.url = settings.origin.url
        self.answerTimeout = settings.answerTimeout
        self.date = date
    }

    /// Keeps the connections until the proxy shuts down.
    func run() async throws {
        try? await gracefulShutdown()
        try await self.client.shutdown()
    }

    /// Asks the origin.
    ///
    /// - Parameters:
    ///   - request: What to ask, as the cache has it.
    ///   - body: The client's body.
    ///   - interim: Where interim answers go.
    /// - Returns: The answer, as soon as its head is there; its body comes as it is read.
    /// - Throws: ``ProxyFailure`` where there is none, ``ClientFailure`` if the client's body could not be read.
    func send(_ request: HTTPRequest, body: ClientBody? = nil, interim: InterimAnswers? = nil) async throws -> Response
    {
        let outgoing = self.forwarding.outgoing(request)
        do {
            return try await self.attempt(outgoing, body, interim)
        } catch let failure as ProxyFailure
            where failure.isOfUsedConnection && body == nil && request.method.isIdempotent
        {
            // RFC 9110, section 9.2.2: the origin closed a connection that seemed to be free.
            return try await self.attempt(outgoing, body, interim)
        }
    }

    private func attempt(
        _ request: HTTPRequest,
        _ body: ClientBody?,
        _ interim: InterimAnswers?
    ) async throws -> Response {
        let exchange = OriginExchange(target: request.path ?? "/") { [forwarding] head in
            guard let interim else { return }
            Self.pass(head, to: interim, forwarding)
        }
        let number = self.exchanges.add(exchange)
        defer {
            self.exchanges.remove(number)
            exchange.endInterim()
        }

        var outgoing = HTTPClientRequest(url: self.url)
        outgoing.method = HTTPMethod(request.method)
        if let authority = request.authority { outgoing.headers.add(name: "Host", value: authority) }
        for field in request.headerFields { outgoing.headers.add(name: field.name.rawName, value: field.value) }
        outgoing.headers.replaceOrAdd(name: HTTPField.Name.larderExchange.rawName, value: number)
        if let body {
            // An origin that has answered and reads no more would keep its connection.
            body.pipe.whenAbandoned { exchange.breakOff() }
            outgoing.body = .stream(body.pipe, length: body.length.map { .known(Int64($0)) } ?? .unknown)
        }
        do {
            let answer = try await self.execute(outgoing, body)
            return try await self.response(answer, to: request.method, exchange)
        } catch let error as ClientFailure {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            var failure = ProxyFailure(error)
            failure.isOfUsedConnection = failure.isLostConnection && exchange.isOnUsedConnection
            throw failure
        }
    }

    /// Sends a request, and waits for the head of its answer as long as that may take.
    private func execute(_ request: HTTPClientRequest, _ body: ClientBody?) async throws -> HTTPClientResponse {
        guard let body else { return try await self.client.execute(request, timeout: TimeAmount(self.answerTimeout)) }
        // The HTTP client looks at the body only while the origin takes it.
        return try await withThrowingTaskGroup(of: HTTPClientResponse?.self) { group in
            group.addTask { try await self.client.execute(request, timeout: Self.longestUpload) }
            group.addTask {
                try await body.pipe.failure()
                return nil
            }
            group.addTask {
                try await body.pipe.stall(self.answerTimeout)
                throw ProxyFailure.late
            }
            defer { group.cancelAll() }
            while let answer = try await group.next() {
                if let answer { return answer }
            }
            throw CancellationError()
        }
    }

    private static func pass(_ head: HTTPResponseHead, to interim: InterimAnswers, _ forwarding: Forwarding) {
        // Nothing was asked for that could be switched to.
        guard head.status != .switchingProtocols else { return }
        let fields = forwarding.incoming(HTTPFields(head.headers, splitCookie: false), isOld: false)
        interim.send(HTTPResponse(status: .init(code: Int(head.status.code)), headerFields: fields))
    }

    private func response(
        _ answer: HTTPClientResponse,
        to method: HTTPRequest.Method,
        _ exchange: OriginExchange
    ) async throws -> Response {
        let code = Int(answer.status.code)
        guard (200...999).contains(code) else { throw ProxyFailure.nonsense }
        var fields = HTTPFields(answer.headers, splitCookie: false)
        fields = self.forwarding.incoming(fields, isOld: answer.version == .http1_0)
        if !fields.contains(.date) { fields[.date] = self.date().description }
        let status = HTTPResponse.Status(code: code, reasonPhrase: answer.status.reasonPhrase)
        let body = answer.body
        guard method != .head, code != 204, code != 304 else {
            // Nothing comes here; reading it to its end gives the connection back.
            for try await _ in body {}
            return Response(status: status, headers: fields, body: .init { try await $0.finish(nil) })
        }
        let length = fields[.contentLength].flatMap { Int($0) }
        let patience = self.answerTimeout
        return Response(
            status: status,
            headers: fields,
            body: ResponseBody(contentLength: length) { writer in
                var pieces = body.makeAsyncIterator()
                let deadline = AnswerDeadline(patience) { exchange.breakOff() }
                defer { deadline.end() }
                while let buffer = try await Self.next(of: &pieces, within: deadline) { try await writer.write(buffer) }
                try await writer.finish(nil)
            }
        )
    }

    /// The next piece of an answer's body; `nil` at its end.
    ///
    /// - Throws: ``AnswerBrokenOff``, which breaks off the client's answer as well: what is not whole must not look as if it were. An
    ///   error of the origin's parser would do worse, since the server takes it for one of the client's and answers it.
    private static func next(
        of pieces: inout HTTPClientResponse.Body.AsyncIterator,
        within deadline: AnswerDeadline
    ) async throws -> ByteBuffer? {
        deadline.beginWaiting()
        defer { deadline.endWaiting() }
        do {
            return try await pieces.next(isolation: #isolation)
        } catch {
            throw AnswerBrokenOff(cause: error)
        }
    }
}

/// The origin's answer ended before its time.
struct AnswerBrokenOff: Error {
    let cause: any Error
}

extension HTTPRequest.Method {
    /// Whether doing it twice is doing it once (RFC 9110, section 9.2.2).
    fileprivate var isIdempotent: Bool {
        switch self {
        case .get, .head, .options, .trace, .put, .delete: true
        default: false
        }
    }
}
