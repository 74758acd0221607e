import HTTPTypes
import Hummingbird

extension HTTPField.Name {
    /// `Cache-Status`, RFC 9211.
    static let cacheStatus = known("Cache-Status")
    static let referrerPolicy = known("Referrer-Policy")
    /// Where a request comes from, as the browser says (Fetch Metadata).
    static let secFetchSite = known("Sec-Fetch-Site")

    private static func known(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("\(name) is not a header's name") }
        return name
    }
}

/// What a browser may load and run on a page.
enum ContentSecurityPolicy {
    /// Nothing is loaded from elsewhere, and there are no scripts: what slipped through escaping would not run.
    static let plain =
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        + "frame-ancestors 'none'"

    /// The same with the shop's own script files, which may ask the shop's own API.
    static let withScript = Self.plain + "; script-src 'self'; connect-src 'self'"
}

/// Makes browsers ask for a page each time, also when somebody goes back to it.
///
/// `no-cache` is not enough for that: going back shows what the browser's HTTP cache has. `Vary: *` says that a page depends on more than
/// a request tells, here on who is signed in by now, and browsers ask. Those who have it already are told "304 Not Modified".
///
/// It holds where going back is a request. From their back/forward cache browsers restore pages as they were left, and ask nobody; only
/// `no-store` governs that, so pages with somebody's name say it (``PageRenderer``).
struct AskAgainMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.vary] = "*"
        return response
    }
}

/// Headers that every response has.
struct ResponseHeadersMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] = ContentSecurityPolicy.plain
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.referrerPolicy] = "same-origin"
        // The shop knows at once when a title changes; a browser's cache would not.
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-cache" }
        return response
    }
}
