public import Larder

/// What every store of rate limits has to do, as a list of checks: for Larder's own stores, and for one that you write.
///
/// ```swift
/// @Test(arguments: RateLimitConformance.checks)
/// func conforms(_ check: RateLimitCheck) async throws {
///     let clock = ManualClock()
///     let store = MemoryRateLimitStore(clock: CacheClock(clock))
///     try await check.run(on: RateLimitStoreUnderTest(store) { clock.advance(by: $0) })
/// }
/// ```
///
/// A store whose time nobody can move runs ``counting``: there, nothing comes back while a check lasts.
public enum RateLimitConformance: Sendable {
    /// All checks.
    public static let checks: [RateLimitCheck] = Self.counting + Self.timed
}

/// One rule that stores of rate limits keep, and how to find out whether one does.
public struct RateLimitCheck: Sendable, CustomStringConvertible {
    /// The rule, in a few words.
    public let description: String

    private let body: @Sendable (RateLimitRun) async throws -> Void

    init(_ description: String, _ body: @escaping @Sendable (RateLimitRun) async throws -> Void) {
        self.description = description
        self.body = body
    }

    /// Finds out whether a store keeps the rule.
    ///
    /// - Parameter subject: The store.
    /// - Throws: ``ConformanceFailure`` where it does not; what the store throws where it should not.
    public func run(on subject: RateLimitStoreUnderTest) async throws {
        try await self.body(RateLimitRun(subject: subject))
    }
}

/// A store of rate limits to check, and how time passes for it.
public struct RateLimitStoreUnderTest: Sendable {
    /// The store.
    public let store: any RateLimitStore

    /// Lets time pass for the store.
    public let passTime: @Sendable (Duration) async throws -> Void

    /// Describes a store to check.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - passTime: Lets time pass for the store, which stands still otherwise. Not called by the checks in
    ///     ``RateLimitConformance/counting``.
    public init(_ store: any RateLimitStore, passTime: @escaping @Sendable (Duration) async throws -> Void = { _ in }) {
        self.store = store
        self.passTime = passTime
    }
}

/// What a check works with: a namespace that nobody else uses, time that passes, and expectations.
struct RateLimitRun: Sendable {
    let subject: RateLimitStoreUnderTest
    let base = "check" + String(UInt64.random(in: .min ... .max), radix: 36)

    func limiter(_ limits: RateLimit..., namespace suffix: String = "") throws -> RateLimiter {
        func make(_ store: some RateLimitStore) throws -> RateLimiter {
            try RateLimiter(store, namespace: CacheNamespace(self.base + suffix), limits: limits)
        }
        return try make(self.subject.store)
    }

    /// Limits of one kind each, under which nothing comes back while a check lasts.
    static func slowLimits(_ count: Int) -> [RateLimit] {
        [
            .fixedWindow(count, per: .days(300)), .slidingWindow(count, per: .days(300)),
            .tokenBucket(1, per: .days(30), burst: count),
        ]
    }

    func pass(_ duration: Duration) async throws { try await self.subject.passTime(duration) }

    func expect<Value: Equatable>(_ found: Value, _ expected: Value, _ subject: String) throws {
        if found == expected { return }
        throw ConformanceFailure(subject: subject, expected: "\(expected)", found: "\(found)")
    }

    func expectAllowed(_ decision: RateLimitDecision, remaining: Int, _ subject: String) throws {
        try self.expect(decision.isAllowed, true, "whether \(subject) is allowed")
        try self.expect(decision.retryAfter, .zero, "the time to wait before \(subject), which is allowed")
        try self.expect(decision.remaining, remaining, "what remains after \(subject)")
    }

    func expectRefused(_ decision: RateLimitDecision, remaining: Int, _ subject: String) throws {
        try self.expect(decision.isAllowed, false, "whether \(subject) is allowed")
        try self.expect(decision.remaining, remaining, "what remains after \(subject)")
    }

    func expect(
        _ code: CacheError.Code,
        _ subject: String,
        _ body: () async throws -> RateLimitDecision
    ) async throws {
        do {
            let decision = try await body()
            throw ConformanceFailure(subject: subject, expected: "the error \(code)", found: "\(decision)")
        } catch let error as CacheError {
            try self.expect(error.code, code, subject)
        }
    }
}
