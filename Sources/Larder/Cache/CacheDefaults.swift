/// What a cache does where a call says nothing.
public struct CacheDefaults: Sendable {
    /// How long entries stay fresh: five minutes, as in Django.
    ///
    /// `nil` means for ever, zero or less stores nothing.
    public var ttl: TimeToLive?

    /// How fresh fetched values have to be, and how long callers wait for them.
    public var fetchPolicy: FetchPolicy

    /// What reading does while the store is unavailable.
    public var failurePolicy: FailurePolicy

    /// Makes the defaults of a cache.
    ///
    /// - Parameters:
    ///   - ttl: How long entries stay fresh. `nil` means for ever, zero or less stores nothing.
    ///   - fetchPolicy: How fresh fetched values have to be, and how long callers wait for them.
    ///   - failurePolicy: What reading does while the store is unavailable.
    public init(
        ttl: TimeToLive? = .minutes(5),
        fetchPolicy: FetchPolicy = .standard,
        failurePolicy: FailurePolicy = .missing
    ) {
        self.ttl = ttl == .default ? .minutes(5) : ttl
        self.fetchPolicy = fetchPolicy
        self.failurePolicy = failurePolicy
    }
}

/// What reading does while the store is unavailable.
///
/// Either way it is counted and logged.
///
/// Writing and invalidating always throw then: an invalidation that is lost in silence shows old data for ever.
public struct FailurePolicy: Sendable, Hashable {
    private enum Kind {
        case missing
        case throwing
    }

    private let kind: Kind

    /// Reading finds nothing, and `fetch` runs its fill and hands the value on without storing it: the service stays up.
    public static let missing = FailurePolicy(kind: .missing)

    /// Reading and `fetch` throw ``CacheError/Code/unavailable``: what stands behind the cache is protected from the
    /// load that the cache used to carry.
    public static let throwing = FailurePolicy(kind: .throwing)
}
