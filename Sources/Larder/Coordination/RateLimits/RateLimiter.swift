public import Logging

/// Holds callers to limits: ten calls a second, a thousand an hour, or both at once.
///
/// ```swift
/// let limiter = try RateLimiter(
///     .redis(client),
///     namespace: "bookshop",
///     limits: [.tokenBucket(10, per: .seconds(1), burst: 20), .slidingWindow(1_000, per: .hours(1))]
/// )
/// let decision = try await limiter.check("search:user:42")
/// guard decision.isAllowed else { return tooManyRequests(retryAfter: decision.retryAfter) }
/// ```
///
/// A subject is whom the limits hold for: a user, an address, or both with what they do. Limiters of one store count together
/// if they have the same namespace and the same limits; begin subjects differently (`search:`, `login:`) where they are not
/// to. With several limits, a call is charged to all of them or, if one refuses, to none.
///
/// On Redis each call is one round trip, and time is the server's. <doc:RateLimits> says what is promised.
public struct RateLimiter: Sendable {
    /// What the limiter holds.
    public var limits: [RateLimit] { self.set.limits }

    /// What it answers while the store is unavailable.
    public let onUnavailable: RateLimitFailurePolicy

    private let set: RateLimitSet
    private let ledger: any RateLimitLedger
    private let outageLog: OutageLog
    let clock: CacheClock

    /// Makes a limiter.
    ///
    /// - Parameters:
    ///   - store: Where it keeps what it counts.
    ///   - namespace: What the subjects' names belong to.
    ///   - limits: What it holds, one to eight limits. A process that has other limits counts apart.
    ///   - onUnavailable: What it answers while the store is unavailable.
    ///   - clock: What ``wait(for:cost:atMost:)`` sleeps by.
    ///   - logger: Where outages of the store are reported.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidPolicy`` where a limit is none.
    public init(
        _ store: some RateLimitStore,
        namespace: CacheNamespace,
        limits: [RateLimit],
        onUnavailable: RateLimitFailurePolicy = .throwing,
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder.ratelimit")
    ) throws {
        self.set = try RateLimitSet(limits)
        self.ledger = store.open(namespace, self.set)
        self.onUnavailable = onUnavailable
        self.clock = clock
        self.outageLog = OutageLog(logger: logger, clock: clock)
    }

    /// Charges a subject if the limits allow it.
    ///
    /// - Parameters:
    ///   - subject: Who is charged: text that is not empty and has no control characters.
    ///   - cost: How much; with 0 nothing is charged, and the answer is always yes.
    /// - Returns: Whether it was charged, and how the subject stands now.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey``, with ``CacheError/Code/invalidArgument`` for a
    ///   negative cost, or, if ``onUnavailable`` says so, with ``CacheError/Code/unavailable``: then it may have been charged.
    ///   `CancellationError` when the task is cancelled, and then it may have been charged, too.
    public func check(_ subject: String, cost: Int = 1) async throws -> RateLimitDecision {
        // What charges nothing has nothing to write.
        if cost == 0 { return try await self.peek(subject, cost: 0) }
        try Self.check(subject, cost)
        do {
            return try await self.ledger.charge(subject, cost: cost)
        } catch let error as CacheError where error.code == .unavailable {
            return try self.assume(cost, error)
        }
    }

    /// What ``check(_:cost:)`` would answer, without charging anything.
    ///
    /// ``RateLimitDecision/remaining`` counts what is left before the call.
    ///
    /// - Parameters:
    ///   - subject: Whom it is about.
    ///   - cost: How much the call would cost.
    /// - Returns: How the subject stands.
    /// - Throws: As `check` does.
    public func peek(_ subject: String, cost: Int = 1) async throws -> RateLimitDecision {
        try Self.check(subject, cost)
        do {
            return try await self.ledger.peek(subject, cost: cost)
        } catch let error as CacheError where error.code == .unavailable {
            return try self.assume(cost, error)
        }
    }

    /// Forgets all that a subject was charged.
    ///
    /// - Parameter subject: Who is forgiven.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey``, or with ``CacheError/Code/unavailable`` whatever
    ///   ``onUnavailable`` says; `CancellationError`.
    public func reset(_ subject: String) async throws {
        try KeyRules.check(subject)
        try await self.ledger.reset(subject)
    }

    /// Charges a subject, or throws where a limit does not allow it.
    ///
    /// - Parameters:
    ///   - subject: Who is charged.
    ///   - cost: How much.
    /// - Returns: How the subject stands now.
    /// - Throws: ``RateLimitExceeded``; what ``check(_:cost:)`` throws.
    @discardableResult
    public func require(_ subject: String, cost: Int = 1) async throws -> RateLimitDecision {
        let decision = try await self.check(subject, cost: cost)
        guard decision.isAllowed else { throw RateLimitExceeded(subject: subject, decision: decision) }
        return decision
    }

    /// Charges a subject as soon as the limits allow it.
    ///
    /// Who waits holds no place in a queue: with many waiting for one subject, anybody may be next.
    ///
    /// - Parameters:
    ///   - subject: Who is charged.
    ///   - cost: How much.
    ///   - limit: How long to wait at most.
    /// - Returns: How the subject stands now.
    /// - Throws: ``RateLimitExceeded`` as soon as it is clear that the time does not suffice; `CancellationError` when the task
    ///   is cancelled; what ``check(_:cost:)`` throws.
    @discardableResult
    public func wait(for subject: String, cost: Int = 1, atMost limit: Duration) async throws -> RateLimitDecision {
        let deadline = self.clock.now.advanced(by: limit)
        while true {
            let decision = try await self.check(subject, cost: cost)
            if decision.isAllowed { return decision }
            // The store's clock and this one need not tick alike: never ask again at once.
            let now = self.clock.now
            guard let pause = decision.retryAfter.map({ max($0, Self.shortestPause) }),
                now.advanced(by: pause) <= deadline
            else { throw RateLimitExceeded(subject: subject, decision: decision) }
            try await self.clock.sleep(until: now.advanced(by: pause))
        }
    }

    private static let shortestPause = Duration.milliseconds(1)

    private static func check(_ subject: String, _ cost: Int) throws {
        try KeyRules.check(subject)
        if cost < 0 { throw CacheError(.invalidArgument, "a call cannot cost \(cost)", key: subject) }
    }

    private func assume(_ cost: Int, _ error: CacheError) throws -> RateLimitDecision {
        self.outageLog.report(error)
        guard let decision = self.onUnavailable.decision(self.set, cost: cost) else { throw error }
        return decision
    }
}
