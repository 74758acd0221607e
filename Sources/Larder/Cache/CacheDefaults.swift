/// What a cache does where a call says nothing.
public struct CacheDefaults: Sendable {
    /// How long entries stay fresh: five minutes, as in Django.
    ///
    /// `nil` means for ever, zero or less stores nothing.
    public var ttl: TimeToLive?

    /// How fresh fetched values have to be, and how long callers wait for them.
    public var fetchPolicy: FetchPolicy

    /// Who may answer reads: this process' own memory too, or only the store.
    public var freshness: ReadFreshness

    /// What reading does while the store is unavailable.
    public var failurePolicy: FailurePolicy

    /// When the cache stops asking a store that fails, and how soon it tries again; `nil` asks every time.
    ///
    /// Stores in this process' own memory have no use for it.
    public var circuitBreaker: CircuitBreakerPolicy?

    /// What invalidating does while the store is unavailable.
    public var invalidationPolicy: InvalidationPolicy

    /// Makes the defaults of a cache.
    ///
    /// - Parameters:
    ///   - ttl: How long entries stay fresh. `nil` means for ever, zero or less stores nothing.
    ///   - fetchPolicy: How fresh fetched values have to be, and how long callers wait for them.
    ///   - freshness: Who may answer reads; it matters where memory stands in front of a store.
    ///   - failurePolicy: What reading does while the store is unavailable.
    ///   - circuitBreaker: When to stop asking a store that fails; `nil` asks every time.
    ///   - invalidationPolicy: What invalidating does while the store is unavailable.
    public init(
        ttl: TimeToLive? = .minutes(5),
        fetchPolicy: FetchPolicy = .standard,
        freshness: ReadFreshness = .tracked,
        failurePolicy: FailurePolicy = .missing,
        circuitBreaker: CircuitBreakerPolicy? = CircuitBreakerPolicy(),
        invalidationPolicy: InvalidationPolicy = .throwing
    ) {
        self.ttl = ttl == .default ? .minutes(5) : ttl
        self.fetchPolicy = fetchPolicy
        self.freshness = freshness
        self.failurePolicy = failurePolicy
        self.circuitBreaker = circuitBreaker
        self.invalidationPolicy = invalidationPolicy
    }
}
