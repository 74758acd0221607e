import HTTPTypes
import Hummingbird
import LarderHummingbird

/// What is noted of visits.
struct Visits: Sendable {
    let recorder: EventRecorder
    let sessions: Sessions

    /// Remembers something of a visitor, if that can be.
    ///
    /// The visitor has the page; that nobody can remember it while the sessions' store is away is no reason for an error. Nor is it one
    /// that the session has ended or got another id meanwhile: a page that was asked for with the old cookie, while somebody signed in.
    ///
    /// - Parameters:
    ///   - session: Where it is remembered.
    ///   - change: Changes the session.
    /// - Returns: What it returns; `nil` where nothing was remembered.
    /// - Throws: `SessionError` for everything but a store that is away and a session that is over.
    @discardableResult
    func remember<Answer: Sendable>(in session: Session, _ change: () throws -> Answer) async throws -> Answer? {
        // One that nobody could read.
        if session.isStandIn { return nil }
        let answer = try change()
        do {
            try await self.sessions.save(session)
            return answer
        } catch let error as SessionError where error.code == .unavailable || error.code == .ended {
            try session.discardChanges()
            return nil
        }
    }
}

/// Counts pages and remembers who looks at which book; who is new gets a session.
///
/// It stands before the cache of pages, so a page that comes out of it is a visit like any other. And it asks for the session
/// after the page is made, which is why the page can be everybody's.
struct PageVisitMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    let visits: Visits

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        guard request.method == .get, response.status.isShown else { return response }
        let session = try await context.session
        let visitor = try await self.visits.remember(in: session) {
            let visitor = try session.meet()
            if let book = context.book { try session.follow(to: book) }
            return visitor
        }
        self.visits.recorder.note(.page(visitor))
        if let book = context.book { self.visits.recorder.note(.book(book)) }
        return response
    }
}

/// Counts calls of the API.
///
/// It begins no sessions: programs that call the API would not keep the cookie. Who has one from the pages keeps being that visitor.
struct CallVisitMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    let visits: Visits

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        let session = try await context.session
        self.visits.recorder.note(.apiCall(session.visitor))
        let response = try await next(request, context)
        if request.method == .get, response.status.isShown, let book = context.book {
            self.visits.recorder.note(.book(book))
            if session.visitor != nil { try await self.visits.remember(in: session) { try session.follow(to: book) } }
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
