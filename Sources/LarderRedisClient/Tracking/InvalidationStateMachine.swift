import NIOCore

/// What a lane that hears of changes knows and decides.
///
/// A plain value on the lane's event loop. It writes to no channel and starts no timer; it says what is to be done.
///
/// The order of what a connection carries does the work: when the answer to a question has come, every message that the
/// server had sent before it has come, too. So silence does not mean that anything was missed, only that nobody knows; what
/// was heard so far counts again as soon as a quick answer comes.
///
/// The question is `HELLO`, which every user may send and whose answer says what part the server plays: one that was
/// demoted goes on telling, of what its new primary sends it, and later than that.
struct InvalidationStateMachine {
    private enum Phase {
        /// Nobody has asked for a connection yet.
        case idle
        /// An attempt to connect is under way, or will be after a pause.
        case connecting
        case live
        case closed
    }

    /// What a look at the clock leads to.
    struct Check {
        /// Whether to send `HELLO` now.
        var asks = false
        /// What to tell.
        var event: InvalidationEvent?
        /// Whether to close the connection.
        var isDead = false
        /// When to look again.
        var next: MonotonicTime
    }

    private let timing: InvalidationTiming
    private var phase = Phase.idle
    private var backoff: Backoff
    /// When the `HELLO` was sent that has no answer yet.
    private var askedAt: MonotonicTime?
    private var nextAsking = MonotonicTime(nanoseconds: 0)
    private var isSilent = false
    private var lastProgress = MonotonicTime(nanoseconds: 0)

    /// - Parameters:
    ///   - timing: How long a connection may keep quiet.
    ///   - backoff: The pauses between attempts to connect.
    init(_ timing: InvalidationTiming, backoff: Backoff) {
        self.timing = timing
        self.backoff = backoff
    }

    // MARK: Connections

    /// Somebody wants to hear of changes.
    ///
    /// - Returns: Whether to connect.
    mutating func start() -> Bool {
        guard case .idle = self.phase else { return false }
        self.phase = .connecting
        return true
    }

    /// Whether an attempt to connect that was put off is still wanted.
    var wantsConnection: Bool {
        if case .connecting = self.phase { true } else { false }
    }

    /// A connection is there, and the server has agreed to tell of changes.
    ///
    /// - Returns: Whether it is wanted; else it has to be closed.
    mutating func established(at now: MonotonicTime) -> Bool {
        guard case .connecting = self.phase else { return false }
        self.phase = .live
        self.askedAt = nil
        self.nextAsking = now
        self.isSilent = false
        self.lastProgress = now
        return true
    }

    /// An attempt to connect failed.
    ///
    /// - Parameters:
    ///   - error: Why.
    ///   - now: The time.
    ///   - chance: A random number from 0 to 1, for the pause.
    /// - Returns: When to try again; nil if nobody wants that.
    mutating func connectFailed(_ error: RedisError, at now: MonotonicTime, chance: Double) -> MonotonicTime? {
        guard case .connecting = self.phase else { return nil }
        let pause = self.backoff.next(chance: chance)
        return now.advanced(by: error.code == .trackingUnavailable ? max(pause, self.timing.refusalPause) : pause)
    }

    /// The connection is gone.
    ///
    /// - Parameters:
    ///   - error: Why.
    ///   - now: The time.
    ///   - chance: A random number from 0 to 1, for the pause.
    /// - Returns: When to connect again; nil if nobody wants that.
    mutating func lost(_ error: RedisError, at now: MonotonicTime, chance: Double) -> MonotonicTime? {
        guard case .live = self.phase else { return nil }
        self.phase = .connecting
        self.askedAt = nil
        self.isSilent = false
        // At once only after a connection that was of use and did not end over what the server sent.
        let pause = self.backoff.next(chance: chance)
        let wasOfUse =
            self.backoff.failures == 1 && error.code != .protocolViolation && error.code != .replyTooLarge
        return wasOfUse ? now : now.advanced(by: pause)
    }

    /// Ends the lane.
    mutating func close() { self.phase = .closed }

    // MARK: What the server says

    /// Takes what the server sent.
    ///
    /// - Returns: Why the connection has to be closed, if what came fits nothing that it may carry.
    mutating func receive(
        _ value: RESPValue,
        at now: MonotonicTime,
        events: inout [InvalidationEvent]
    ) -> RedisError? {
        guard case .live = self.phase else { return nil }
        self.lastProgress = now
        switch value {
        case .push(let parts):
            guard let kind = parts.first, Self.isText(kind, "invalidate") else { return nil }
            guard parts.count == 2, let event = Self.event(parts[1]) else { return Self.violation(value) }
            events.append(event)
        case .map(let entries):
            guard let askedAt = self.askedAt else { return Self.violation(value) }
            guard !Self.isOfAReplica(entries) else {
                return RedisError(.connectionClosed, message: "the server is a replica now, not the primary")
            }
            self.answered(askedAt, at: now, events: &events)
        case .error(let error):
            return RedisError(error)
        default:
            return Self.violation(value)
        }
        self.backoff.reset()
        return nil
    }

    private mutating func answered(
        _ askedAt: MonotonicTime,
        at now: MonotonicTime,
        events: inout [InvalidationEvent]
    ) {
        self.askedAt = nil
        let isQuick = now <= askedAt.advanced(by: self.timing.patience)
        // A late answer shows how things were long ago; only a quick one shows that they are well again.
        self.nextAsking = isQuick ? askedAt.advanced(by: self.timing.interval) : now
        if self.isSilent, isQuick {
            self.isSilent = false
            events.append(.resumed)
        }
    }

    /// The names in a message; nil where it is none.
    private static func event(_ names: RESPValue) -> InvalidationEvent? {
        switch names {
        case .null:
            return .flushed
        case .array(let values):
            var keys: [ByteBuffer] = []
            keys.reserveCapacity(values.count)
            for value in values {
                guard case .bulkString(let name) = value else { return nil }
                keys.append(name)
            }
            return .changed(keys)
        default:
            return nil
        }
    }

    /// Whether an answer to `HELLO` says that the server is a replica; one that does not say what it is passes.
    private static func isOfAReplica(_ entries: [RESPMapEntry]) -> Bool {
        entries.contains { entry in
            Self.isText(entry.key, "role")
                && (Self.isText(entry.value, "replica") || Self.isText(entry.value, "slave"))
        }
    }

    private static func isText(_ value: RESPValue, _ text: StaticString) -> Bool {
        switch value {
        case .bulkString(let bytes):
            bytes.readableBytesView.elementsEqual(
                UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            )
        case .simpleString(let found): found == "\(text)"
        default: false
        }
    }

    private static func violation(_ value: RESPValue) -> RedisError {
        RedisError(.protocolViolation, message: "the server sent \(value.kindDescription) where it tells of changes")
    }

    // MARK: Silence

    /// Notes that bytes came, though not yet a whole message.
    mutating func noteProgress(at now: MonotonicTime) {
        self.lastProgress = now
    }

    /// Whether the next `HELLO` is due, so that nobody need wait for the next look at the clock.
    func asksAtOnce(at now: MonotonicTime) -> Bool {
        guard case .live = self.phase else { return false }
        return self.askedAt == nil && self.nextAsking <= now
    }

    /// Looks how long the server has kept quiet.
    ///
    /// - Returns: Nil where there is no connection.
    mutating func check(at now: MonotonicTime) -> Check? {
        guard case .live = self.phase else { return nil }
        guard let askedAt = self.askedAt else {
            guard self.nextAsking <= now else { return Check(next: self.nextAsking) }
            self.askedAt = now
            return Check(asks: true, next: now.advanced(by: self.timing.patience))
        }
        let end = max(askedAt, self.lastProgress).advanced(by: self.timing.longestSilence)
        if end <= now { return Check(isDead: true, next: now) }
        let doubt = askedAt.advanced(by: self.timing.patience)
        if self.isSilent { return Check(next: end) }
        guard doubt <= now else { return Check(next: doubt) }
        self.isSilent = true
        return Check(event: .silent, next: end)
    }
}
