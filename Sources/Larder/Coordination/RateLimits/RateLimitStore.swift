/// Where rate limiters keep what they count: ``MemoryRateLimitStore``, Redis, or a store of your own.
///
/// A store of your own keeps what is said here and runs `RateLimitConformance` of `LarderTesting`.
public protocol RateLimitStore: Sendable {
    /// What kind of store this is, for people: `memory`, `redis`.
    var kind: String { get }

    /// The counts of one limiter; the same for all that are opened with the same namespace and limits.
    ///
    /// - Parameters:
    ///   - namespace: What the subjects' names belong to.
    ///   - limits: What is held.
    /// - Returns: The counts.
    func open(_ namespace: CacheNamespace, _ limits: RateLimitSet) -> any RateLimitLedger
}

/// The counts of one limiter: what has been charged to whom.
///
/// Every call is one step that no other comes between. Time is the store's own.
public protocol RateLimitLedger: Sendable {
    /// Charges a subject if all limits allow it, and else nothing.
    ///
    /// - Parameters:
    ///   - subject: Who is charged: not empty, without control characters.
    ///   - cost: How much, at least 1.
    /// - Returns: The decision, after the charge.
    /// - Throws: `CacheError` with `.unavailable` where the store could not be used; `CancellationError`.
    func charge(_ subject: String, cost: Int) async throws -> RateLimitDecision

    /// What a charge would be answered, without charging.
    ///
    /// - Parameters:
    ///   - subject: Whom it is about.
    ///   - cost: How much, at least 0.
    /// - Returns: The decision.
    /// - Throws: As charging does.
    func peek(_ subject: String, cost: Int) async throws -> RateLimitDecision

    /// Forgets all that a subject was charged.
    ///
    /// - Parameter subject: Who is forgiven.
    /// - Throws: As charging does.
    func reset(_ subject: String) async throws
}
