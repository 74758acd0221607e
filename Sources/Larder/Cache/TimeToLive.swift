/// How long an entry stays fresh.
///
/// Where a call takes a `TimeToLive?`, leaving it out means the cache's default, `nil` means for ever, and zero or less
/// means that nothing is stored.
public struct TimeToLive: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case cacheDefault
        case duration(Duration)
    }

    let kind: Kind

    private init(_ kind: Kind) {
        self.kind = kind
    }

    /// The time; `nil` where it is the cache's default.
    package var fixedDuration: Duration? {
        if case .duration(let duration) = self.kind { duration } else { nil }
    }

    /// What the cache was told to use where a call says nothing: ``CacheDefaults/ttl``.
    public static let `default` = TimeToLive(.cacheDefault)

    /// As long as `duration`, exact to the millisecond.
    public static func duration(_ duration: Duration) -> Self { .init(.duration(duration)) }

    /// A number of milliseconds.
    public static func milliseconds(_ milliseconds: Int) -> Self { .init(.duration(.milliseconds(milliseconds))) }

    /// A number of seconds.
    public static func seconds(_ seconds: Int) -> Self { .init(.duration(.seconds(seconds))) }

    /// A number of seconds, with a fraction; one that is not a number counts as zero.
    public static func seconds(_ seconds: Double) -> Self {
        // A `Duration` traps on numbers that it cannot hold, and a token may say anything about when it expires.
        let bound = Double(EntryLifetime.longest.components.seconds)
        return .init(.duration(seconds.isNaN ? .zero : .seconds(max(-bound, min(seconds, bound)))))
    }

    /// A number of minutes.
    public static func minutes(_ minutes: Int) -> Self { .seconds(minutes, times: 60) }

    /// A number of hours.
    public static func hours(_ hours: Int) -> Self { .seconds(hours, times: 3_600) }

    /// A number of days of 24 hours.
    public static func days(_ days: Int) -> Self { .seconds(days, times: 86_400) }

    private static func seconds(_ count: Int, times length: Int) -> Self {
        let (seconds, overflow) = count.multipliedReportingOverflow(by: length)
        return .seconds(overflow ? (count < 0 ? .min : .max) : seconds)
    }
}

/// How long a fresh entry has left.
public enum TimeLeft: Sendable, Hashable {
    /// The entry does not expire.
    case forever
    /// The entry expires after this time.
    case remaining(Duration)

    /// The time that is left; `nil` for ever.
    public var duration: Duration? {
        switch self {
        case .forever: nil
        case .remaining(let duration): duration
        }
    }
}

/// How long an entry is to live in a store: fresh for a time, then for its grace perhaps useful still, then gone.
public struct EntryLifetime: Sendable, Hashable {
    /// The longest finite time: a hundred years.
    ///
    /// A longer one would not fit the nanoseconds of a monotonic clock.
    static let longest = Duration.seconds(100 * 365 * 86_400)

    /// How long the entry is fresh; `nil` for ever.
    ///
    /// Whole milliseconds, at least one.
    public let freshFor: Duration?

    /// How long after that it may stand in for a fill that fails.
    ///
    /// Whole milliseconds.
    public let grace: Duration

    /// Makes a lifetime; a duration under a millisecond becomes one, an endless one is cut at a hundred years.
    ///
    /// - Parameters:
    ///   - freshFor: How long the entry is fresh; `nil` for ever.
    ///   - grace: How long after that it is kept.
    public init(freshFor: Duration?, grace: Duration = .zero) {
        self.freshFor = freshFor.map { .milliseconds(max(1, min($0, Self.longest).wholeNanoseconds / 1_000_000)) }
        // What never ends has nothing after its end.
        self.grace =
            freshFor == nil ? .zero : .milliseconds(max(0, min(grace, Self.longest).wholeNanoseconds / 1_000_000))
    }

    /// The lifetime that a call's argument means.
    ///
    /// - Returns: `nil` where nothing is to be stored.
    init?(_ ttl: TimeToLive?, defaults: CacheDefaults) {
        guard let ttl else {
            self.init(freshFor: nil)
            return
        }
        switch ttl.kind {
        case .duration(let duration):
            guard duration > .zero else { return nil }
            self.init(freshFor: duration)
        case .cacheDefault:
            guard let fallback = defaults.ttl else {
                self.init(freshFor: nil)
                return
            }
            // A default of `.default` would ask itself for ever.
            guard case .duration(let duration) = fallback.kind, duration > .zero else { return nil }
            self.init(freshFor: duration)
        }
    }
}
