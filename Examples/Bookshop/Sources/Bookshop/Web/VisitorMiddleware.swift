import HTTPTypes
import Hummingbird

/// Knows visitors by their cookie, gives one to those who are new, and counts pages.
struct PageVisitorMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    let cookies: VisitorCookies
    let recorder: EventRecorder

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        let visitor = self.cookies.visitor(in: request) ?? Visitor.new()
        var context = context
        context.visitor = visitor
        var response = try await next(request, context)
        if !visitor.isReturning { response.setCookie(self.cookies.cookie(for: visitor)) }
        // What is on it depends on the visitor, so nobody else may get it.
        response.headers[.cacheControl] = "private, no-cache"
        if request.method == .get { self.recorder.note(.page(visitor)) }
        return response
    }
}

/// Knows visitors by their cookie, if they have one, and counts calls.
///
/// It gives no cookies: programs that call the API would not keep them.
struct CallerMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    let cookies: VisitorCookies
    let recorder: EventRecorder

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.visitor = self.cookies.visitor(in: request)
        self.recorder.note(.apiCall(context.visitor))
        return try await next(request, context)
    }
}
