public import Larder

/// What a history is held to, beside what every cache promises.
public struct HistoryRules: Sendable {
    /// How far a fill is shared: a second one is a violation within a cache, or within all.
    public var scope = FetchPolicy.Scope.fleet

    /// Whether the store loses nothing: it evicts nothing and does not forget what it has acknowledged.
    ///
    /// Otherwise second fills are allowed, and counters may start again.
    public var keepsEntries = true

    /// Whether the store could be asked all the time.
    ///
    /// Otherwise second fills are allowed: without the store nobody knows of the first.
    public var isAvailable = true

    /// How much longer than its time to live a value may be returned: the resolution of the store's clock.
    public var granularity = Duration.milliseconds(1)

    /// After what time a lease may have run out although its holder lives, because the machine did not let it renew the
    /// lease; `nil`, never, as in simulated time.
    public var leaseMayLapseAfter: Duration?

    /// How long after an outage a cache may not know yet that the store is back: the longest pause of its circuit breaker,
    /// and the time of a probe.
    public var recovery = Duration.zero

    /// Whether a counter that was read is never read smaller afterwards, though the call that has made it larger may not have
    /// returned yet.
    ///
    /// So it is where there is one place to read from. Between two tiers one reader may see below what is being written, and the
    /// next one above what was there before; once the writing call has returned nobody does.
    public var readsAreMonotonic = true

    /// How long after a change has returned calls on other caches may not know of it yet: where caches answer from memory of their
    /// own until they are told.
    public var othersAreSeenAfter = Duration.zero

    /// What holds in simulated time, on a store that loses nothing.
    public init() {}

    /// What holds in simulated time on tiers.
    public static var tiered: Self {
        var rules = Self()
        rules.readsAreMonotonic = false
        return rules
    }

    /// What holds in real time, on a store that loses nothing and was always there.
    public static var realTime: Self {
        var rules = Self()
        rules.granularity = .milliseconds(5)
        rules.leaseMayLapseAfter = .seconds(2)
        return rules
    }

    /// What holds in real time while the store is disturbed, for histories of ``HistoryOptions/disturbed``: what the history's
    /// outages do not excuse.
    public static var disturbed: Self {
        var rules = Self.realTime
        rules.leaseMayLapseAfter = .milliseconds(200)
        rules.recovery = .milliseconds(200)
        return rules
    }
}

/// A promise that a history broke.
public struct HistoryViolation: Sendable, Hashable, CustomStringConvertible {
    /// Which promise.
    public enum Rule: String, Sendable, Hashable, CaseIterable {
        /// A call returned a value that had been invalidated before it began.
        case resurrection
        /// `get` returned a value one of whose tags had been expired before it began.
        case staleValue
        /// A value was filled where another fill was to serve.
        case secondFill
        /// A call returned a value past its time to live.
        case expiredValue
        /// A call returned a value of another key, or one that nobody has stored.
        case foreignValue
        /// A counter lost what had been added to it, or holds what nobody added.
        case lostIncrement
    }

    /// Which promise.
    public let rule: Rule

    /// The seed of the history.
    public let history: UInt64

    /// When it was broken: the end of the call, or the beginning of the second fill.
    public let moment: Int64

    /// What happened, in a sentence.
    public let message: String

    /// The calls that it takes to see it, in the order of their beginnings.
    public let calls: [HistoryCall]

    /// The promise, what happened, and the calls that show it, each on a line.
    public var description: String {
        ([" history \(self.history): \(self.rule.rawValue): \(self.message)"] + self.calls.map { "    \($0)" })
            .joined(separator: "\n").trimmingPrefix(" ").description
    }
}
