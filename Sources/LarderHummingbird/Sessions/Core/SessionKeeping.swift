/// What keeps sessions, as the middleware sees it: a cache, or the browser itself.
protocol SessionKeeping: Sendable {
    /// Whether requests that do not read their session put off its end, too.
    var renewsUnread: Bool { get }

    /// The session that a cookie names.
    ///
    /// - Parameter cookies: The values of all cookies of the session's name, in the request's order.
    /// - Returns: The session; a new one where they name none.
    /// - Throws: ``SessionError`` with ``SessionError/Code/unavailable``.
    func open(_ cookies: [String]) async throws -> Session

    /// Stores what a request has changed.
    ///
    /// - Parameter session: The session, to be changed no more.
    /// - Returns: What the browser is to be told.
    /// - Throws: ``SessionError``; then nothing is reported as saved that was not.
    func close(_ session: Session) async throws -> CookieOrder
}

/// What a browser is to do with its cookie.
enum CookieOrder: Sendable, Hashable {
    case keep
    /// To keep it for so long; `nil`, until the browser is closed.
    case set(String, Duration?)
    case remove
}
