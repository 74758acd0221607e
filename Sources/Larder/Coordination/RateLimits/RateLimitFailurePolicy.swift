/// What a rate limiter answers while its store is unavailable.
///
/// Whatever it is, the outage is logged. An answer that was not counted says so: ``RateLimitDecision/isAssumed``.
public struct RateLimitFailurePolicy: Sendable, Hashable {
    enum Kind: Sendable {
        case throwing
        case allowing
        case denying
    }

    let kind: Kind

    /// Calls throw ``CacheError/Code/unavailable``.
    public static let throwing = RateLimitFailurePolicy(kind: .throwing)

    /// Everything is allowed: the service stays up, and nothing holds its load back.
    public static let allowing = RateLimitFailurePolicy(kind: .allowing)

    /// Nothing is allowed, for what must not be done too often whatever happens, such as guessing passwords.
    ///
    /// Callers are told to come back after a second.
    public static let denying = RateLimitFailurePolicy(kind: .denying)
}

extension RateLimitFailurePolicy {
    /// The answer in place of a store's.
    ///
    /// - Returns: `nil` where the error is to be thrown.
    func decision(_ limits: RateLimitSet, cost: Int) -> RateLimitDecision? {
        if self.kind == .throwing { return nil }
        let statuses = limits.limits.map { limit in
            let isAllowed = self.kind == .allowing && cost <= limit.capacity
            // What costs nothing is not counted, so nobody has to be asked.
            let mayPass = isAllowed || cost == 0
            return RateLimitStatus(
                limit: limit,
                remaining: isAllowed ? limit.capacity - cost : 0,
                retryAfter: cost > limit.capacity ? nil : mayPass ? .zero : .seconds(1),
                reset: isAllowed ? .zero : .seconds(1)
            )
        }
        return RateLimitDecision(statuses, isAssumed: true)
    }
}
