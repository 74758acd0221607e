import HTTPTypes
import Hummingbird

/// Refuses what pages of other sites send: nobody is signed in or out by them.
///
/// Browsers say where a form comes from in headers that no page can forge. `Sec-Fetch-Site` they send only to addresses that they trust,
/// which are those with HTTPS and the machine itself; `Origin` they send with every POST. What sends neither is no browser, and
/// has no visitor to deceive.
struct SameOriginMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        guard Self.isOwn(request.head) else {
            throw HTTPError(.forbidden, message: "This form belongs on a page of the shop.")
        }
        return try await next(request, context)
    }

    private static func isOwn(_ request: HTTPRequest) -> Bool {
        if let site = request.headerFields[.secFetchSite] { return site == "same-origin" }
        guard let origin = request.headerFields[.origin] else { return true }
        // `null` has no authority: a page in a sandbox, or one that hides where it is from. The scheme is not compared, because behind a
        // proxy that ends TLS the shop does not know its own.
        guard let separator = origin.firstRange(of: "://"), let authority = request.authority else { return false }
        return origin[separator.upperBound...].lowercased() == authority.lowercased()
    }
}
