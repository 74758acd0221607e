public import HTTPTypes

/// How long a response stays fresh, and why (RFC 9111, section 4.2.1).
public struct FreshnessLifetime: Sendable, Hashable, Codable {
    /// What a lifetime rests on.
    public enum Ground: String, Sendable, Hashable, Codable {
        /// `s-maxage` or `max-age` of a targeted field (RFC 9213).
        case targeted
        /// `s-maxage`.
        case sharedMaxAge
        /// `max-age`.
        case maxAge
        /// `Expires` less `Date`.
        case expires
        /// A tenth of the time since `Last-Modified` (section 4.2.2).
        case heuristic
        /// The policy's time for answers that say that there is nothing.
        case negative
        /// Nothing: the response is stale from the beginning.
        case none
    }

    /// What the lifetime rests on.
    public let ground: Ground
    /// Milliseconds, never less than zero.
    public let milliseconds: Int64

    /// Makes a lifetime.
    ///
    /// - Parameters:
    ///   - ground: What it rests on.
    ///   - seconds: Its length; negative is zero.
    public init(_ ground: Ground, seconds: Int64) {
        self.ground = ground
        self.milliseconds = max(0, seconds).multipliedSaturating(by: 1_000)
    }

    init(_ ground: Ground, milliseconds: Int64) {
        self.ground = ground
        self.milliseconds = max(0, milliseconds)
    }

    /// Whole seconds, rounded down.
    public var seconds: Int64 { self.milliseconds / 1_000 }

    /// Whether the response itself says how long.
    public var isExplicit: Bool {
        switch self.ground {
        case .targeted, .sharedMaxAge, .maxAge, .expires: true
        case .heuristic, .negative, .none: false
        }
    }

    /// Whether a response of this age is fresh: as long as its lifetime is *greater*.
    ///
    /// - Parameter age: The response's age.
    /// - Returns: Whether it is fresh.
    public func covers(_ age: Age) -> Bool { self.milliseconds > age.milliseconds }

    /// How long a response is fresh; the first ground that is there wins, even if it yields zero.
    ///
    /// - Parameters:
    ///   - status: The response's status.
    ///   - fields: Its fields.
    ///   - directives: What it says to this cache.
    ///   - source: Where it says so.
    ///   - date: Its `Date`; `nil` where there is none that can be read.
    ///   - responseTime: When it came, which stands in for a missing `Date`.
    ///   - policy: Which heuristics are used, and up to which bound.
    public init(
        status: Int,
        fields: HTTPFields,
        directives: ResponseDirectives,
        source: DirectiveSource,
        date: HTTPDate?,
        responseTime: HTTPTime,
        policy: CachePolicy
    ) {
        let explicit = Self.explicit(fields, directives, source, date, responseTime)
        let lifetime = explicit ?? Self.implied(status, fields, directives, date, responseTime, policy)
        let longest = policy.longestLifetime?.saturatedMilliseconds ?? .max
        self.init(lifetime.ground, milliseconds: min(lifetime.milliseconds, longest))
    }

    private static func explicit(
        _ fields: HTTPFields,
        _ directives: ResponseDirectives,
        _ source: DirectiveSource,
        _ date: HTTPDate?,
        _ responseTime: HTTPTime
    ) -> FreshnessLifetime? {
        switch source {
        case .targeted:
            return (directives.sharedMaxAge ?? directives.maxAge).map { FreshnessLifetime(.targeted, seconds: $0) }
        case .cacheControl:
            if let seconds = directives.sharedMaxAge { return FreshnessLifetime(.sharedMaxAge, seconds: seconds) }
            if let seconds = directives.maxAge { return FreshnessLifetime(.maxAge, seconds: seconds) }
            switch HTTPDate.field(.expires, in: fields, now: responseTime) {
            case .absent:
                return nil
            case .invalid:
                return FreshnessLifetime(.expires, seconds: 0)
            case .date(let expires):
                let start = date?.secondsSince1970 ?? responseTime.secondsSince1970
                return FreshnessLifetime(.expires, seconds: expires.secondsSince1970.subtractedSaturating(start))
            }
        }
    }

    private static func implied(
        _ status: Int,
        _ fields: HTTPFields,
        _ directives: ResponseDirectives,
        _ date: HTTPDate?,
        _ responseTime: HTTPTime,
        _ policy: CachePolicy
    ) -> FreshnessLifetime {
        if policy.usesHeuristics, StatusRules.allowsHeuristics(status) || directives.flags.contains(.isPublic),
            let modified = HTTPDate.field(.lastModified, in: fields, now: responseTime).date
        {
            let known = date?.secondsSince1970 ?? responseTime.secondsSince1970
            let unchanged = max(0, known.subtractedSaturating(modified.secondsSince1970))
            // A tenth, to the millisecond: ten seconds are good for one.
            let tenth = unchanged.multipliedSaturating(by: 100)
            let bound = policy.longestHeuristicLifetime.saturatedMilliseconds
            return FreshnessLifetime(.heuristic, milliseconds: min(tenth, bound))
        }
        if let seconds = policy.negativeLifetime, status == 404 || status == 410 {
            let bounded = min(seconds.saturatedMilliseconds, CachePolicy.longestNegativeLifetime.saturatedMilliseconds)
            return FreshnessLifetime(.negative, milliseconds: bounded)
        }
        return FreshnessLifetime(.none, milliseconds: 0)
    }

    /// The same ground, ended at an age, if it lasts that long.
    func ended(at age: Age) -> FreshnessLifetime {
        FreshnessLifetime(self.ground, milliseconds: min(self.milliseconds, age.milliseconds))
    }
}
