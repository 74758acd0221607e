public import Hummingbird
public import Larder

/// Where a service counts, and whom it charges if nothing else is said: what the limits of its routes share.
///
/// ```swift
/// let limits = RateLimits<AppContext>(.redis(client), namespace: "shop", key: .clientAddress(behind: .hops(1)))
///
/// try router.rateLimited(.perMinute(20), by: limits)
///     .get("search") { request, context in … }
/// ```
public struct RateLimits<Context: RequestContext>: Sendable {
    /// Whom requests are charged to.
    public let key: RateLimitKey<Context>

    private let limiter: @Sendable ([RateLimit]) throws -> RateLimiter

    /// Says where to count, and whom to charge.
    ///
    /// - Parameters:
    ///   - store: Where it is counted.
    ///   - namespace: What the names belong to.
    ///   - key: Whom requests are charged to.
    ///   - onUnavailable: What happens while the store is away: by default everything is allowed.
    public init(
        _ store: some RateLimitStore,
        namespace: CacheNamespace,
        key: RateLimitKey<Context>,
        onUnavailable: RateLimitFailurePolicy = .allowing
    ) {
        self.key = key
        self.limiter = { limits in
            try RateLimiter(store, namespace: namespace, limits: limits, onUnavailable: onUnavailable)
        }
    }

    /// A middleware that holds requests to limits.
    ///
    /// - Parameters:
    ///   - limits: The limits, one to eight; a request is charged to all of them or to none.
    ///   - name: What the limits belong to: routes with the same name count together. `nil`, each route counts by itself.
    ///   - key: Whom requests are charged to; `nil` takes ``key``.
    ///   - cost: What a request costs.
    /// - Returns: The middleware.
    /// - Throws: `CacheError` with `.invalidPolicy` where a limit is none, or the name cannot stand in a field.
    public func middleware(
        _ limits: [RateLimit],
        named name: String? = nil,
        key: RateLimitKey<Context>? = nil,
        cost: @escaping @Sendable (Request, Context) async throws -> Int = { _, _ in 1 }
    ) throws -> RateLimitMiddleware<Context> {
        let key = key ?? self.key
        return RateLimitMiddleware(
            try RateLimitRule(
                name ?? "default",
                limiter: try self.limiter(limits),
                key: name == nil ? key.perRoute : key,
                cost: cost
            )
        )
    }
}

extension RouterMethods {
    /// A group whose routes are held to limits, for one route or for many.
    ///
    /// - Parameters:
    ///   - limits: The limits; a request is charged to all of them or to none.
    ///   - shared: Where it is counted, and whom requests are charged to.
    ///   - name: What the limits belong to: routes with the same name count together. `nil`, each route counts by itself.
    ///   - key: Whom requests are charged to; `nil` takes what `shared` says.
    ///   - cost: What a request costs.
    /// - Returns: The group, to which routes are added.
    /// - Throws: As ``RateLimits/middleware(_:named:key:cost:)``.
    public func rateLimited(
        _ limits: RateLimit...,
        by shared: RateLimits<Context>,
        named name: String? = nil,
        key: RateLimitKey<Context>? = nil,
        cost: @escaping @Sendable (Request, Context) async throws -> Int = { _, _ in 1 }
    ) throws -> RouterGroup<Context> {
        self.group().add(middleware: try shared.middleware(limits, named: name, key: key, cost: cost))
    }
}

extension RateLimit {
    /// A number of times in any second.
    ///
    /// - Parameter count: How often.
    /// - Returns: A sliding window.
    public static func perSecond(_ count: Int) -> RateLimit { .slidingWindow(count, per: .seconds(1)) }

    /// A number of times in any minute.
    ///
    /// - Parameter count: How often.
    /// - Returns: A sliding window.
    public static func perMinute(_ count: Int) -> RateLimit { .slidingWindow(count, per: .minutes(1)) }

    /// A number of times in any hour.
    ///
    /// - Parameter count: How often.
    /// - Returns: A sliding window.
    public static func perHour(_ count: Int) -> RateLimit { .slidingWindow(count, per: .hours(1)) }

    /// A number of times in any 24 hours.
    ///
    /// - Parameter count: How often.
    /// - Returns: A sliding window.
    public static func perDay(_ count: Int) -> RateLimit { .slidingWindow(count, per: .days(1)) }
}
