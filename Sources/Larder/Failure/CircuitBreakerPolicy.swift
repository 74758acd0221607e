/// When a cache stops asking a store that fails, and how soon it tries again.
///
/// A call that fails as ``CacheError/Code/unavailable`` has often waited for the store's timeout. After a few of them in a row
/// the circuit breaker opens: calls fail at once and do not reach the store. After a pause the next call starts a
/// probe, a small read in the background, and fails at once itself; when a probe is answered, the breaker closes.
///
/// Where a store has parts that fail by themselves, servers that share the keys (``FailureDomain``), it counts for each of
/// them, and keeps back only the calls that need a part which has failed.
public struct CircuitBreakerPolicy: Sendable, Hashable {
    /// How many calls have to fail in a row before the breaker opens; at least one.
    public let failures: Int

    /// How long the breaker stays open before the first probe.
    ///
    /// Doubled after every probe that fails.
    public let firstPause: Duration

    /// The longest pause between two probes: about how long the cache does without a store that has come back.
    public let longestPause: Duration

    /// Says when a breaker opens and how soon it probes.
    ///
    /// - Parameters:
    ///   - failures: How many calls have to fail in a row before it opens; less than one counts as one.
    ///   - firstPause: How long it stays open before the first probe; at least a millisecond.
    ///   - longestPause: The longest pause between two probes; at least the first.
    public init(
        failures: Int = 5,
        firstPause: Duration = .milliseconds(200),
        longestPause: Duration = .milliseconds(500)
    ) {
        self.failures = max(1, failures)
        self.firstPause = max(.milliseconds(1), firstPause)
        self.longestPause = max(self.firstPause, longestPause)
    }
}

/// Whether a cache asks its store.
public enum CircuitState: Sendable, Hashable {
    /// Every call reaches the store.
    case closed
    /// The store has failed too often; calls fail at once.
    case open
    /// As open, and a probe is under way.
    case halfOpen
}
