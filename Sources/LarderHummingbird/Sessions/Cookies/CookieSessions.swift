public import Larder
import Logging

/// Sessions that browsers keep themselves, sealed: no store is asked, and none can fail.
///
/// ```swift
/// let sessions = CookieSessions(AESGCMSealer(keys), revocations: cache)
/// router.add(middleware: SessionMiddleware(sessions))
/// ```
///
/// With `AESGCMSealer` or `ChaChaPolySealer` nobody can read a session, with `HMACSealer` its owner can; nobody can change or make
/// one without the key. Keys are changed as their `KeyRing` says: old ones open, the first one seals.
///
/// What no server keeps no server can take back: a cookie that somebody has copied is good until it ends, also after its owner has
/// signed out. `revocations` mends that, at the cost of one read a request: there it is written down what was ended early. Two
/// requests at the same time overwrite each other in any case, since the browser keeps the cookie that came last. All of a session
/// has to fit into 4,096 bytes. Where any of this matters, take ``Sessions``.
public struct CookieSessions: Sendable {
    /// How they behave; ``SessionConfiguration/concurrency``, ``SessionConfiguration/freshness`` and
    /// ``SessionConfiguration/mostPerUser`` mean nothing here.
    public let configuration: SessionConfiguration

    let sealer: any EntrySealer
    let revocations: Cache?
    let clock: CacheClock
    private let outage = OutageNotice(Logger(label: "larder.sessions"))

    /// The longest text that browsers keep beside the cookie's name and attributes.
    private static let longestCookie = 3_800

    /// Binds seals to what they are for, so that nothing else which the keys have sealed is a session.
    private static let context = Array("larder session cookie 1".utf8)

    /// Keeps sessions in cookies.
    ///
    /// - Parameters:
    ///   - sealer: What seals them; `LarderCrypto` has three.
    ///   - revocations: Where it is written down which were ended early; it must not drop entries for want of room. `nil`, nowhere:
    ///     then a copied cookie is good until it ends.
    ///   - configuration: How they behave.
    ///   - clock: What the time of day is taken from.
    public init(
        _ sealer: any EntrySealer,
        revocations: Cache? = nil,
        _ configuration: SessionConfiguration = .init(),
        clock: CacheClock = .system
    ) {
        self.sealer = sealer
        self.revocations = revocations
        self.configuration = configuration
        self.clock = clock
    }

    /// Ends all sessions of a user that have begun, or that the user has signed in to, until now.
    ///
    /// - Parameter user: Who.
    /// - Throws: ``SessionError`` with ``SessionError/Code/unavailable``, also where there are no `revocations`.
    public func revokeAll(of user: String) async throws {
        guard let revocations = self.revocations else {
            throw SessionError(.unavailable, "sessions in cookies cannot be ended without a cache of revocations")
        }
        do {
            // Milliseconds count up to this one, in which another may sign in: better one too many than one too few.
            try await revocations.set(Self.key(ofUser: user), to: self.clock.sharedMilliseconds, ttl: .days(800))
        } catch {
            throw SessionError.of(error, "the sessions of a user could not be ended")
        }
    }

    private static func key(ofUser user: String) -> CacheKey<Int64> {
        "session-revoked-user:\(SessionReference.hash(of: user))"
    }

    private static func key(of id: SessionID) -> CacheKey<Int64> { "session-revoked:\(id.reference.text)" }

    // MARK: Sealing

    /// What a cookie says.
    private struct Content: Codable {
        var id: String
        var record: SessionRecord
        /// When it ends, in milliseconds since 1970.
        var end: Int64

        private enum CodingKeys: String, CodingKey {
            case id = "i"
            case record = "r"
            case end = "x"
        }
    }

    private func seal(_ origin: SessionState.Origin, for lifetime: Duration) throws -> String {
        let milliseconds = SessionExpiry.fixed(lifetime).milliseconds
        let end = self.clock.sharedMilliseconds + milliseconds
        do {
            let content = Content(id: origin.id.secret, record: origin.record, end: end)
            let text = Base64URL.text(of: try self.sealer.seal(JSONCodec().encode(content), boundTo: Self.context))
            guard text.utf8.count <= Self.longestCookie else {
                throw SessionError(
                    .tooLarge,
                    "the session takes \(text.utf8.count) characters; at most \(Self.longestCookie) fit into a cookie"
                )
            }
            return text
        } catch let error as SessionError {
            throw error
        } catch {
            throw SessionError(.encodingFailed, "the session could not be sealed")
        }
    }

    /// The session that a cookie carries; `nil` for anything else, and for one that is over.
    private func opened(_ cookie: String) -> SessionState.Origin? {
        guard cookie.utf8.count <= Self.longestCookie, let sealed = Base64URL.bytes(of: cookie),
            // Whatever is wrong with it, it is nobody's session.
            let bytes = try? self.sealer.open(sealed, boundTo: Self.context),
            let content = try? JSONCodec().decode(Content.self, from: bytes),
            let id = SessionID(content.id)
        else { return nil }
        let now = self.clock.sharedMilliseconds
        let (record, left) = (content.record, content.end - now)
        guard left > 0, self.configuration.lifetime(record.expiry, begun: record.begun, now: now) > .zero else {
            return nil
        }
        return .init(id: id, record: record, timeLeft: .remaining(.milliseconds(left)))
    }

    // MARK: Revoking

    /// Whether a session was ended early.
    private func isRevoked(_ origin: SessionState.Origin) async throws -> Bool {
        guard let revocations = self.revocations else { return false }
        var keys = [Self.key(of: origin.id)]
        if let user = origin.record.user { keys.append(Self.key(ofUser: user)) }
        let found: [CacheKey<Int64>: Int64]
        do {
            found = try await revocations.getMany(keys, freshness: .strict, onFailure: .throwing)
        } catch {
            throw SessionError.of(error, "nobody knows whether a session was ended")
        }
        if found[keys[0]] != nil { return true }
        guard keys.count > 1, let limit = found[keys[1]] else { return false }
        return (origin.record.signedIn ?? origin.record.begun) <= limit
    }

    /// The longest that a copy of a session under this id can be good.
    private static func life(of origin: SessionState.Origin) -> Duration {
        max(origin.record.expiry.lifetime, origin.timeLeft.duration ?? .zero)
    }

    /// Writes down that a session is over, for as long as any copy of it can be good.
    private func revoke(_ origin: SessionState.Origin) async throws {
        guard let revocations = self.revocations else { return }
        // Another request may be about to put its end off once more.
        let longest = Self.life(of: origin) + .seconds(3_600)
        do {
            try await revocations.set(
                Self.key(of: origin.id),
                to: self.clock.sharedMilliseconds,
                ttl: .duration(longest)
            )
        } catch {
            throw SessionError.of(error, "a session could not be ended")
        }
    }
}

extension CookieSessions: SessionKeeping {
    var renewsUnread: Bool { self.configuration.renewsAfter == .zero }

    func open(_ cookies: [String]) async throws -> Session {
        let fresh = SessionState(expiry: self.configuration.expiry, begun: self.clock.sharedMilliseconds)
        let session = Session(fresh, defaultExpiry: self.configuration.expiry, clock: self.clock)
        for origin in cookies.prefix(4).lazy.compactMap({ self.opened($0) }) {
            do {
                let isRevoked = try await self.isRevoked(origin)
                self.outage.succeeded()
                if isRevoked { continue }
                session.withState { $0 = SessionState(origin) }
            } catch let error as SessionError where error.code == .unavailable {
                guard self.configuration.onUnavailable == .anonymous else { throw error }
                self.outage.failed(error)
                session.withState { $0.refusal = error }
            }
            break
        }
        return session
    }

    func close(_ session: Session) async throws -> CookieOrder {
        let state = session.withState { state in
            state.course.isClosed = true
            return state
        }
        if let failure = state.failure { throw failure }
        if state.isModified, let refusal = state.refusal { throw refusal }
        if let abandoned = state.abandoned { try await self.revoke(abandoned) }
        let lifetime = self.configuration.lifetime(state.expiry, begun: state.begun, now: self.clock.sharedMilliseconds)
        guard state.isModified else { return try self.renewed(state, lifetime) }
        guard state.origin != nil || !state.isEmpty, lifetime > .zero else {
            if let origin = state.origin { try await self.revoke(origin) }
            return .remove
        }
        var saved = SessionState.Origin(
            id: state.wantsNewID ? SessionID() : state.origin?.id ?? SessionID(),
            record: try state.record(over: state.origin?.record),
            timeLeft: state.origin?.timeLeft ?? .remaining(lifetime)
        )
        if saved.record.expiry.isRenewed || state.isExpirySet || state.origin == nil {
            saved.timeLeft = .remaining(lifetime)
        }
        if let origin = state.origin {
            // Copies under the old id outlive what would be written down of a session that ends earlier.
            let isShortened = Self.life(of: saved) < Self.life(of: origin)
            if isShortened { saved.id = SessionID() }
            // It may have been ended while the request had it; what is sealed now would be good for all its time.
            if try await self.isRevoked(origin) { throw SessionError.ended }
            if state.wantsNewID || isShortened { try await self.revoke(origin) }
        }
        return try self.order(saved)
    }

    /// Puts off the end of a session that was only read: nothing but the cookie says when it is.
    private func renewed(_ state: SessionState, _ lifetime: Duration) throws -> CookieOrder {
        guard var origin = state.origin, lifetime > .zero else { return .keep }
        let timeLeft = origin.timeLeft.duration
        guard self.configuration.wantsRenewal(state.expiry, timeLeft: timeLeft, lifetime: lifetime) else {
            return .keep
        }
        origin.timeLeft = .remaining(lifetime)
        return try self.order(origin)
    }

    private func order(_ origin: SessionState.Origin) throws -> CookieOrder {
        let lifetime = origin.timeLeft.duration ?? origin.record.expiry.lifetime
        let text = try self.seal(origin, for: lifetime)
        return .set(text, origin.record.expiry.kind == .browser ? nil : lifetime)
    }
}
