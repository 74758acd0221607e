import Larder
import Synchronization

/// A session: values that belong to one browser, from request to request.
///
/// ```swift
/// let session = try await context.session
/// session[.recentlyViewed] = [book.id] + (session[.recentlyViewed] ?? []).prefix(9)
/// ```
///
/// A handler changes it in memory; the middleware, or ``Sessions/save(_:)``, stores what was changed. The verbs are those of
/// Django's `request.session`.
public final class Session: Sendable {
    private let state: Mutex<SessionState>

    /// The expiry of sessions that say nothing else.
    let defaultExpiry: SessionExpiry

    let clock: CacheClock

    init(_ state: SessionState, defaultExpiry: SessionExpiry, clock: CacheClock) {
        self.state = Mutex(state)
        self.defaultExpiry = defaultExpiry
        self.clock = clock
    }

    func withState<Answer: Sendable>(_ body: (inout SessionState) throws -> Answer) rethrows -> Answer {
        try self.state.withLock { try body(&$0) }
    }

    // MARK: Values

    /// A value; `nil` where there is none, or one of another type.
    ///
    /// Assigning `nil` removes it. An assignment cannot throw, so a value that has no form as JSON fails the request when the
    /// session is saved; ``set(_:to:)`` throws at once.
    ///
    /// - Parameter key: The value's name.
    public subscript<Value>(_ key: SessionKey<Value>) -> Value? {
        get {
            let text = self.withState { $0.values[key.name] }
            return text.flatMap { SessionJSON.value(Value.self, of: $0) }
        }
        set {
            do {
                if let newValue { try self.set(key, to: newValue) } else { try self.remove(key) }
            } catch {
                let failure = error as? SessionError ?? SessionError(.encodingFailed, "a value was not taken")
                self.withState { $0.failure = $0.failure ?? failure }
            }
        }
    }

    /// Sets a value.
    ///
    /// One that is the same as before changes nothing.
    ///
    /// - Parameters:
    ///   - key: Its name.
    ///   - value: The value.
    /// - Throws: ``SessionError`` with ``SessionError/Code/encodingFailed``, or with ``SessionError/Code/closed`` once the
    ///   session was saved with the response.
    public func set<Value>(_ key: SessionKey<Value>, to value: Value) throws {
        let json = try SessionJSON.text(of: value, named: key.name)
        try self.withState { try $0.change(.set(key.name, json: json)) }
    }

    /// Removes a value.
    ///
    /// - Parameter key: Its name.
    /// - Throws: ``SessionError`` with ``SessionError/Code/closed``.
    public func remove<Value>(_ key: SessionKey<Value>) throws {
        try self.withState { try $0.change(.remove(key.name)) }
    }

    /// Removes all values; the session, its id and its user stay.
    ///
    /// - Throws: ``SessionError`` with ``SessionError/Code/closed``.
    public func removeAll() throws {
        try self.withState { try $0.change(.removeAll) }
    }

    /// Makes a value of what there is: a counter that counts, a list that gets one more.
    ///
    /// Where another request has saved the session meanwhile and ``SessionConcurrency/merge`` stands, the change is made once more,
    /// of what is stored then: two requests that each count one count two. So it must do nothing that cannot be done twice.
    ///
    /// - Parameters:
    ///   - key: The value's name.
    ///   - initial: What to begin with where there is no value of this type.
    ///   - change: Changes the value.
    /// - Returns: The value after the change, as far as this request knows.
    /// - Throws: ``SessionError`` with ``SessionError/Code/encodingFailed`` or ``SessionError/Code/closed``; what `change` throws.
    @discardableResult
    public func update<Value>(
        _ key: SessionKey<Value>,
        default initial: Value,
        _ change: @escaping @Sendable (inout Value) throws -> Void
    ) throws -> Value {
        let name = key.name
        let step: @Sendable (String?) throws -> String? = { text in
            var value = text.flatMap { SessionJSON.value(Value.self, of: $0) } ?? initial
            try change(&value)
            return try SessionJSON.text(of: value, named: name)
        }
        while true {
            // Outside of the lock, which user code must not run under.
            let before = self.withState { $0.values[name] }
            let after = try step(before)
            let isDone = try self.withState { state in
                try state.edit()
                // Another task of the request came between, which every round of this loop takes one of.
                guard state.values[name] == before else { return false }
                state.values[name] = after
                state.changes.append(.update(name, step))
                return true
            }
            if isDone { return after.flatMap { SessionJSON.value(Value.self, of: $0) } ?? initial }
        }
    }

    // MARK: Who it belongs to, and for how long

    /// The id under which the session was read; `nil` for one that is not stored yet.
    ///
    /// A secret: see ``SessionID``.
    public var id: SessionID? { self.withState { $0.origin?.id } }

    /// The name of the session that gives nobody the session; `nil` for one that is not stored yet.
    public var reference: SessionReference? { self.id?.reference }

    /// Who is signed in.
    public var user: String? { self.withState { $0.user } }

    /// Whether the session is not stored yet.
    public var isNew: Bool { self.withState { $0.origin == nil } }

    /// Whether there is something to save.
    public var isModified: Bool { self.withState { $0.isModified } }

    /// Whether there is neither a value nor a user.
    public var isEmpty: Bool { self.withState { $0.isEmpty } }

    /// Whether the store could not be asked, and this session stands in for one that nobody could read; see
    /// ``SessionOutagePolicy/anonymous``.
    public var isStandIn: Bool { self.withState { $0.refusal?.code == .unavailable } }

    /// When the session ends.
    public var expiry: SessionExpiry { self.withState { $0.expiry } }

    /// Says when the session is to end.
    ///
    /// - Parameter expiry: When; `nil` takes what all sessions have.
    /// - Throws: ``SessionError`` with ``SessionError/Code/closed``.
    public func setExpiry(_ expiry: SessionExpiry?) throws {
        try self.withState { state in
            try state.edit()
            state.expiry = expiry ?? self.defaultExpiry
            state.isExpirySet = true
        }
    }

    /// Signs a user in: from now on the session is theirs.
    ///
    /// It gets another id, so that whoever had planted the old one in the browser has nothing of it (session fixation). The values
    /// stay, as the cart of somebody who signs in to pay has to; those of a session that was another user's do not.
    ///
    /// - Parameter user: Who signs in, by a name that never changes: the number in the database rather than the mail address.
    /// - Throws: ``SessionError`` with ``SessionError/Code/closed``.
    public func signIn(as user: String) throws {
        let now = self.clock.sharedMilliseconds
        try self.withState { state in
            try state.edit()
            if let other = state.user, other != user { state.flush(self.defaultExpiry, at: now) }
            state.user = user
            state.signedIn = now
            state.wantsNewID = true
        }
    }

    /// Gives the session another id, and keeps all that is in it: whenever somebody's rights grow.
    ///
    /// - Throws: ``SessionError`` with ``SessionError/Code/closed``.
    public func cycleID() throws {
        try self.withState { state in
            try state.edit()
            state.wantsNewID = true
        }
    }

    /// Ends the session, in the store and in the browser; signs out.
    ///
    /// What is set afterwards belongs to a new session. A session that another request has given another id meanwhile is ended
    /// under that one; a minute after it got it nobody knows any more which one that is.
    ///
    /// - Throws: ``SessionError`` with ``SessionError/Code/closed``.
    public func flush() throws {
        let now = self.clock.sharedMilliseconds
        try self.withState { state in
            try state.edit()
            state.flush(self.defaultExpiry, at: now)
        }
    }

    /// Forgets what was done to the session since it was read or last saved, so that nothing of it is saved with the response.
    ///
    /// For what is worth remembering only if it can be: after ``Sessions/save(_:)`` has thrown ``SessionError/Code/unavailable``, the
    /// answer is an error unless the changes are dropped.
    ///
    /// - Throws: ``SessionError`` with ``SessionError/Code/closed``.
    public func discardChanges() throws {
        let now = self.clock.sharedMilliseconds
        try self.withState { try $0.discardChanges(self.defaultExpiry, at: now) }
    }
}
