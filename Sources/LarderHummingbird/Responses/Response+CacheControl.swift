public import HTTPTypes
public import Hummingbird

extension Response {
    /// Says who may keep this answer, and for how long: Django's `cache_control`.
    ///
    /// It takes the place of what the answer said before.
    ///
    /// - Parameter directives: The members of `Cache-Control`.
    public mutating func cacheControl(_ directives: CacheControlDirective...) {
        self.cacheControl(directives)
    }

    /// Says who may keep this answer, and for how long.
    ///
    /// - Parameter directives: The members of `Cache-Control`.
    public mutating func cacheControl(_ directives: [CacheControlDirective]) {
        self.headers[.cacheControl] = directives.map(\.description).joined(separator: ", ")
        // It would contradict what is said now, to those who know nothing else.
        self.headers[.expires] = nil
    }

    /// Keeps this answer out of every cache: Django's `never_cache`.
    public mutating func neverCache() {
        self.cacheControl(.maxAge(.zero), .noCache, .noStore, .mustRevalidate, .private)
    }

    /// Names fields in `Vary`, beside those that are named: Django's `vary_on_headers`.
    ///
    /// - Parameter names: Fields of the request by which the answer differs.
    public mutating func vary(on names: HTTPField.Name...) {
        self.headers.addVary(names)
    }
}

/// Says of all answers behind it who may keep them, unless they say it themselves.
public struct CacheControlMiddleware<Context: RequestContext>: RouterMiddleware {
    private let directives: [CacheControlDirective]
    private let isNever: Bool

    /// Says of all answers behind it who may keep them.
    ///
    /// - Parameter directives: The members of `Cache-Control`.
    public init(_ directives: CacheControlDirective...) {
        self.directives = directives
        self.isNever = false
    }

    private init() {
        self.directives = []
        self.isNever = true
    }

    /// Keeps all answers behind it out of every cache, whatever they say.
    ///
    /// - Returns: The middleware.
    public static func neverCache() -> Self { Self() }

    /// Adds what an answer does not say.
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if self.isNever {
            response.neverCache()
        } else if !response.headers.contains(.cacheControl) {
            response.cacheControl(self.directives)
        }
        return response
    }
}
