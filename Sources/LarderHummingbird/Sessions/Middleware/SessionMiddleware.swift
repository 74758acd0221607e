import HTTPTypes
public import Hummingbird

/// Gives routes the session of the browser that asks, and saves what they change in it.
///
/// ```swift
/// router.add(middleware: SessionMiddleware(Sessions(cache)))
/// router.get("/") { request, context in
///     let session = try await context.session
///     try session.update(.visits, default: 0) { $0 += 1 }
/// ```
///
/// The session is read when a route first asks for it, and saved after the route has returned its response and before that is sent:
/// a browser that has seen the answer finds what it was told. Where saving fails the answer is the error. Errors of status 500 and
/// above, and those of which nobody knows a status, save nothing.
///
/// Answers that may depend on the session say `Vary: Cookie`; those that set its cookie say `Cache-Control: private`, whatever the
/// route has said, and lose what tells other caches otherwise.
public struct SessionMiddleware<Context: SessionRequestContext>: RouterMiddleware {
    private let keeper: any SessionKeeping
    private let cookie: SessionCookie

    /// Keeps sessions in a cache.
    ///
    /// - Parameters:
    ///   - sessions: The sessions.
    ///   - cookie: The cookie in which browsers keep the id.
    ///   - context: The routes' context.
    public init(_ sessions: Sessions, cookie: SessionCookie = .standard, context: Context.Type = Context.self) {
        self.keeper = sessions
        self.cookie = cookie
    }

    /// Keeps sessions in cookies.
    ///
    /// - Parameters:
    ///   - sessions: The sessions.
    ///   - cookie: The cookie in which browsers keep them.
    ///   - context: The routes' context.
    public init(_ sessions: CookieSessions, cookie: SessionCookie = .standard, context: Context.Type = Context.self) {
        self.keeper = sessions
        self.cookie = cookie
    }

    /// Answers a request.
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let cookies = self.cookie.values(in: request)
        let pending = PendingSession(self.keeper, cookies)
        var context = context
        context.sessionSlot = SessionSlot(pending)
        if self.keeper.renewsUnread, !cookies.isEmpty { _ = try await pending.session() }
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as any HTTPResponseError where error.status.code < 500 {
            // Who catches it by its type shall find it as it was thrown.
            if pending.ifOpened == nil { throw error }
            // An answer like another: somebody was told that they are not allowed to, and is remembered.
            let edit = try await self.edit(pending)
            throw ErrorWithFields.adding(to: error, edit)
        }
        // An answer of that kind says that something went wrong half-way.
        let edit = response.status.code < 500 ? try await self.edit(pending) : Self.reading(pending)
        edit(&response.headers)
        return response
    }

    /// Saves the session, if somebody has asked for it.
    ///
    /// - Returns: What that does to an answer's fields.
    private func edit(_ pending: PendingSession) async throws -> @Sendable (inout HTTPFields) -> Void {
        guard let session = pending.decide() else { return { _ in } }
        let field = self.cookie.field(for: try await self.keeper.close(session))
        return { headers in
            headers.varyOnCookie()
            if let field { headers.setPrivateCookie(field) }
        }
    }

    private static func reading(_ pending: PendingSession) -> @Sendable (inout HTTPFields) -> Void {
        if pending.decide() == nil { return { _ in } }
        return { $0.varyOnCookie() }
    }
}
