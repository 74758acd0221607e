public import Hummingbird
public import Larder
import Synchronization

/// Keeps the answers of the routes behind it, and answers from what it keeps: Django's cache middleware and `cache_page`, with the rules
/// of HTTP (RFC 9111).
///
/// On a router it is for all routes added after it, on a group for the group's:
///
/// ```swift
/// let pages = ResponseCacheMiddleware<AppContext>(cache, options: .application(ttl: .seconds(60)))
/// router.group("books").add(middleware: pages).get(":id") { request, context in
///     try await page(context.parameters.require("id"))     // what it fetches from `cache` becomes the page's tags
/// }
/// try await cache.invalidate(tags: ["book:42"])            // and drops the pages that show it
/// ```
///
/// Nothing that could be somebody's is stored: no answer that sets a cookie, none to a request with `Authorization`, nothing `private`, no
/// part of a page, no status that must not be, unless the options say so. A page whose route has asked for the session is its visitor's,
/// wherever the ``SessionMiddleware`` stands.
public struct ResponseCacheMiddleware<Context: RequestContext>: RouterMiddleware {
    /// The cache of answers: its counters, and how pages are taken back.
    public let pages: ResponseCache
    private let responder = Mutex<(any HTTPResponder<Context>)?>.Reference(nil)

    /// Puts a cache of answers before routes.
    ///
    /// - Parameter pages: The cache, which other middlewares may share.
    public init(_ pages: ResponseCache) {
        self.pages = pages
    }

    /// Puts a cache of answers before routes.
    ///
    /// - Parameters:
    ///   - cache: Where the pages lie: the cache that the handlers fetch from, so that pages get its tags.
    ///   - options: What is stored, and how.
    public init(_ cache: Cache, options: ResponseCacheOptions = .application()) {
        self.init(ResponseCache(cache, options: options))
    }

    /// Says through what stale pages are refreshed behind their readers: the router's own responder.
    ///
    /// A middleware may not ask its handler after it has answered, so refreshing behind a reader (`stale-while-revalidate`) goes through the
    /// application once more, past this cache. Without it, one reader waits for the refresh, and the others get the stale page meanwhile.
    ///
    /// ```swift
    /// let responder = router.buildResponder()
    /// pages.refresh(through: responder)
    /// let app = Application(responder: responder)
    /// ```
    ///
    /// - Parameter responder: The responder.
    public func refresh(through responder: some HTTPResponder<Context>) {
        self.responder.value.withLock { $0 = responder }
    }

    /// Answers from what is kept, or lets the route answer and keeps that.
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let beginning = self.pages.begin(request)
        // What a miss needs is not made for a hit.
        if case .answer(let response) = beginning { return response }
        let responder = self.responder.value.withLock { $0 }
        let refresh = responder.map { responder in
            { @Sendable (request: Request) in try await responder.respond(to: request, context: context) }
        }
        return try await self.pages.go(on: beginning, refresh: refresh) { request in
            // A session middleware before this one says so when the page is stored already.
            guard var own = context as? any SessionRequestContext else { return try await next(request, context) }
            own.sessionSlot = own.sessionSlot.forStoredAnswer()
            var response = try await next(request, own as? Context ?? context)
            own.sessionSlot.keepPrivateIfOpened(&response.headers)
            return response
        }
    }
}

extension Mutex where Value: ~Copyable {
    /// A mutex that copies of a value share.
    final class Reference: Sendable where Value: Copyable {
        let value: Mutex<Value>

        init(_ value: sending Value) {
            self.value = Mutex(value)
        }
    }
}
