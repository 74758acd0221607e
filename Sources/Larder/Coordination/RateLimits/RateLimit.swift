/// How often something may be done: a number of times in a period, and by which rule that is judged.
///
/// ```swift
/// let limits: [RateLimit] = [.tokenBucket(10, per: .seconds(1), burst: 20), .slidingWindow(1_000, per: .hours(1))]
/// ```
///
/// <doc:RateLimits> compares the rules.
public struct RateLimit: Sendable, Hashable, CustomStringConvertible {
    /// The period that a limit counts in.
    ///
    /// Any number makes one; a period that no limit can have is refused by ``RateLimiter``, with the reason.
    public struct Period: Sendable, Hashable {
        /// How long the period is.
        public let duration: Duration

        /// As long as `duration`, exact to the microsecond.
        public static func duration(_ duration: Duration) -> Self { .init(duration: duration) }

        /// A number of milliseconds.
        public static func milliseconds(_ milliseconds: Int) -> Self { .init(duration: .milliseconds(milliseconds)) }

        /// A number of seconds.
        public static func seconds(_ seconds: Int) -> Self { .init(duration: .seconds(seconds)) }

        /// A number of minutes.
        public static func minutes(_ minutes: Int) -> Self { .multiple(minutes, of: 60) }

        /// A number of hours.
        public static func hours(_ hours: Int) -> Self { .multiple(hours, of: 3_600) }

        /// A number of days of 24 hours.
        public static func days(_ days: Int) -> Self { .multiple(days, of: 86_400) }

        /// As many seconds as an integer can say where it would be more: no limit takes nearly as long a period.
        private static func multiple(_ count: Int, of seconds: Int) -> Self {
            let (product, overflow) = count.multipliedReportingOverflow(by: seconds)
            return .seconds(overflow ? (count < 0 ? .min : .max) : product)
        }
    }

    enum Rule: Sendable, Hashable {
        case fixedWindow
        case slidingWindow
        case tokenBucket
    }

    let rule: Rule

    /// How much may be charged in a period.
    public let count: Int

    /// The period.
    public let period: Period

    /// How much may be charged at once: the size of a token bucket, ``count`` with the other rules.
    ///
    /// A call that costs more is never allowed.
    public let capacity: Int

    /// A number of times in each period of the store's clock: from full hour to full hour, say.
    ///
    /// The cheapest rule, and the coarsest. Around the border of two periods twice as much is possible within a moment.
    ///
    /// - Parameters:
    ///   - count: How much may be charged in a period, 1 to 67,108,864.
    ///   - period: The period, a millisecond to 366 days.
    /// - Returns: The limit.
    public static func fixedWindow(_ count: Int, per period: Period) -> RateLimit {
        RateLimit(rule: .fixedWindow, count: count, period: period, capacity: count)
    }

    /// A number of times in any stretch of time as long as the period, wherever it begins.
    ///
    /// What is charged counts for one period from then on; above 128 it may count for up to 1/128 longer, because charges that
    /// close are remembered as one.
    ///
    /// - Parameters:
    ///   - count: How much may be charged in a period, 1 to 67,108,864.
    ///   - period: The period, a millisecond to 366 days.
    /// - Returns: The limit.
    public static func slidingWindow(_ count: Int, per period: Period) -> RateLimit {
        RateLimit(rule: .slidingWindow, count: count, period: period, capacity: count)
    }

    /// A bucket of tokens that are taken by calls and come back evenly, so many in a period.
    ///
    /// Who has been quiet may do `burst` at once, and then goes at the pace at which tokens come back. In any stretch of time
    /// at most the burst is charged and what comes back in it.
    ///
    /// - Parameters:
    ///   - count: How many tokens come back in a period, 1 to 67,108,864.
    ///   - period: The period, a millisecond to 366 days.
    ///   - burst: How many tokens the bucket holds, 1 to 67,108,864; as many as come back in a period if it is left out. Filling
    ///     an empty bucket may take 100 years at most.
    /// - Returns: The limit.
    public static func tokenBucket(_ count: Int, per period: Period, burst: Int? = nil) -> RateLimit {
        RateLimit(rule: .tokenBucket, count: count, period: period, capacity: burst ?? count)
    }

    /// The limit in short, such as `token bucket: 10 per 1.0 seconds, 20 at once`.
    public var description: String {
        switch self.rule {
        case .fixedWindow: "fixed window: \(self.count) per \(self.period.duration)"
        case .slidingWindow: "sliding window: \(self.count) per \(self.period.duration)"
        case .tokenBucket: "token bucket: \(self.count) per \(self.period.duration), \(self.capacity) at once"
        }
    }
}

extension RateLimit {
    /// The largest count and burst.
    ///
    /// Two such numbers multiplied, as the token bucket does with fractions of a microsecond, are exact in a Lua number, which
    /// has 53 bits.
    static let largestCount = 1 << 26

    /// The longest time in which an empty bucket fills, in microseconds: beside the time of day it is exact in 53 bits.
    private static let longestFill: Int64 = 100 * 366 * 86_400 * 1_000_000

    /// The period in whole microseconds.
    var periodMicroseconds: Int64 { self.period.duration.wholeNanoseconds / 1_000 }

    /// What is wrong with the limit, as the end of a sentence; `nil` when nothing is.
    var fault: String? {
        let counts = 1...Self.largestCount
        guard counts.contains(self.count) else { return "must allow 1 to \(Self.largestCount) in a period" }
        guard counts.contains(self.capacity) else { return "must have a burst of 1 to \(Self.largestCount)" }
        let period = self.period.duration
        guard period >= .milliseconds(1), period <= .seconds(366 * 86_400) else {
            return "must have a period between a millisecond and 366 days"
        }
        guard self.rule == .tokenBucket else { return nil }
        let (high, low) = UInt64(self.periodMicroseconds).multipliedFullWidth(by: UInt64(self.capacity))
        // The quotient fits when the divisor is above the dividend's upper half.
        guard high < UInt64(self.count), UInt64(self.count).dividingFullWidth((high, low)).quotient <= Self.longestFill
        else { return "must fill its bucket within 100 years" }
        return nil
    }

    /// The limit as a part of names: the same for limits that decide alike, another for all others.
    var mark: String {
        let letter =
            switch self.rule {
            case .fixedWindow: "f"
            case .slidingWindow: "s"
            case .tokenBucket: "b"
            }
        let micros = self.periodMicroseconds
        let period =
            if micros % 1_000_000 == 0 {
                "\(micros / 1_000_000)s"
            } else if micros % 1_000 == 0 {
                "\(micros / 1_000)ms"
            } else {
                "\(micros)us"
            }
        let burst = self.capacity == self.count ? "" : "+\(self.capacity)"
        return "\(letter)\(self.count)/\(period)\(burst)"
    }
}

/// The limits that a limiter holds all of, checked.
public struct RateLimitSet: Sendable, Hashable {
    /// The limits, at least one.
    public let limits: [RateLimit]

    /// The limits as a part of names, such as `b10/1s+20,s1000/3600s`: sets with the same name decide alike.
    ///
    /// Stores keep what they count under it, so that counts made for other limits are never misread after a deployment.
    public let name: String

    /// What each limit decides by.
    package let terms: [RateLimitTerms]

    /// The most limits of a set.
    static let mostLimits = 8

    /// Checks limits.
    ///
    /// - Parameter limits: One to eight limits.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidPolicy`` that says which of them is wrong, and how.
    public init(_ limits: [RateLimit]) throws {
        guard (1...Self.mostLimits).contains(limits.count) else {
            throw CacheError(.invalidPolicy, "a rate limiter takes one to \(Self.mostLimits) limits")
        }
        for limit in limits {
            if let fault = limit.fault { throw CacheError(.invalidPolicy, "the limit (\(limit)) \(fault)") }
        }
        self.limits = limits
        self.name = limits.map(\.mark).joined(separator: ",")
        self.terms = limits.map { RateLimitTerms($0) }
    }
}
