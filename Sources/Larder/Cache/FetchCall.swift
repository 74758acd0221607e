/// What one call to `fetch` or `fetchMany` wants, and what it has found so far.
struct FetchCall<Value: Codable & Sendable>: Sendable {
    typealias Fill = @Sendable ([StoreKey], FillContext) async throws -> [StoreKey: Value]

    /// Tags of what is to be filled.
    var tags: [String]
    /// How fresh the values have to be, and how long the call waits.
    var policy: FetchPolicy
    /// How long filled values stay fresh.
    var ttl: TimeToLive?
    /// Who may answer reads.
    var freshness: ReadFreshness
    /// What to do while the store is unavailable.
    var onFailure: FailurePolicy
    /// Makes the values.
    var fill: Fill
    /// Keys of which there was something that had got old.
    var foundStale: Set<StoreKey> = []
    /// Values past their time that may stand in for a fill that fails or takes too long.
    var stale: [StoreKey: Fetched<Value>] = [:]
    /// Their tags.
    var staleMarks: [StoreKey: [TagMark]] = [:]
    /// What was drawn for entries that may be refreshed early, so that looking at one again decides the same.
    var chances: [StoreKey: Double] = [:]
    /// When the call takes a stale value instead of waiting on; never, where it has none.
    var softDeadline: CacheInstant?
    /// When the call gives up, however often others take the lease before it.
    var deadline: CacheInstant
    /// Whether the call is made so that the value is fresh for those who come after it: it waits for the fill that others
    /// would leave behind, and takes no stale value in its place.
    var isWarming = false
    /// Whether each key is filled by a fill of its own, although they are read, and their leases taken, together.
    var fillsApart = false
    /// Whether the store could be asked.
    var storeIsAvailable = true

    /// A random number over 0 and up to 1, which is kept.
    mutating func drawChance(for key: StoreKey) -> Double {
        // Nought would be an infinite logarithm.
        let chance = 1 - Double.random(in: 0..<1)
        self.chances[key] = chance
        return chance
    }
}

extension Cache {
    /// Puts a call together from its arguments and the cache's defaults.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag``.
    func call<Value>(
        _ tags: [String],
        _ policy: FetchPolicy?,
        _ ttl: TimeToLive?,
        _ freshness: ReadFreshness?,
        _ onFailure: FailurePolicy?,
        _ fill: @escaping FetchCall<Value>.Fill
    ) throws -> FetchCall<Value> {
        let policy = policy ?? self.defaults.fetchPolicy
        return FetchCall(
            tags: try TagRules.checked(tags),
            policy: policy,
            ttl: ttl == .default ? policy.ttl : ttl,
            freshness: self.resolved(freshness),
            onFailure: onFailure ?? self.defaults.failurePolicy,
            fill: fill,
            // For another's fill, and for its own after it.
            deadline: self.clock.now.advanced(by: policy.hardTimeout * 2)
        )
    }
}

/// A call has waited for as long as it would while there is a stale value.
struct SoftTimeout: Error {}
