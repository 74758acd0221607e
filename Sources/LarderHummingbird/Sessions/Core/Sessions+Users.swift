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
        /// When it was about to get another id, likewise.
        var left: Int64?
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
        try await self.records(references).filter { $0.value.isOver != true }
    }

    /// What is stored under some names, be it that a session is over, in one read.
    private func records(_ references: [SessionReference]) async throws -> [SessionReference: SessionRecord] {
        let keys = references.map(\.key)
        let found = try await self.cache.getMany(keys, freshness: .strict, onFailure: .throwing)
        var records: [SessionReference: SessionRecord] = [:]
        for (reference, key) in zip(references, keys) { records[reference] = found[key] }
        return records
    }

    // MARK: Ending

    /// Ends a session, whoever has it, also under an id that it had until a minute ago.
    ///
    /// - Parameter id: Its id.
    /// - Returns: Whether there was one.
    /// - Throws: ``SessionError`` with ``SessionError/Code/unavailable``.
    @discardableResult
    public func revoke(_ id: SessionID) async throws -> Bool {
        do {
            return try await self.end(id.reference)
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
            return try await self.end(reference, of: user)
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
    /// Costs what ``sessions(of:)`` costs and one atomic change and one write for each that is ended, and ends what that lists, also
    /// those that get another id meanwhile.
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
            var count = 0
            for other in others where try await self.end(other, of: user) { count += 1 }
            return count
        } catch {
            throw SessionError.of(error, "the sessions of a user could not be ended")
        }
    }

    /// Ends a session wherever it is by now: one that was moved, under the id that it was moved to.
    ///
    /// - Parameters:
    ///   - reference: A name of the session.
    ///   - user: Whose it has to be; `nil`, anybody's.
    /// - Returns: Whether there was one.
    /// - Throws: `CacheError`; ``SessionError`` with ``SessionError/Code/ended`` where it is moved on and on.
    @discardableResult
    func end(_ reference: SessionReference, of user: String? = nil) async throws -> Bool {
        var reference = reference
        for _ in 0..<Self.mostMoves {
            // Not by removing it: it may be about to be moved, and would live on under its new id.
            let (isEnded, successor) = try await self.cache.update(reference.key) { entry in
                guard let record = entry.value else { return (false, SessionReference?.none) }
                if record.isOver == true { return (false, record.successor) }
                if let user, record.user != user { return (false, nil) }
                var over = SessionRecord(revision: record.revision, begun: record.begun, expiry: record.expiry)
                over.isOver = true
                entry.set(over, ttl: Self.markLife)
                return (true, nil)
            }
            if isEnded {
                try await self.cache.remove(reference.key)
                return true
            }
            guard let successor else { return false }
            reference = successor
        }
        throw SessionError.ended
    }

    /// How long it is remembered that a session has another id.
    static var markLife: TimeToLive { .minutes(1) }

    /// A session that has had more ids in the life of a mark has a program going round in circles at it.
    private static var mostMoves: Int { 100 }

    // MARK: The list

    /// Notes a session down, before it is stored: what is listed and not there is passed over, the other way round nobody would
    /// find it.
    ///
    /// Sessions that are over leave the list; where a user has too many, the oldest are ended.
    ///
    /// - Parameters:
    ///   - reference: The session's name.
    ///   - user: Whose it is.
    ///   - replaced: The name that it has until it is stored. Were that one ended for want of room, nothing would be left to move.
    ///     It stays in the list all the same, since the move can still fail.
    /// - Throws: `CacheError`.
    func register(
        _ reference: SessionReference,
        of user: String,
        replacing replaced: SessionReference? = nil
    ) async throws {
        let key = Self.index(of: user)
        let now = self.clock.sharedMilliseconds
        let known = try await self.cache.get(key, freshness: .strict, onFailure: .throwing)?.members ?? []
        let records = try await self.records(known.map(\.reference))
        let gone = Set(known.map(\.reference).filter { records[$0] == nil })
        let over = Set(records.filter { $0.value.isOver == true }.keys)
        let surplus = try await self.cache.update(key, tags: [Self.tag(of: user)]) { entry in
            var list = entry.value ?? UserSessions()
            list.members.removeAll {
                $0.reference == reference || over.contains($0.reference)
                    || gone.contains($0.reference) && now - $0.noted > Self.grace
            }
            for index in list.members.indices where list.members[index].reference == replaced {
                list.members[index].left = now
            }
            list.members.append(.init(reference: reference, noted: now))
            // What is being moved counts under its new name alone, unless that has come to nothing.
            let counted = list.members.filter { member in member.left.map { now - $0 > Self.grace } ?? true }
            let surplus = counted.dropLast(self.configuration.mostPerUser).map(\.reference)
            list.members.removeAll { surplus.contains($0.reference) }
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
