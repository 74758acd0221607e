public import HTTPTypes
public import Hummingbird
import Larder

/// What can go wrong with a session.
public struct SessionError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Sendable, Hashable {
        /// The store could not be asked, so nobody knows whether there is a session; or it did not take what was to be saved.
        ///
        /// Trying again can help.
        case unavailable
        /// Another request has changed the session since this one read it, and ``SessionConcurrency/conflict`` was asked for.
        ///
        /// Trying again, with what there is by then, can help.
        case conflict
        /// The session was ended or got another id while this request had it: somebody signed in, signed out, or revoked it.
        ///
        /// What the request changed is not saved.
        case ended
        /// A value could not be turned into JSON.
        case encodingFailed
        /// The session does not fit into a cookie.
        case tooLarge
        /// The session was saved with the response, or first asked for after that was returned; what is changed later would be
        /// lost.
        case closed
        /// No ``SessionMiddleware`` stands before the route.
        case noMiddleware
        /// The cookie's name or attributes contradict each other.
        case invalidCookie
    }

    /// The kind of failure.
    public let code: Code

    /// What happened, for people; never a value.
    public let message: String

    /// The error that caused this one.
    public let underlying: (any Error)?

    init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// Whether the same request can succeed later.
    public var canRetry: Bool { self.code == .unavailable || self.code == .conflict }

    /// The code, the message and the cause in one line.
    public var description: String {
        let text = "\(self.code.rawValue): \(self.message)"
        return self.underlying.map { "\(text): \($0)" } ?? text
    }

    static let ended = SessionError(.ended, "the session was ended, or got another id, while the request had it")

    /// What a cache has thrown, as an error of sessions.
    static func of(_ error: any Error, _ message: String) -> any Error {
        guard let error = error as? CacheError else { return error }
        switch error.code {
        case .encodingFailed: return SessionError(.encodingFailed, message, underlying: error)
        case .valueTooLarge: return SessionError(.tooLarge, message, underlying: error)
        default: return SessionError(.unavailable, message, underlying: error)
        }
    }
}

extension SessionError: HTTPResponseError {
    /// 503 where the store cannot be asked, 409 where another request came first, else 500.
    public var status: HTTPResponse.Status {
        switch self.code {
        case .unavailable: .serviceUnavailable
        case .conflict, .ended: .conflict
        case .encodingFailed, .tooLarge, .closed, .noMiddleware, .invalidCookie: .internalServerError
        }
    }

    /// The answer, as `application/problem+json` (RFC 9457).
    ///
    /// What the store has said is for the log alone.
    public func response(from request: Request, context: some RequestContext) throws -> Response {
        let detail: String? =
            switch self.code {
            case .unavailable: "Sessions are not available at the moment."
            case .conflict: "Another request has changed the session meanwhile. Please try again."
            case .ended: "The session was ended meanwhile."
            default: nil
            }
        var problem = ProblemDetails(self.status, title: self.status.reasonPhrase, detail: detail)
        if self.code == .unavailable { problem.retryAfter = 1 }
        return problem.response()
    }
}
