/// How fresh a fetched value has to be, and how long its callers wait for a fresh one.
///
/// An entry is fresh for its ``ttl``. ``staleOnError`` adds a grace, in which it is served where a fill fails or takes
/// longer than ``softTimeout``. ``refreshAfter`` and ``earlyRefresh`` begin the next fill before the end, behind the callers,
/// who are served with what there is.
///
/// ```text
/// stored        refreshAfter          ttl                 ttl + staleOnError
///   |  served    |  served, refreshed  |  filled; stale    |  filled
///   |            |  behind             |  if that fails    |
/// ```
///
/// Make one of the presets and change it, or make it whole; either way a policy that contradicts itself is refused when it
/// is made.
public struct FetchPolicy: Sendable, Hashable {
    /// How far a fill is shared.
    public enum Scope: Sendable, Hashable {
        /// Within the process: another process may fill the same key at the same time.
        case process
        /// Within all processes that share the store, where it knows leases; others wait for the one that fills.
        case fleet
    }

    /// Behind a reference: policies go with every call, and are too large to be copied on every hit.
    private let terms: Terms

    private final class Terms: Sendable {
        let ttl: TimeToLive?
        let refreshAfter: Duration?
        let staleOnError: Duration
        let softTimeout: Duration?
        let hardTimeout: Duration
        let jitter: Double
        let earlyRefresh: Double
        let negativeTTL: Duration?
        let retryAfter: Duration
        let leaseDuration: Duration
        let scope: Scope

        init(
            ttl: TimeToLive?,
            refreshAfter: Duration?,
            staleOnError: Duration,
            softTimeout: Duration?,
            hardTimeout: Duration,
            jitter: Double,
            earlyRefresh: Double,
            negativeTTL: Duration?,
            retryAfter: Duration,
            leaseDuration: Duration,
            scope: Scope
        ) {
            self.ttl = ttl
            self.refreshAfter = refreshAfter
            self.staleOnError = staleOnError
            self.softTimeout = softTimeout
            self.hardTimeout = hardTimeout
            self.jitter = jitter
            self.earlyRefresh = earlyRefresh
            self.negativeTTL = negativeTTL
            self.retryAfter = retryAfter
            self.leaseDuration = leaseDuration
            self.scope = scope
        }
    }

    /// How long values stay fresh.
    ///
    /// ``TimeToLive/default`` takes the cache's; `nil` means for ever, zero or less stores nothing.
    public var ttl: TimeToLive? { self.terms.ttl }

    /// The age from which a value is still served but filled anew behind its callers; `nil` never.
    public var refreshAfter: Duration? { self.terms.refreshAfter }

    /// How long past its ttl a value may stand in for a fill that fails; zero, not at all.
    public var staleOnError: Duration { self.terms.staleOnError }

    /// How long callers wait for a fill while there is a stale value, before they get that and the fill goes on behind
    /// them; `nil`, until ``hardTimeout``.
    public var softTimeout: Duration? { self.terms.softTimeout }

    /// How long a fill may take before its callers get ``CacheError/Code/fillTimedOut``, or a stale value, and it is cancelled.
    public var hardTimeout: Duration { self.terms.hardTimeout }

    /// By which part of it, at most, each ttl is shortened at random, from 0 to 1, so that what was stored together does not
    /// expire together.
    public var jitter: Double { self.terms.jitter }

    /// How eagerly a value is filled anew shortly before its end, by a chance that grows with what its fill took: XFetch's
    /// beta (Vattani, Chierichetti and Lowenstein, VLDB 2015), 1 being their optimum; zero, never.
    public var earlyRefresh: Double { self.terms.earlyRefresh }

    /// How long a cached absence (`nil` of an optional type) stays fresh at most; zero stores none, `nil` takes ``ttl``.
    public var negativeTTL: Duration? { self.terms.negativeTTL }

    /// How long after a fill has failed the next one may begin, while there is a value to be served instead.
    public var retryAfter: Duration { self.terms.retryAfter }

    /// How long the lease of a fill stands without a sign of life from whoever fills.
    ///
    /// It is renewed while he lives; when he dies, another process may begin its fill after this time.
    public var leaseDuration: Duration { self.terms.leaseDuration }

    /// How far fills are shared.
    public var scope: Scope { self.terms.scope }

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - ttl: How long values stay fresh. Left out, the cache's default; `nil`, for ever.
    ///   - refreshAfter: The age from which a value is filled anew behind its callers.
    ///   - staleOnError: How long past its ttl a value may stand in for a failing fill.
    ///   - softTimeout: How long callers wait for a fill while there is a stale value.
    ///   - hardTimeout: How long a fill may take.
    ///   - jitter: By which part, at most, each ttl is shortened, from 0 to 1.
    ///   - earlyRefresh: XFetch's beta; zero, never.
    ///   - negativeTTL: How long a cached absence stays fresh.
    ///   - retryAfter: How long after a failed fill the next may begin while a stale value is served.
    ///   - leaseDuration: How long a lease stands without a sign of life.
    ///   - scope: How far fills are shared.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidPolicy``, saying what contradicts what.
    public init(
        ttl: TimeToLive? = .default,
        refreshAfter: Duration? = nil,
        staleOnError: Duration = .zero,
        softTimeout: Duration? = nil,
        hardTimeout: Duration = .seconds(30),
        jitter: Double = 0,
        earlyRefresh: Double = 0,
        negativeTTL: Duration? = nil,
        retryAfter: Duration = .seconds(1),
        leaseDuration: Duration = .seconds(5),
        scope: Scope = .fleet
    ) throws(CacheError) {
        self.terms = Terms(
            ttl: ttl,
            refreshAfter: refreshAfter,
            staleOnError: staleOnError,
            softTimeout: softTimeout,
            hardTimeout: hardTimeout,
            jitter: jitter,
            earlyRefresh: earlyRefresh,
            negativeTTL: negativeTTL,
            retryAfter: retryAfter,
            leaseDuration: leaseDuration,
            scope: scope
        )
        if let contradiction = self.contradiction { throw CacheError(.invalidPolicy, contradiction) }
    }

    /// Filled when absent, and nothing more: the ttl is the cache's, callers wait for the fill.
    public static let standard = Self.valid { () throws(CacheError) in try FetchPolicy() }

    /// Values that are served while they are refreshed: filled anew behind the callers in the last fifth of the ttl, and
    /// served for another hour if that fails.
    ///
    /// - Parameter ttl: How long values stay fresh; more than zero.
    /// - Returns: The policy.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidPolicy`` where `ttl` is zero or less.
    public static func refreshingBehind(ttl: Duration) throws(CacheError) -> Self {
        try FetchPolicy(
            ttl: .duration(ttl),
            refreshAfter: ttl * 4 / 5,
            staleOnError: .seconds(3_600),
            softTimeout: .milliseconds(500)
        )
    }

    /// For sources that fail at times: a value stands in for up to a day, callers wait for half a second at most if there is
    /// one, and what expires together is spread over a tenth of its ttl.
    public static let resilient = Self.valid { () throws(CacheError) in
        try FetchPolicy(
            staleOnError: .seconds(86_400),
            softTimeout: .milliseconds(500),
            hardTimeout: .seconds(10),
            jitter: 0.1
        )
    }

    /// Whether both say the same.
    public static func == (left: Self, right: Self) -> Bool {
        left.ttl == right.ttl
            && left.refreshAfter == right.refreshAfter
            && left.staleOnError == right.staleOnError
            && left.softTimeout == right.softTimeout
            && left.hardTimeout == right.hardTimeout
            && left.jitter == right.jitter
            && left.earlyRefresh == right.earlyRefresh
            && left.negativeTTL == right.negativeTTL
            && left.retryAfter == right.retryAfter
            && left.leaseDuration == right.leaseDuration
            && left.scope == right.scope
    }

    /// Hashes all that the policy says.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.ttl)
        hasher.combine(self.refreshAfter)
        hasher.combine(self.staleOnError)
        hasher.combine(self.softTimeout)
        hasher.combine(self.hardTimeout)
        hasher.combine(self.jitter)
        hasher.combine(self.earlyRefresh)
        hasher.combine(self.negativeTTL)
        hasher.combine(self.retryAfter)
        hasher.combine(self.leaseDuration)
        hasher.combine(self.scope)
    }

    private static func valid(_ policy: () throws(CacheError) -> FetchPolicy) -> FetchPolicy {
        do {
            return try policy()
        } catch {
            preconditionFailure("a preset contradicts itself: \(error)")
        }
    }
}

extension FetchPolicy {
    /// What in the policy contradicts itself, in a sentence; `nil` where nothing does.
    private var contradiction: String? {
        self.outOfRange ?? self.timesOutOfOrder
    }

    private var outOfRange: String? {
        if !(0...1).contains(self.jitter) { return "jitter is \(self.jitter), and has to be from 0 to 1" }
        if !(self.earlyRefresh >= 0 && self.earlyRefresh.isFinite) {
            return "earlyRefresh is \(self.earlyRefresh), and has to be zero or a positive number"
        }
        let durations: [(String, Duration?, Bool)] = [
            ("refreshAfter", self.refreshAfter, true), ("staleOnError", self.staleOnError, false),
            ("softTimeout", self.softTimeout, false), ("hardTimeout", self.hardTimeout, true),
            ("negativeTTL", self.negativeTTL, false), ("retryAfter", self.retryAfter, false),
            ("leaseDuration", self.leaseDuration, true),
        ]
        for (name, duration, isPositive) in durations {
            guard let duration else { continue }
            if isPositive, duration <= .zero { return "\(name) is \(duration), and has to be more than zero" }
            if duration < .zero { return "\(name) is \(duration), and must not be negative" }
        }
        return nil
    }

    private var timesOutOfOrder: String? {
        if let soft = self.softTimeout, soft >= self.hardTimeout {
            return "softTimeout (\(soft)) has to be less than hardTimeout (\(self.hardTimeout)), which ends the fill"
        }
        guard let ttl = self.ttl else {
            if self.staleOnError > .zero { return "staleOnError needs a ttl: what is fresh for ever is never stale" }
            if self.refreshAfter != nil {
                return "refreshAfter needs a ttl: nobody knows the age of what is fresh for ever"
            }
            if self.earlyRefresh > 0 {
                return "earlyRefresh needs a ttl: what is fresh for ever has no end to be early for"
            }
            return nil
        }
        guard case .duration(let duration) = ttl.kind else { return nil }
        if duration <= .zero {
            return self.refreshAfter == nil && self.staleOnError == .zero
                ? nil : "with a ttl of \(duration) nothing is stored that could be refreshed or be served stale"
        }
        if let refreshAfter = self.refreshAfter, refreshAfter >= duration {
            return "refreshAfter (\(refreshAfter)) has to be less than the ttl (\(duration)), or it never comes"
        }
        return nil
    }
}
