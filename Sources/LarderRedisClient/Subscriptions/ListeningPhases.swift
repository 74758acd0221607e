/// Whether a subscription lane has a connection, when it gets one, and how the one that it has is doing.
///
/// A part of `SubscriptionStateMachine`. The phases are those of `LaneStateMachine`; only, a connection that was lost is
/// replaced as long as somebody listens.
struct ListeningPhases {
    enum Phase {
        /// There is no connection, and nobody needs one.
        case idle
        /// An attempt to connect is under way, or will be in a moment.
        case connecting
        /// The last attempt failed; the next one is due at `until`.
        case backingOff(RedisError, until: MonotonicTime)
        case active
        case closed(RedisError)
    }

    enum Health: Equatable {
        /// Nothing to do before this time.
        case well(checkAt: MonotonicTime)
        /// Silent for long: send `PING`.
        case ask(checkAt: MonotonicTime)
        case dead
        /// There is no connection to check.
        case none
    }

    private(set) var phase = Phase.idle
    private var backoff: Backoff
    /// When the connection last showed that it lives, or had its first command to answer.
    private var lastProgress = MonotonicTime(nanoseconds: 0)

    /// - Parameter backoff: The pauses between attempts to connect.
    init(backoff: Backoff) {
        self.backoff = backoff
    }

    var isActive: Bool {
        if case .active = self.phase { true } else { false }
    }

    /// Asks for a connection.
    ///
    /// - Returns: Whether one has to be made now.
    mutating func want() -> Bool {
        guard case .idle = self.phase else { return false }
        self.phase = .connecting
        return true
    }

    /// A connection is there.
    ///
    /// - Returns: Whether it is wanted.
    mutating func established(at now: MonotonicTime) -> Bool {
        guard case .connecting = self.phase else { return false }
        self.phase = .active
        self.lastProgress = now
        return true
    }

    /// The connection was of use.
    mutating func noteUse() {
        self.backoff.reset()
    }

    /// An attempt to connect failed.
    ///
    /// - Returns: When the next one is due; nil if none was under way.
    mutating func connectFailed(_ error: RedisError, at now: MonotonicTime, chance: Double) -> MonotonicTime? {
        guard case .connecting = self.phase else { return nil }
        let until = now.advanced(by: self.backoff.next(chance: chance))
        self.phase = .backingOff(error, until: until)
        return until
    }

    /// The pause after a failed attempt is over.
    ///
    /// - Returns: Whether to connect now.
    mutating func backoffEnded(isWanted: Bool) -> Bool {
        guard case .backingOff = self.phase else { return false }
        self.phase = isWanted ? .connecting : .idle
        return isWanted
    }

    /// The connection is gone.
    ///
    /// - Returns: When to connect again; nil if nobody wants that.
    mutating func lost(_ error: RedisError, at now: MonotonicTime, chance: Double, isWanted: Bool) -> MonotonicTime? {
        // At once only after a connection that was of use and did not end over what the server sent.
        let pause = self.backoff.next(chance: chance)
        let wasOfUse = self.backoff.failures == 1 && error.code != .protocolViolation && error.code != .replyTooLarge
        self.phase = isWanted ? .connecting : .idle
        guard isWanted else { return nil }
        return wasOfUse ? now : now.advanced(by: pause)
    }

    /// The end.
    ///
    /// - Returns: Whether it is new.
    mutating func close(_ error: RedisError) -> Bool {
        if case .closed = self.phase { return false }
        self.phase = .closed(error)
        return true
    }

    // MARK: Health

    /// Notes that bytes came, or that there is something to answer for the first time.
    mutating func noteProgress(at now: MonotonicTime) {
        self.lastProgress = now
    }

    /// Judges the connection by its silence.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - interval: How long silence may last, in nanoseconds.
    ///   - owesAnswers: Whether the server has something to answer.
    /// - Returns: What to do.
    mutating func health(at now: MonotonicTime, interval: Int64, owesAnswers: Bool) -> Health {
        guard self.isActive else { return .none }
        let due = self.lastProgress.advanced(by: interval)
        if now < due { return .well(checkAt: due) }
        if owesAnswers { return .dead }
        self.lastProgress = now
        return .ask(checkAt: now.advanced(by: interval))
    }
}
