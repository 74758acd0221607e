import Synchronization

/// What a ``ResponseCache`` has counted since it was made.
public struct ResponseCacheCounters: Sendable, Hashable {
    /// Requests answered from the store with what is fresh.
    public var hits = 0
    /// Requests answered from the store with what is stale.
    public var staleHits = 0
    /// Requests for which nothing was stored.
    public var misses = 0
    /// Requests that waited for another's answer.
    public var collapsed = 0
    /// Stale pages that the handler said were still true.
    public var revalidations = 0
    /// Pages refreshed behind their readers.
    public var refreshes = 0
    /// Handlers that failed where a stale page could stand in, and refreshes that failed.
    public var failedRefreshes = 0
    /// Answers that were stored.
    public var stores = 0
    /// Answers that were not stored because of what they or their requests say, or how long they are.
    public var refusals = 0
    /// Answers that the store did not take.
    public var failedStores = 0
    /// Requests that wanted only what is stored, and got a 504.
    public var onlyIfCached = 0
    /// Requests that the cache had nothing to do with: by their method, or by what they carry.
    public var bypassed = 0
    /// Pages that were purged or invalidated.
    public var purges = 0
    /// Invalidations that the store did not take.
    public var failedPurges = 0
    /// Requests that went to the handler because the store could not be asked.
    public var unavailable = 0
}

/// A number that many threads add to.
struct Tally: ~Copyable, Sendable {
    private let count = Atomic<Int>(0)

    func add() {
        self.count.add(1, ordering: .relaxed)
    }

    var value: Int { self.count.load(ordering: .relaxed) }
}

/// The counts of one cache.
final class ResponseCacheTallies: Sendable {
    let hits = Tally()
    let staleHits = Tally()
    let misses = Tally()
    let collapsed = Tally()
    let revalidations = Tally()
    let refreshes = Tally()
    let failedRefreshes = Tally()
    let stores = Tally()
    let refusals = Tally()
    let failedStores = Tally()
    let onlyIfCached = Tally()
    let bypassed = Tally()
    let purges = Tally()
    let failedPurges = Tally()
    let unavailable = Tally()

    var snapshot: ResponseCacheCounters {
        ResponseCacheCounters(
            hits: self.hits.value,
            staleHits: self.staleHits.value,
            misses: self.misses.value,
            collapsed: self.collapsed.value,
            revalidations: self.revalidations.value,
            refreshes: self.refreshes.value,
            failedRefreshes: self.failedRefreshes.value,
            stores: self.stores.value,
            refusals: self.refusals.value,
            failedStores: self.failedStores.value,
            onlyIfCached: self.onlyIfCached.value,
            bypassed: self.bypassed.value,
            purges: self.purges.value,
            failedPurges: self.failedPurges.value,
            unavailable: self.unavailable.value
        )
    }
}
