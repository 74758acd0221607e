public import Larder
import Logging

/// Sessions in a cache: in memory, on Redis, on disk, or on any other store of Larder's.
///
/// ```swift
/// let sessions = Sessions(Cache(.redis(client), namespace: "sessions"))
/// router.add(middleware: SessionMiddleware(sessions))
/// ```
///
/// No request is needed to work with them: make one, read one by its id, list those of a user, end one or all.
///
/// The store knows a session by the SHA-256 of its id, so who reads the store has no session. Give sessions a cache of their own:
/// `clear()` signs everybody out, and what is dropped for want of room is somebody's session. A durable store keeps them over
/// restarts, and memory before it makes them quick (`TieredStore`, Django's `cached_db`).
public struct Sessions: Sendable {
    /// Where the sessions are.
    public let cache: Cache

    /// How they behave.
    public let configuration: SessionConfiguration

    let clock: CacheClock
    let logger: Logger
    let outage: OutageNotice

    /// Keeps sessions in a cache.
    ///
    /// - Parameters:
    ///   - cache: Where they are kept.
    ///   - configuration: How they behave.
    ///   - clock: What the time of day is taken from.
    public init(_ cache: Cache, _ configuration: SessionConfiguration = .init(), clock: CacheClock = .system) {
        self.cache = cache
        self.configuration = configuration
        self.clock = clock
        self.logger = Logger(label: "larder.sessions")
        self.outage = OutageNotice(self.logger)
    }

    // MARK: Reading

    /// A new session, which is nowhere until it is saved.
    ///
    /// - Returns: The session.
    public func new() -> Session {
        self.session(SessionState(expiry: self.configuration.expiry, begun: self.clock.sharedMilliseconds))
    }

    /// The session of an id.
    ///
    /// - Parameter id: The id.
    /// - Returns: The session; `nil` where there is none of this id.
    /// - Throws: ``SessionError`` with ``SessionError/Code/unavailable``, whatever ``SessionConfiguration/onUnavailable`` says.
    public func session(_ id: SessionID) async throws -> Session? {
        guard let origin = try await self.origin(of: id), origin.record.isOver != true else { return nil }
        return self.session(SessionState(origin))
    }

    /// What is stored under an id, be it that the session is over.
    func origin(of id: SessionID) async throws -> SessionState.Origin? {
        let lookup: Lookup<SessionRecord>
        do {
            lookup = try await self.cache.lookup(id.reference.key, freshness: self.configuration.freshness)
        } catch {
            throw SessionError.of(error, "a session could not be read")
        }
        switch lookup {
        case .hit(let record, let info):
            let now = self.clock.sharedMilliseconds
            guard self.configuration.lifetime(record.expiry, begun: record.begun, now: now) > .zero else { return nil }
            return .init(id: id, record: record, timeLeft: info.timeLeft)
        case .stale, .miss:
            return nil
        case .unavailable(let error):
            throw SessionError(.unavailable, "a session could not be read", underlying: error)
        }
    }

    func session(_ state: SessionState) -> Session {
        Session(state, defaultExpiry: self.configuration.expiry, clock: self.clock)
    }

    // MARK: Saving

    /// Stores what was changed in a session.
    ///
    /// What other tasks change in the session meanwhile stays, to be saved after. In a route the browser is told with the response,
    /// as if the middleware alone had saved it.
    ///
    /// - Parameter session: The session, which can be changed and saved again after; by one task at a time.
    /// - Returns: The id under which it is stored now; `nil` where it is not, because it was ended or nothing was ever in it.
    /// - Throws: ``SessionError``; what was changed is not saved then, or, after ``SessionError/Code/unavailable``, perhaps not.
    @discardableResult
    public func save(_ session: Session) async throws -> SessionID? {
        let state = session.withState { $0 }
        guard state.isModified else { return state.origin?.id }
        let saved = try await self.store(state)
        let fresh = SessionState(expiry: self.configuration.expiry, begun: self.clock.sharedMilliseconds)
        while true {
            // Outside of the lock, which user code must not run under.
            let current = session.withState { $0 }
            let (next, failure) = current.settled(state, as: saved, or: fresh)
            let isDone = session.withState { now in
                // Another task of the request came between, which every round of this loop takes one of.
                guard now.course.edits == current.course.edits, now.course.saves == current.course.saves else {
                    return false
                }
                let (isClosed, refused) = (now.course.isClosed, now.failure)
                now = next
                now.course.isClosed = isClosed
                now.failure = refused
                return true
            }
            if isDone, let failure { throw failure }
            if isDone { return saved?.id }
        }
    }

    /// Stores what a request has done.
    ///
    /// - Returns: The session as it is stored now; `nil` where it is not.
    func store(_ state: SessionState) async throws -> SessionState.Origin? {
        if let failure = state.failure { throw failure }
        if let refusal = state.refusal { throw refusal }
        do {
            if let abandoned = state.abandoned { try await self.end(abandoned.id.reference) }
            guard let origin = state.origin else {
                return state.isEmpty ? nil : try await self.begin(state)
            }
            guard self.lifetime(state.expiry, begun: state.begun) > .zero else {
                try await self.end(origin.id.reference)
                return nil
            }
            return state.wantsNewID ? try await self.move(state, from: origin) : try await self.change(state, origin)
        } catch {
            throw SessionError.of(error, "a session could not be saved")
        }
    }

    func lifetime(_ expiry: SessionExpiry, begun: Int64) -> Duration {
        self.configuration.lifetime(expiry, begun: begun, now: self.clock.sharedMilliseconds)
    }

    /// Stores a new session.
    private func begin(_ state: SessionState) async throws -> SessionState.Origin? {
        let lifetime = self.lifetime(state.expiry, begun: state.begun)
        guard lifetime > .zero else { return nil }
        let id = SessionID()
        let record = try state.record(over: nil)
        if let user = record.user { try await self.register(id.reference, of: user) }
        try await self.cache.set(
            id.reference.key,
            to: record,
            ttl: .duration(lifetime),
            tags: record.user.map { [Self.tag(of: $0)] } ?? []
        )
        return .init(id: id, record: record, timeLeft: .remaining(lifetime))
    }

    /// Applies a request's changes to what is stored.
    private func change(_ state: SessionState, _ origin: SessionState.Origin) async throws -> SessionState.Origin {
        try await self.cache.update(origin.id.reference.key) { entry in
            let record = try self.merged(state, origin, over: entry.value)
            let timeLeft = self.timeLeft(of: record, state, entry.timeLeft)
            entry.set(record, ttl: timeLeft.duration.map { .duration($0) })
            return SessionState.Origin(id: origin.id, record: record, timeLeft: timeLeft)
        }
    }

    /// How long a session that was changed is to live: one that says nothing of its end ends when it would have.
    private func timeLeft(of record: SessionRecord, _ state: SessionState, _ timeLeft: TimeLeft?) -> TimeLeft {
        if !record.expiry.isRenewed, !state.isExpirySet, let timeLeft { return timeLeft }
        return .remaining(max(.milliseconds(1), self.lifetime(record.expiry, begun: record.begun)))
    }

    /// A request's changes, applied to what is stored.
    private func merged(
        _ state: SessionState,
        _ origin: SessionState.Origin,
        over stored: SessionRecord?
    ) throws -> SessionRecord {
        guard let stored, stored.isOver != true else { throw SessionError.ended }
        if self.configuration.concurrency == .conflict, stored.revision != origin.record.revision {
            throw SessionError(.conflict, "another request has changed the session meanwhile")
        }
        return try state.record(over: stored)
    }

    /// Moves a session to a new id, with a request's changes.
    ///
    /// All within one change of the old entry, after which that says that the session is over: who changes it at the same time
    /// comes before, and is moved along, or after, and is told. A revocation in between leaves nothing under the new id, too.
    private func move(_ state: SessionState, from origin: SessionState.Origin) async throws -> SessionState.Origin {
        let id = SessionID()
        do {
            return try await self.cache.update(origin.id.reference.key) { entry in
                let record = try self.merged(state, origin, over: entry.value)
                let timeLeft = self.timeLeft(of: record, state, entry.timeLeft)
                if let user = record.user {
                    try await self.register(id.reference, of: user, replacing: origin.id.reference)
                }
                try await self.cache.set(
                    id.reference.key,
                    to: record,
                    ttl: timeLeft.duration.map { .duration($0) },
                    tags: record.user.map { [Self.tag(of: $0)] } ?? []
                )
                var over = SessionRecord(revision: record.revision, begun: record.begun, expiry: record.expiry)
                over.isOver = true
                over.successor = id.reference
                entry.set(over, ttl: Self.markLife)
                return SessionState.Origin(id: id, record: record, timeLeft: timeLeft)
            }
        } catch {
            // The old session was ended meanwhile, or nobody knows: nobody has been told the new id, and nobody will be.
            try await self.cache.remove(id.reference.key)
            throw error
        }
    }
}
