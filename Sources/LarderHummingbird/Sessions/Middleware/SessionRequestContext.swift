import HTTPTypes
public import Hummingbird
import Synchronization

/// A request context through which routes get the session.
///
/// ```swift
/// struct AppContext: SessionRequestContext {
///     var coreContext: CoreRequestContextStorage
///     var sessionSlot = SessionSlot()
///
///     init(source: ApplicationRequestContextSource) { self.coreContext = .init(source: source) }
/// }
/// ```
public protocol SessionRequestContext: RequestContext {
    /// Where ``SessionMiddleware`` puts the session; empty before that.
    var sessionSlot: SessionSlot { get set }
}

extension SessionRequestContext {
    /// The request's session, which is read from its store when somebody first asks for it.
    ///
    /// That has to be before the route has returned its response: nothing could be saved, nor the browser be told, by what is asked
    /// for while the body is sent.
    ///
    /// - Throws: ``SessionError`` with ``SessionError/Code/unavailable`` where the store cannot be asked, with
    ///   ``SessionError/Code/closed`` where it is first asked for after the response was returned, or with
    ///   ``SessionError/Code/noMiddleware``.
    public var session: Session {
        get async throws { try await self.sessionSlot.session() }
    }
}

/// The place of a session in a request context.
public struct SessionSlot: Sendable {
    private let pending: PendingSession?
    /// The stored answer that this place's route makes, as ``PendingSession`` counts them; `nil` outside of any.
    private let answer: Int?

    /// An empty place.
    public init() { self.init(nil, answer: nil) }

    init(_ pending: PendingSession) { self.init(pending, answer: nil) }

    private init(_ pending: PendingSession?, answer: Int?) {
        self.pending = pending
        self.answer = answer
    }

    /// The place of a route whose answer may be stored for all: it ends with ``keepPrivateIfOpened(_:)``, while who stands outside may
    /// still ask for the session.
    func forStoredAnswer() -> Self {
        Self(self.pending, answer: self.pending?.beginAnswer())
    }

    /// Keeps an answer out of shared caches whose route has asked for the session, or somebody before the route.
    ///
    /// The body cannot ask for it any more: it may be stored for all.
    func keepPrivateIfOpened(_ fields: inout HTTPFields) {
        guard let answer = self.answer, self.pending?.end(answer: answer) != nil else { return }
        fields.varyOnCookie()
        fields.keepPrivate()
    }

    func session() async throws -> Session {
        guard let pending = self.pending else {
            throw SessionError(.noMiddleware, "no SessionMiddleware stands before this route")
        }
        return try await pending.session(for: self.answer)
    }
}

/// The session of a request, read when somebody first asks for it.
final class PendingSession: Sendable {
    private let keeper: any SessionKeeping
    private let cookies: [String]
    private let progress = Mutex(Progress())

    private struct Progress {
        var session: Session?

        /// Whether it is decided what the response's fields say.
        var isDecided = false

        /// Whether each of the answers that may be stored was returned without anybody having asked for the session.
        ///
        /// The body of such a one never gets it, even where somebody outside has asked since.
        var areForAll: [Bool] = []

        func opened(for answer: Int?) throws -> Session? {
            let isForAll = answer.map { self.areForAll[$0] } ?? false
            if isForAll || (self.session == nil && self.isDecided) {
                throw SessionError(.closed, "the session was first asked for after the response was returned")
            }
            return self.session
        }
    }

    init(_ keeper: any SessionKeeping, _ cookies: [String]) {
        self.keeper = keeper
        self.cookies = cookies
    }

    /// Decides what the response says of the session, after which nobody who has not asked for it before gets it.
    ///
    /// - Returns: The session, if somebody has asked for it.
    func decide() -> Session? {
        self.progress.withLock { progress in
            progress.isDecided = true
            return progress.session
        }
    }

    /// Begins an answer that may be stored for all.
    func beginAnswer() -> Int {
        self.progress.withLock { progress in
            progress.areForAll.append(false)
            return progress.areForAll.count - 1
        }
    }

    /// Decides what such an answer says of the session; its route, if it has not asked for it before, gets it no more.
    ///
    /// - Returns: The session, if somebody has asked for it.
    func end(answer: Int) -> Session? {
        self.progress.withLock { progress in
            progress.areForAll[answer] = progress.session == nil
            return progress.session
        }
    }

    /// The session, if somebody has asked for it.
    var ifOpened: Session? { self.progress.withLock { $0.session } }

    func session(for answer: Int? = nil) async throws -> Session {
        if let session = try self.progress.withLock({ try $0.opened(for: answer) }) { return session }
        let session = try await self.keeper.open(self.cookies)
        // Two tasks of one request may both have read it; all of them have to work with one.
        return try self.progress.withLock { progress in
            if let opened = try progress.opened(for: answer) { return opened }
            progress.session = session
            return session
        }
    }
}
