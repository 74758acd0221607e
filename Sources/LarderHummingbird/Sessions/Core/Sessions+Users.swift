import Larder

/// What a list of a user's sessions says of one of them.
public struct SessionSummary: Sendable {
    /// The session's name, which gives nobody the session.
    public let reference: SessionReference

    let record: SessionRecord

    /// When its user signed in, as the time since 1970.
    public var signedIn: Duration { .milliseconds(self.record.signedIn ?? self.record.begun) }

    /// A value of the session, such as the name of the browser that it was begun with.
    ///
    /// - Parameter key: The value's name.
    public subscript<Value>(_ key: SessionKey<Value>) -> Value? {
        self.record.values[key.name].flatMap { SessionJSON.value(Value.self, of: $0) }
    }
}

/// The sessions of one user: what cannot be asked of a store that knows entries by their keys alone.
struct UserSessions: Codable, Sendable {
    struct Member: Codable, Sendable {
        var reference: SessionReference
        /// When it was noted down, in milliseconds since 1970.
        var noted: Int64
    }

    /// The oldest first.
    var members: [Member] = []
}

extension Sessions {
    /// The tag under which all sessions of a user stand.
    static func tag(of user: String) -> String { "session-user:\(SessionReference.hash(of: user))" }

    private static func index(of user: String) -> CacheKey<UserSessions> {
        "session-user:\(SessionReference.hash(of: user))"
    }

    /// Longer than browsers keep a cookie (RFC 6265bis, section 5.5); put off with the sessions.
    private static var indexLife: TimeToLive { .days(800) }

    /// How long a session that is noted down and not there yet may be on its way.
    private static var grace: Int64 { 60_000 }

    // MARK: Reading

    /// The sessions of a user, the oldest first.
    ///
    /// Beside the sessions themselves the cache keeps a list for each user, which signing in writes. So this costs two reads,
    /// however many sessions others have. A store that drops entries for want of room may drop such a list: then sessions from
    /// before are missing here, and ``revokeAll(of:)``, which needs no list, ends them all the same.
    ///
    /// - Parameter user: Who.
    /// - Returns: What is known of each.
    /// - Throws: ``SessionError`` with ``SessionError/Code/unavailable``.
    public func sessions(of user: String) async throws -> [SessionSummary] {
        do {
            let index = try await self.cache.get(Self.index(of: user), freshness: .strict, onFailure: .throwing)
            let references = (index?.members ?? []).map(\.reference)
            let alive = try await self.alive(references)
            return references.compactMap { reference in
                guard let record = alive[reference], record.user == user else { return nil }
                return SessionSummary(reference: reference, record: record)
            }
        } catch {
            throw SessionError.of(error, "the sessions of a user could not be listed")
        }
    }

    /// Those of some sessions that are there, in one read.
    private func alive(_ references: [SessionReference]) async throws -> [SessionReference: SessionRecord] {
        let keys = references.map(\.key)
        let records = try await self.cache.getMany(keys, freshness: .strict, onFailure: .throwing)
        var alive: [SessionReference: SessionRecord] = [:]
        for (reference, key) in zip(references, keys) {
            if let record = records[key], record.isOver != true { alive[reference] = record }
        }
        return alive
    }

    private func lookup(_ reference: SessionReference) async throws -> Lookup<SessionRecord> {
        let lookup = try await self.cache.lookup(reference.key, freshness: .strict)
        if case .unavailable(let error) = lookup { throw error }
        return lookup
    }

    // MARK: Ending

    /// Ends a session, whoever has it.
    ///
    /// - Parameter id: Its id.
    /// - Returns: Whether there was one.
    /// - Throws: ``SessionError`` with ``SessionError/Code/unavailable``.
    @discardableResult
    public func revoke(_ id: SessionID) async throws -> Bool {
        do {
            return try await self.cache.remove(id.reference.key)
        } catch {
            throw SessionError.of(error, "a session could not be ended")
        }
    }

    /// Ends one of a user's sessions.
    ///
    /// - Parameters:
    ///   - reference: Its name, as ``sessions(of:)`` says it.
    ///   - user: Whose it is: a name that a form brought along ends nobody else's.
    /// - Returns: Whether there was such a session of this user.
    /// - Throws: ``SessionError`` with ``SessionError/Code/unavailable``.
    @discardableResult
    public func revoke(_ reference: SessionReference, of user: String) async throws -> Bool {
        do {
            guard case .hit(let record, _) = try await self.lookup(reference), record.user == user else { return false }
            return try await self.cache.remove(reference.key)
        } catch {
            throw SessionError.of(error, "a session could not be ended")
        }
    }

    /// Ends all sessions of a user, wherever they are: one write, however many there are.
    ///
    /// What requests that are under way change in them is not saved. Sessions that the user begins afterwards are not touched.
    ///
    /// - Parameter user: Who.
    /// - Throws: ``SessionError`` with ``SessionError/Code/unavailable``.
    public func revokeAll(of user: String) async throws {
        do {
            try await self.cache.invalidate(tags: [Self.tag(of: user)])
        } catch {
            throw SessionError.of(error, "the sessions of a user could not be ended")
        }
    }

    /// Ends all sessions of a user but one: after a change of password, say.
    ///
    /// Costs what ``sessions(of:)`` costs and one write more, and ends what that lists.
    ///
    /// - Parameters:
    ///   - user: Who.
    ///   - kept: The session that stays.
    /// - Returns: How many were ended.
    /// - Throws: ``SessionError`` with ``SessionError/Code/unavailable``.
    @discardableResult
    public func revokeOthers(of user: String, but kept: SessionReference) async throws -> Int {
        let others = try await self.sessions(of: user).map(\.reference).filter { $0 != kept }
        do {
            return try await self.cache.removeMany(others.map(\.key))
        } catch {
            throw SessionError.of(error, "the sessions of a user could not be ended")
        }
    }

    // MARK: The list

    /// Notes a session down, before it is stored: what is listed and not there is passed over, the other way round nobody would
    /// find it.
    ///
    /// Sessions that are over leave the list; where a user has too many, the oldest are ended.
    func register(_ reference: SessionReference, of user: String) async throws {
        let key = Self.index(of: user)
        let now = self.clock.sharedMilliseconds
        let known = try await self.cache.get(key, freshness: .strict, onFailure: .throwing)?.members ?? []
        let alive = try await self.alive(known.map(\.reference))
        let gone = Set(known.map(\.reference).filter { alive[$0] == nil })
        let surplus = try await self.cache.update(key, tags: [Self.tag(of: user)]) { entry in
            var list = entry.value ?? UserSessions()
            list.members.removeAll {
                $0.reference == reference || gone.contains($0.reference) && now - $0.noted > Self.grace
            }
            list.members.append(.init(reference: reference, noted: now))
            let surplus = list.members.dropLast(self.configuration.mostPerUser).map(\.reference)
            list.members.removeFirst(surplus.count)
            entry.set(list, ttl: Self.indexLife)
            return surplus
        }
        if !surplus.isEmpty { try await self.cache.removeMany(surplus.map(\.key)) }
    }

    /// Puts off the end of a user's list, with that of a session in it.
    func keepIndex(of user: String) async throws {
        try await self.cache.touch(Self.index(of: user), ttl: Self.indexLife)
    }
}
