public import Larder

/// What the expansion of ``Cached(ttl:tags:in:key:ignoring:including:policy:freshness:onFailure:)-(_,_,Cache?,_,_,_,_,_,_)`` calls; nothing to be
/// written by hand.
public enum CachedCall: Sendable {
    /// The cache that an attribute names.
    @inlinable
    public static func cache(_ cache: Cache?) throws -> Cache {
        if let cache { return cache }
        return try Caches.current["default"]
    }

    /// The cache of a name.
    @inlinable
    public static func cache(_ name: String) throws -> Cache {
        try Caches.current[name]
    }

    /// What the cache has, or what the body makes of it.
    @inlinable
    @inline(__always)
    public static func fetch<Value: Codable & Sendable>(
        _ cache: Cache,
        _ key: CacheKey<Value>,
        ttl: TimeToLive?,
        tags: [String],
        policy: FetchPolicy?,
        freshness: ReadFreshness?,
        onFailure: FailurePolicy?,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await cache.fetch(
            key,
            ttl: ttl,
            tags: tags,
            policy: policy,
            freshness: freshness,
            onFailure: onFailure,
            body
        )
    }

    /// What is chosen where the result cannot be cached, so that the compiler says why.
    @available(*, unavailable, message: "what a cached function returns has to be Codable and Sendable")
    public static func fetch<Value>(
        _ cache: Cache,
        _ key: CacheKey<Value>,
        ttl: TimeToLive?,
        tags: [String],
        policy: FetchPolicy?,
        freshness: ReadFreshness?,
        onFailure: FailurePolicy?,
        _ body: @escaping () async throws -> Value
    ) async throws -> Value {
        try await body()
    }
}
