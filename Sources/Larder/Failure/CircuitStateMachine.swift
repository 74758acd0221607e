/// What a circuit breaker knows and decides; time is handed in.
struct CircuitStateMachine {
    private enum Phase {
        case closed(failures: Int)
        case open(until: CacheInstant, pause: Duration)
        case halfOpen(pause: Duration)
    }

    /// What becomes of a call.
    enum Admission: Hashable {
        /// It may ask the store, and tells how it went together with this number.
        case pass(period: UInt64)
        /// It fails at once.
        case refuse
        /// It fails at once, and a probe has to be started whose end is told.
        case refuseAndProbe
    }

    private let policy: CircuitBreakerPolicy
    private var phase = Phase.closed(failures: 0)
    private var lastFailure: CacheInstant?

    /// How often the breaker has opened.
    ///
    /// Many calls can be under way when it opens, and most of them fail later, some after it has closed again. What they say
    /// is not about the store as it is now, so calls of an earlier period are not listened to.
    private(set) var period: UInt64 = 0

    init(_ policy: CircuitBreakerPolicy) {
        self.policy = policy
    }

    var state: CircuitState {
        switch self.phase {
        case .closed: .closed
        case .open: .open
        case .halfOpen: .halfOpen
        }
    }

    /// Whether all calls pass and none has failed lately, so that a success changes nothing.
    var isCalm: Bool {
        if case .closed(failures: 0) = self.phase { true } else { false }
    }

    /// Whether it has failed, or stood open after its pause, and nobody has asked for long: in a cluster, a server that has no keys
    /// any more.
    func isUnwanted(at now: CacheInstant) -> Bool {
        let since: CacheInstant?
        switch self.phase {
        case .closed(failures: 0), .halfOpen: since = nil
        case .closed: since = self.lastFailure
        case .open(let until, _): since = until
        }
        return since.map { now >= $0.advanced(by: self.policy.longestPause * 20) } ?? false
    }

    mutating func admit(at now: CacheInstant) -> Admission {
        switch self.phase {
        case .closed:
            return .pass(period: self.period)
        case .open(let until, let pause):
            guard now >= until else { return .refuse }
            self.phase = .halfOpen(pause: pause)
            return .refuseAndProbe
        case .halfOpen:
            return .refuse
        }
    }

    /// The store has answered a call.
    mutating func succeeded(in period: UInt64) {
        guard period == self.period, case .closed = self.phase else { return }
        self.phase = .closed(failures: 0)
    }

    /// The store was unavailable to a call.
    ///
    /// - Returns: Whether the breaker has opened now.
    mutating func failed(in period: UInt64, at now: CacheInstant) -> Bool {
        guard period == self.period, case .closed(let failures) = self.phase else { return false }
        self.lastFailure = now
        guard failures + 1 >= self.policy.failures else {
            self.phase = .closed(failures: failures + 1)
            return false
        }
        self.period += 1
        self.open(for: self.policy.firstPause, from: now)
        return true
    }

    /// A probe is over.
    ///
    /// - Returns: Whether the breaker has closed now.
    mutating func probeEnded(isAnswered: Bool, at now: CacheInstant) -> Bool {
        guard case .halfOpen(let pause) = self.phase else { return false }
        if isAnswered {
            self.phase = .closed(failures: 0)
        } else {
            self.open(for: min(pause * 2, self.policy.longestPause), from: now)
        }
        return isAnswered
    }

    private mutating func open(for pause: Duration, from now: CacheInstant) {
        self.phase = .open(until: now.advanced(by: pause), pause: pause)
    }
}
