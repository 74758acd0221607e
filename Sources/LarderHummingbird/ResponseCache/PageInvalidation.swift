import Crypto
public import Hummingbird
import Larder
import NIOCore

/// Who may take pages back over HTTP.
public struct PurgeAuthorization<Context: RequestContext>: Sendable {
    let isAllowed: @Sendable (Request, Context) async throws -> Bool

    /// Whoever a function lets.
    ///
    /// - Parameter isAllowed: Says whether a request may.
    /// - Returns: The authorization.
    public static func checked(by isAllowed: @escaping @Sendable (Request, Context) async throws -> Bool) -> Self {
        Self(isAllowed: isAllowed)
    }

    /// Whoever sends a token: `Authorization: Bearer …` (RFC 6750).
    ///
    /// - Parameter token: The token; one that is empty lets nobody.
    /// - Returns: The authorization.
    public static func bearer(_ token: String) -> Self {
        let expected = SHA256.hash(data: Array(token.utf8))
        return Self { request, _ in
            guard !token.isEmpty, let field = request.headers[.authorization] else { return false }
            let parts = field.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
            // Digests compare in a time that tells nothing of the token.
            return SHA256.hash(data: Array(parts[1].utf8)) == expected
        }
    }
}

/// What a client of the invalidation endpoint sends.
public struct PageInvalidation: Codable, Sendable {
    /// Tags whose pages go.
    public var tags: [String]?
    /// Addresses of pages that go, with scheme and host.
    public var urls: [String]?
    /// How addresses of pages that go begin.
    public var prefixes: [String]?
    /// Whether all pages go.
    public var all: Bool?
    /// Whether pages under the tags are left to stand in where stale answers may.
    public var soft: Bool?
}

extension ResponseCache {
    /// A handler that takes pages back for those who may: `POST` with a JSON object of ``PageInvalidation``.
    ///
    /// ```swift
    /// router.post("cache/invalidate", use: pages.invalidationHandler(.bearer(token)))
    /// ```
    ///
    /// It answers 204 when everything has been taken back, 401 to whoever may not, 400 where the body or an address in it is none, and
    /// 503 where the store could not be asked.
    ///
    /// - Parameter authorization: Who may.
    /// - Returns: The handler.
    public func invalidationHandler<Context: RequestContext>(
        _ authorization: PurgeAuthorization<Context>
    ) -> @Sendable (Request, Context) async throws -> Response {
        { request, context in
            guard try await authorization.isAllowed(request, context) else { return Self.unauthorized() }
            let wanted: PageInvalidation
            do {
                wanted = try await request.decode(as: PageInvalidation.self, context: context)
            } catch {
                throw HTTPError(
                    .badRequest,
                    message:
                        "expected a JSON object with tags, urls, prefixes (lists of text), all or soft (true, false)"
                )
            }
            try await Self.reporting { try await self.carryOut(wanted) }
            return Self.done()
        }
    }

    private func carryOut(_ wanted: PageInvalidation) async throws {
        if let tags = wanted.tags, !tags.isEmpty {
            try await self.purge(tags: tags, wanted.soft == true ? .expire : .remove)
        }
        for url in wanted.urls ?? [] {
            guard try await self.purge(url: url) else {
                throw HTTPError(
                    .badRequest,
                    message: "an address in urls is none of a page here; they begin with scheme and host"
                )
            }
        }
        for prefix in wanted.prefixes ?? [] {
            guard !prefix.isEmpty else {
                throw HTTPError(.badRequest, message: "a prefix is empty; \"all\" drops everything")
            }
            try await self.purge(prefix: prefix)
        }
        if wanted.all == true { try await self.purgeAll() }
    }

    /// Turns what a store throws into what a client of HTTP understands.
    static func reporting(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as CacheError where error.code == .unavailable {
            throw HTTPError(
                .serviceUnavailable,
                message: "the cache's store cannot be reached; nothing more was taken back"
            )
        } catch let error as CacheError where error.code == .invalidTag {
            throw HTTPError(.badRequest, message: "a tag is empty or too long")
        }
    }

    static func done() -> Response {
        var response = Response(status: .noContent)
        response.headers[.contentLength] = nil
        return response
    }

    static func unauthorized() -> Response {
        Response(status: .unauthorized, headers: [.wwwAuthenticate: "Bearer"])
    }
}

/// Answers the method `PURGE`, by which Varnish, Squid and Fastly drop a page: all variants of the request's own address.
///
/// It stands before a ``ResponseCacheMiddleware`` of the same pages. Whoever may not gets a 401, and without it `PURGE` is a method that no
/// route has.
public struct PurgeMiddleware<Context: RequestContext>: RouterMiddleware {
    private let pages: ResponseCache
    private let authorization: PurgeAuthorization<Context>

    /// Answers `PURGE`.
    ///
    /// - Parameters:
    ///   - pages: The pages.
    ///   - authorization: Who may.
    public init(_ pages: ResponseCache, _ authorization: PurgeAuthorization<Context>) {
        self.pages = pages
        self.authorization = authorization
    }

    /// Drops the page of a `PURGE`, and passes all else on.
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.method.rawValue == "PURGE" else { return try await next(request, context) }
        guard try await self.authorization.isAllowed(request, context) else { return ResponseCache.unauthorized() }
        try await ResponseCache.reporting { try await self.pages.purge(requested: request) }
        return ResponseCache.done()
    }
}
