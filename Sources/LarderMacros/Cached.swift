public import Larder

/// Caches what a function returns: asked again with the same arguments, it answers from a cache, and its body runs once however
/// many callers wait.
///
/// ```swift
/// struct Catalogue {
///     let cache: Cache
///
///     @Cached(ttl: .minutes(30), tags: [#"shelf:\(slug)"#], in: \Catalogue.cache)
///     func top(slug: String, limit: Int = 10) async throws -> [Book] {
///         try await database.top(slug, limit)
///     }
/// }
/// ```
///
/// The function is asynchronous, throwing or not, generic or not; a method of a structure, class, actor or extension, a static one,
/// or one that belongs to no type. What it returns is `Codable & Sendable`, and so are its arguments.
///
/// The key is made of the module, the type, the function and the arguments, each behind its length, so that no two lists of
/// arguments have the same one. Two values of a type share their entries: what distinguishes them goes into `including`.
///
/// The compiler looks at what stands in an attribute before it knows the function's parameters. So what depends on these or on
/// `self` is written as a raw string, `#"shelf:\(slug)"#`, in `tags`, `key` and `including`: it is interpolated within the
/// function.
///
/// A function that does not throw, or throws an error of one type, runs its body where the cache fails. The body is reached without
/// the cache as `_uncached_` and the function's name, from within the type.
///
/// <doc:CachedFunctions> tells more.
///
/// - Parameters:
///   - ttl: How long results stay fresh. Left out, the policy's; `nil`, for ever.
///   - tags: What results depend on; see `Cache.invalidate(tags:)`.
///   - cache: The cache, as any expression that is known where the function is declared; left out, the cache `default` of
///     `Caches.current`.
///   - key: The entry's whole key, instead of one that is made of the arguments. It has to have one of them in it, or all are ignored.
///   - ignoring: The names of parameters that have no influence on the result, as plain strings.
///   - including: What influences the result beside the arguments.
///   - policy: How fresh results have to be, and how long to wait for them; `nil` takes the cache's.
///   - freshness: Who may answer; `nil` takes the cache's.
///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
@attached(body)
@attached(peer, names: prefixed(_uncached_))
public macro Cached(
    ttl: TimeToLive? = .default,
    tags: [String] = [],
    in cache: Cache? = nil,
    key: String? = nil,
    ignoring: [String] = [],
    including: [String] = [],
    policy: FetchPolicy? = nil,
    freshness: ReadFreshness? = nil,
    onFailure: FailurePolicy? = nil
) = #externalMacro(module: "LarderMacrosPlugin", type: "CachedMacro")

/// The same, with a cache that the value has whose method it is.
///
/// - Parameters:
///   - ttl: How long results stay fresh. Left out, the policy's; `nil`, for ever.
///   - tags: What results depend on; see `Cache.invalidate(tags:)`.
///   - cache: The path from `self` to the cache, such as `\Catalogue.cache`.
///   - key: The entry's whole key, instead of one that is made of the arguments. It has to have one of them in it, or all are ignored.
///   - ignoring: The names of parameters that have no influence on the result, as plain strings.
///   - including: What influences the result beside the arguments.
///   - policy: How fresh results have to be, and how long to wait for them; `nil` takes the cache's.
///   - freshness: Who may answer; `nil` takes the cache's.
///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
@attached(body)
@attached(peer, names: prefixed(_uncached_))
public macro Cached<Owner>(
    ttl: TimeToLive? = .default,
    tags: [String] = [],
    in cache: KeyPath<Owner, Cache>,
    key: String? = nil,
    ignoring: [String] = [],
    including: [String] = [],
    policy: FetchPolicy? = nil,
    freshness: ReadFreshness? = nil,
    onFailure: FailurePolicy? = nil
) = #externalMacro(module: "LarderMacrosPlugin", type: "CachedMacro")

/// The same, with a cache that `Caches.current` has.
///
/// - Parameters:
///   - ttl: How long results stay fresh. Left out, the policy's; `nil`, for ever.
///   - tags: What results depend on; see `Cache.invalidate(tags:)`.
///   - name: The cache's name, as a literal.
///   - key: The entry's whole key, instead of one that is made of the arguments. It has to have one of them in it, or all are ignored.
///   - ignoring: The names of parameters that have no influence on the result, as plain strings.
///   - including: What influences the result beside the arguments.
///   - policy: How fresh results have to be, and how long to wait for them; `nil` takes the cache's.
///   - freshness: Who may answer; `nil` takes the cache's.
///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
@attached(body)
@attached(peer, names: prefixed(_uncached_))
public macro Cached(
    ttl: TimeToLive? = .default,
    tags: [String] = [],
    in name: String,
    key: String? = nil,
    ignoring: [String] = [],
    including: [String] = [],
    policy: FetchPolicy? = nil,
    freshness: ReadFreshness? = nil,
    onFailure: FailurePolicy? = nil
) = #externalMacro(module: "LarderMacrosPlugin", type: "CachedMacro")
