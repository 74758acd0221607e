import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP

extension ResponseCache {
    /// Sends on what the cache does not look up, and drops what its answer makes untrue (RFC 9111, section 4.4).
    ///
    /// - Parameters:
    ///   - incoming: The request.
    ///   - treatment: Why it is not looked up; `nil` where it has no key.
    ///   - next: Asks the handler.
    /// - Returns: The answer.
    /// - Throws: What the handler throws.
    func pass(
        _ incoming: Incoming,
        _ treatment: RequestTreatment?,
        _ next: (Request) async throws -> Response
    ) async throws -> Response {
        self.tallies.bypassed.add()
        // A change of protocol keeps the fields that ask for it.
        if case .bypass(.upgrade) = treatment { return try await next(incoming.request) }
        let requestTime = self.wallTime
        var response = try await next(incoming.request(ConditionalRequest.forwarding(incoming.head)))
        let exchange = Exchange(
            request: incoming.head,
            summary: incoming.summary,
            response: response.head,
            requestTime: requestTime,
            responseTime: self.wallTime
        )
        if case .forwardAndInvalidate = treatment {
            await self.invalidate(
                Invalidation.targets(
                    request: incoming.head,
                    response: response.head,
                    policy: self.policy.key
                )
            )
            if let stored = try await self.storePOST(incoming, exchange, response) { response = stored }
        }
        let forward = treatment.flatMap { CacheStatus.Forward($0) } ?? .bypass
        let status = CacheStatus(self.policy, .forward(forward))
        return Response(status: response.status, headers: self.passing(exchange, status), body: response.body)
    }

    /// Stores the answer to a POST that is one for later GETs (RFC 9110, section 9.3.3).
    ///
    /// - Returns: The answer with its body gathered; `nil` where it is not to be stored.
    private func storePOST(_ incoming: Incoming, _ exchange: Exchange, _ response: Response) async throws -> Response? {
        guard incoming.head.method == .post, let length = response.body.contentLength,
            length <= min(self.options.longestBody, 1 << 20), let key = self.key(of: incoming),
            case .storable(var stored) = Storability(exchange, policy: self.policy)
        else { return nil }
        let call = PageCall(
            incoming: incoming,
            key: key,
            cacheKey: PageKey.key(of: key, prefix: self.options.keyPrefix)
        )
        // After the invalidation that the request itself has caused, and before its body is read.
        let opening = try? await self.cache.openFill(call.cacheKey, replacing: true, for: self.options.fillTimeout)
        guard case .opened(let fill) = opening else { return nil }
        let filling = Filling(fill, nil, nil, self.flights)
        let gathered = GatheredBody()
        try await filling.run { try await response.body.write(GatheringWriter(gathered)) }
        let body = gathered.buffer
        if stored.finish(bodyLength: Int64(body.readableBytes), endedCleanly: true) == nil {
            let variant = StoredPage.Variant(stored: stored, body: body)
            _ = await self.commit(variant, call, Asking(forward: .method), filling)
        }
        var whole = response
        whole.body = ResponseBody(byteBuffer: body)
        return whole
    }
}
