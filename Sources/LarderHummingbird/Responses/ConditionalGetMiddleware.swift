#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import HTTPTypes
public import Hummingbird
import LarderHTTP
import NIOCore

/// Tells clients that have an answer already that it is still the same, with 304 and without its body: Django's
/// `ConditionalGetMiddleware`.
///
/// Pages out of a ``ResponseCacheMiddleware`` do so by themselves, and before the handler runs. This one is for those that no cache may
/// keep for all, such as a visitor's own: their handlers run, and what they have made goes on its way only where it has changed.
///
/// ```swift
/// router.add(middleware: ConditionalGetMiddleware())
/// ```
///
/// Answers to GET of status 200 whose length is known get an `ETag` of their bytes where they have none; those that say `no-store` are
/// left alone (RFC 9110, section 13). Put it before middlewares that change bodies, such as those that compress.
public struct ConditionalGetMiddleware<Context: RequestContext>: RouterMiddleware {
    private let longest: Int

    /// Makes the middleware.
    ///
    /// - Parameters:
    ///   - longest: How long a body may be to get a tag, in bytes: it is taken whole before its head leaves.
    ///   - context: The routes' context.
    public init(upTo longest: Int = 1 << 20, context: Context.Type = Context.self) {
        self.longest = longest
    }

    /// Lets the route answer, and sends what the client does not have.
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard request.method == .get, response.status == .ok, !Self.isSecret(response.headers) else { return response }
        if !response.headers.contains(.eTag) {
            guard let length = response.body.contentLength, length <= self.longest else { return response }
            let gathered = GatheredBody()
            try await response.body.write(GatheringWriter(gathered))
            response.headers[.eTag] = ResponseCache.entityTag(of: gathered.buffer)
            response.body = ResponseBody(byteBuffer: gathered.buffer)
        }
        let now = HTTPTime(timeIntervalSince1970: Date().timeIntervalSince1970)
        let decision = OriginPreconditions(request.head, answeredWith: response.headers, now: now)
        // A condition that fails is for the route, which has carried the request out already.
        guard decision == .notModified else { return response }
        var headers = response.headers
        // What the client has says these (RFC 9110, section 15.4.5).
        for name in [HTTPField.Name.contentLength, .contentType, .contentEncoding, .contentLanguage] {
            headers[name] = nil
        }
        var answer = Response(status: .notModified, headers: headers)
        // It has no length but that of what it confirms (RFC 9110, section 8.6), and an empty body brings a zero.
        answer.headers[.contentLength] = nil
        return answer
    }

    private static func isSecret(_ headers: HTTPFields) -> Bool {
        ResponseDirectives(cacheControl: headers).flags.contains(.noStore)
    }
}
