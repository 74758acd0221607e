/// What a rate limiter answers.
public struct RateLimitDecision: Sendable, Hashable {
    /// The limit that decided: of those that refused the one that does so longest, else the one that has least left.
    public let deciding: RateLimitStatus

    /// All of them, where there are several.
    private let several: [RateLimitStatus]

    /// Whether this is no count: the store could not be used, and ``RateLimitFailurePolicy`` answered.
    public let isAssumed: Bool

    /// Makes a decision on what each limit says, for stores that are written outside Larder.
    ///
    /// - Parameter statuses: How a subject stands with each limit of a limiter, in their order.
    /// - Precondition: There is at least one.
    public init(_ statuses: [RateLimitStatus]) {
        self.init(statuses, isAssumed: false)
    }

    init(_ statuses: [RateLimitStatus], isAssumed: Bool) {
        precondition(!statuses.isEmpty, "A decision needs a limit.")
        var deciding = statuses[0]
        for status in statuses.dropFirst() where status.decides(before: deciding) { deciding = status }
        self.deciding = deciding
        self.several = statuses.count > 1 ? statuses : []
        self.isAssumed = isAssumed
    }

    /// The decision of a limiter that has one limit.
    package init(_ status: RateLimitStatus) {
        self.deciding = status
        self.several = []
        self.isAssumed = false
    }

    /// Whether the call may go on.
    public var isAllowed: Bool { self.deciding.isAllowed }

    /// The limit that decided.
    public var limit: RateLimit { self.deciding.limit }

    /// How much the subject may still be charged now, by the limit that decided.
    public var remaining: Int { self.deciding.remaining }

    /// How long until the same call is allowed, if nothing else is charged meanwhile: zero if it was, `nil` if it never is
    /// because it costs more than a limit holds.
    public var retryAfter: Duration? { self.deciding.retryAfter }

    /// How long until the limit that decided has forgotten all that was charged, if nothing else is.
    public var reset: Duration { self.deciding.reset }

    /// How the subject stands with each limit, in the limiter's order.
    public var statuses: [RateLimitStatus] { self.several.isEmpty ? [self.deciding] : self.several }
}

/// How a subject stands with one limit, after a call was charged if it was allowed.
public struct RateLimitStatus: Sendable, Hashable {
    /// The limit.
    public let limit: RateLimit

    /// How much the subject may still be charged now.
    public let remaining: Int

    /// How long until this limit allows the call: zero if it does, `nil` if it never will.
    public let retryAfter: Duration?

    /// How long until all that was charged is forgotten, if nothing else is charged.
    public let reset: Duration

    /// Describes how a subject stands with a limit.
    ///
    /// - Parameters:
    ///   - limit: The limit.
    ///   - remaining: How much the subject may still be charged now.
    ///   - retryAfter: How long until the limit allows the call: zero if it does, `nil` if it never will.
    ///   - reset: How long until all that was charged is forgotten.
    public init(limit: RateLimit, remaining: Int, retryAfter: Duration?, reset: Duration) {
        self.limit = limit
        self.remaining = remaining
        self.retryAfter = retryAfter
        self.reset = reset
    }

    /// Whether this limit allows the call.
    public var isAllowed: Bool { self.retryAfter == .zero }

    /// How much may be charged at once, the first number of a `RateLimit` header field.
    public var capacity: Int { self.limit.capacity }

    /// ``reset`` in whole seconds, rounded up: what the `RateLimit` header fields carry
    /// (draft-ietf-httpapi-ratelimit-headers).
    public var resetSeconds: Int { self.reset.secondsRoundedUp }

    /// ``retryAfter`` in whole seconds, rounded up: what a `Retry-After` header field carries.
    public var retryAfterSeconds: Int? { self.retryAfter?.secondsRoundedUp }

    /// Whether this one tells a caller more than another: it holds the call up for longer, or has less left.
    fileprivate func decides(before other: RateLimitStatus) -> Bool {
        guard let wait = self.retryAfter else { return other.retryAfter != nil }
        guard let otherWait = other.retryAfter else { return false }
        if wait != otherWait { return wait > otherWait }
        if self.remaining != other.remaining { return self.remaining < other.remaining }
        return self.reset > other.reset
    }
}

extension Duration {
    fileprivate var secondsRoundedUp: Int {
        let (seconds, attoseconds) = self.components
        return Int(seconds) + (attoseconds > 0 ? 1 : 0)
    }
}

/// A call was not allowed, where that is an error: see ``RateLimiter/require(_:cost:)`` and
/// ``RateLimiter/wait(for:cost:atMost:)``.
public struct RateLimitExceeded: Error, Sendable, CustomStringConvertible {
    /// Who was to be charged.
    public let subject: String

    /// What the limiter answered.
    public let decision: RateLimitDecision

    /// The limit that was reached and when to come back, in one line.
    public var description: String {
        let wait = self.decision.retryAfter.map { "try again in \($0)" } ?? "the call costs more than that"
        return "\(self.subject.debugDescription) has reached a limit (\(self.decision.limit)): \(wait)"
    }
}
