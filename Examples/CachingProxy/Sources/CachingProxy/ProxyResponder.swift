import HTTPTypes
import HummingbirdCore
import LarderHummingbird
import NIOCore

/// What the proxy does with a request.
struct ProxyResponder: Sendable {
    let cache: ResponseCache
    let origin: Origin
    let forwarding: Forwarding
    let longestBody: Int

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - writer: Where the answer goes.
    ///   - channel: The client's connection.
    /// - Throws: What ends the connection: an answer that broke off, or a request that did.
    @concurrent
    func respond(to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let body: ClientBody?
        do {
            body = try ClientBody(of: request, limit: self.longestBody)
        } catch {
            return try await Self.send(error.response(by: self.forwarding.pseudonym), to: request, writer)
        }
        guard let body else {
            let response = try await self.answer(request, nil, channel)
            return try await Self.send(response, to: request, writer)
        }
        // It is gone where the connection has ended, which the body says as well.
        try await body.watch(channel)
        async let pumped: Void = body.pump()
        // However it ends: from here on nobody takes the rest of the body, and nobody waits for that.
        defer { body.pipe.abandon() }
        let response = try await self.answer(request, body, channel)
        try await Self.send(response, to: request, writer)
        body.pipe.abandon()
        // What was wrong with the rest of a request that has its answer ends the connection, without another word.
        do { try await pumped } catch { throw ClientFailure(cause: error) }
    }

    @concurrent
    private static func send(_ response: Response, to request: Request, _ writer: consuming ResponseWriter) async throws
    {
        guard request.method != .head else { return try await writer.writeResponse(response.head) }
        try await writer.write(response: response.head, body: response.body)
    }

    /// A request as the cache is to look for it, before the server sees it.
    ///
    /// - Parameters:
    ///   - request: A request without a body.
    ///   - channel: The client's connection.
    /// - Returns: The request as ``respond(to:_:_:)`` would give it to the cache; `nil` where the proxy may have a word of its own.
    @Sendable func prepared(_ request: HTTPRequest, _ channel: any Channel) -> HTTPRequest? {
        guard !request.headerFields.contains(.expect) else { return nil }
        let head = self.forwarding.identified(request, address: channel.remoteAddress)
        return self.forwarding.knows(head) ? nil : head
    }

    /// The answer: the cache's, the origin's, or the proxy's own.
    private func answer(_ request: Request, _ body: ClientBody?, _ channel: any Channel) async throws -> Response {
        do {
            var head = self.forwarding.identified(request.head, address: channel.remoteAddress)
            try self.check(head, hasBody: body != nil)
            if let own = MaxForwards.count(&head) { return own }
            let expectsContinue = body != nil && head.headerFields.contains(.expect)
            if !expectsContinue { head.headerFields[.expect] = nil }
            let interim = InterimAnswers(channel: channel, expectsContinue: expectsContinue)
            return try await self.cache.respond(
                // A body goes to the origin alone; that there is one, the fields say.
                to: Request(head: head, body: RequestBody(buffer: ByteBuffer())),
                refresh: { try await self.ask($0.head) },
                next: { try await self.ask($0.head, body, interim) }
            )
        } catch let nobody as OriginUnreachable {
            return nobody.response
        } catch let failure as ProxyFailure {
            return failure.response(by: self.forwarding.pseudonym)
        } catch let failure as ClientFailure {
            guard let tooLong = failure.cause as? ProxyFailure else { throw failure.cause }
            return tooLong.response(by: self.forwarding.pseudonym)
        }
    }

    /// Asks the origin; where that does not answer, something stored may stand in.
    private func ask(
        _ head: HTTPRequest,
        _ body: ClientBody? = nil,
        _ interim: InterimAnswers? = nil
    ) async throws -> Response {
        do {
            return try await self.origin.send(head, body: body, interim: interim)
        } catch let failure as ProxyFailure {
            throw OriginUnreachable(failure.response(by: self.forwarding.pseudonym))
        }
    }

    /// Refuses what is not passed on.
    private func check(_ head: HTTPRequest, hasBody: Bool) throws(ProxyFailure) {
        if head.method == .connect { throw .noTunnel }
        if head.method == .trace, hasBody { throw .traceWithBody }
        if self.forwarding.knows(head) { throw .loop }
        let expectations = head.headerFields[values: .expect]
        guard expectations.allSatisfy({ $0.lowercased() == "100-continue" }) else { throw .unknownExpectation }
    }
}
