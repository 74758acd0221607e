/// How far a subject has used a limit up at some moment: the numbers from which the answer to a call follows.
///
/// Memory makes them of its records and Redis of its own, in a script; what they mean is decided in one place. All are below
/// 2^53, since Lua's numbers carry no more.
package struct RateLimitLevel: Sendable, Hashable {
    /// Microseconds until nothing that was charged counts any more, for a window until its end.
    package var span: Int64

    /// How much was charged in a window; of a token bucket, what comes on top of the span in parts of a microsecond.
    package var amount: Int64

    /// Sliding window: microseconds until the call that was asked about is allowed.
    package var wait: Int64

    package init(span: Int64, amount: Int64, wait: Int64 = 0) {
        self.span = span
        self.amount = amount
        self.wait = wait
    }
}

/// The algorithm of one limit with its numbers worked out: pure functions of what is remembered, the time and the cost.
///
/// Time is counted in microseconds from some moment in the past, by the clock of whoever remembers. Where that clock has gone
/// back, as after a failover to another server, what is remembered of times to come is taken to have happened now. So nobody
/// is held up for longer than the limit can hold them up, and nobody gets more than by a clock that went on.
package enum RateLimitTerms: Sendable, Hashable {
    case tokenBucket(TokenBucket)
    case fixedWindow(FixedWindow)
    case slidingWindow(SlidingWindow)

    init(_ limit: RateLimit) {
        let count = Int64(limit.count)
        let period = limit.periodMicroseconds
        switch limit.rule {
        case .fixedWindow: self = .fixedWindow(FixedWindow(count: count, length: period))
        case .slidingWindow: self = .slidingWindow(SlidingWindow(count: count, length: period))
        case .tokenBucket:
            self = .tokenBucket(TokenBucket(count: count, period: period, burst: Int64(limit.capacity)))
        }
    }

    /// How much may be charged at once.
    package var capacity: Int64 {
        switch self {
        case .tokenBucket(let bucket): bucket.burst
        case .fixedWindow(let window): window.count
        case .slidingWindow(let window): window.count
        }
    }

    /// A cost as algorithms take it: what is more than a limit can ever hold is all the same to it.
    package static func cost(_ cost: Int) -> Int64 { Int64(min(cost, RateLimit.largestCount + 1)) }

    /// Whether a level allows a call.
    package func allows(_ cost: Int64, at level: RateLimitLevel) -> Bool {
        switch self {
        case .tokenBucket(let bucket): bucket.allows(cost, at: level)
        case .fixedWindow(let window): level.amount + cost <= window.count
        case .slidingWindow(let window): level.amount + cost <= window.count
        }
    }

    /// Whether a level can be one of this limit: what a server answers may be anything.
    package func isPossible(_ level: RateLimitLevel) -> Bool {
        guard level.span >= 0, level.amount >= 0, level.wait >= 0 else { return false }
        switch self {
        case .tokenBucket(let bucket): return bucket.isPossible(level)
        case .fixedWindow(let window): return level.span <= window.length && level.amount <= window.count
        case .slidingWindow(let window):
            return max(level.span, level.wait) <= window.length && level.amount <= window.count
        }
    }

    /// What a level means for a call.
    ///
    /// - Parameters:
    ///   - limit: The limit that these are the terms of.
    ///   - level: How far the limit is used up: by this call, too, if it was charged.
    ///   - cost: What the call costs.
    ///   - isCharged: Whether it was charged.
    /// - Returns: How the subject stands.
    package func status(
        of limit: RateLimit,
        at level: RateLimitLevel,
        cost: Int64,
        isCharged: Bool
    ) -> RateLimitStatus {
        let wait: Int64? =
            if isCharged || self.allows(cost, at: level) {
                0
            } else if cost > self.capacity {
                nil
            } else {
                switch self {
                case .tokenBucket(let bucket): bucket.wait(for: cost, at: level)
                case .fixedWindow: level.span
                case .slidingWindow: level.wait
                }
            }
        let (remaining, reset) =
            switch self {
            case .tokenBucket(let bucket): (bucket.remaining(at: level), level.span + (level.amount > 0 ? 1 : 0))
            case .fixedWindow(let window): (window.count - level.amount, level.amount > 0 ? level.span : 0)
            case .slidingWindow(let window): (window.count - level.amount, level.span)
            }
        return RateLimitStatus(
            limit: limit,
            remaining: Int(remaining),
            retryAfter: wait.map { .microseconds($0) },
            reset: .microseconds(reset)
        )
    }
}
