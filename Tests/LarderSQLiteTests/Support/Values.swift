import Larder
import LarderTesting

/// A cache that throws what its store throws.
func throwingCache(
    on store: some CacheStore,
    _ namespace: CacheNamespace = "shop",
    ttl: TimeToLive? = .hours(1)
) -> Cache {
    Cache(store, namespace: namespace, defaults: .init(ttl: ttl, failurePolicy: .throwing, circuitBreaker: nil))
}

/// What `body` throws, if that is a `CacheError`.
func cacheError(_ body: () async throws -> Void) async throws -> CacheError? {
    do {
        try await body()
        return nil
    } catch let error as CacheError {
        return error
    }
}
