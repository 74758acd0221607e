import HTTPTypes
import Hummingbird
import LarderHummingbird

/// Counts pages and remembers who looks at which book; who is new gets a session.
///
/// It stands before the cache of pages, so a page that comes out of it is a visit like any other. And it asks for the session
/// after the page is made, which is why the page can be everybody's.
struct PageVisitMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    let recorder: EventRecorder

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        guard request.method == .get, response.status.isShown else { return response }
        let session = try await context.session
        // While sessions cannot be read, nobody is known, and nothing can be remembered.
        let visitor = session.isStandIn ? nil : try session.meet()
        self.recorder.note(.page(visitor))
        if let book = context.book {
            self.recorder.note(.book(book))
            if visitor != nil { try session.follow(to: book) }
        }
        return response
    }
}

/// Counts calls of the API.
///
/// It begins no sessions: programs that call the API would not keep the cookie. Who has one from the pages keeps being that visitor.
struct CallVisitMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    let recorder: EventRecorder

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        let session = try await context.session
        self.recorder.note(.apiCall(session.visitor))
        let response = try await next(request, context)
        if request.method == .get, response.status.isShown, let book = context.book {
            self.recorder.note(.book(book))
            if session.visitor != nil { try session.follow(to: book) }
        }
        return response
    }
}

extension ShopContext {
    /// The book whose page or answer a route shows; `nil` for other routes.
    fileprivate var book: Int? {
        guard let route = self.endpointPath, route.hasSuffix("/books/{id}") else { return nil }
        return self.parameters.get("id", as: Int.self)
    }
}

extension HTTPResponse.Status {
    /// Whether the visitor sees what was asked for, be it that the browser has it already.
    fileprivate var isShown: Bool { self.kind == .successful || self == .notModified }
}
