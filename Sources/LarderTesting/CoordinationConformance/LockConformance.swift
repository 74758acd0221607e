public import Larder

/// What every store of locks has to do, as a list of checks: for Larder's own stores, and for one that you write.
///
/// ```swift
/// @Test(arguments: LockConformance.checks)
/// func conforms(_ check: LockCheck) async throws {
///     let clock = ManualClock()
///     let store = MemoryLockStore(clock: CacheClock(clock))
///     try await check.run(on: LockStoreUnderTest(store) { clock.advance(by: $0) })
/// }
/// ```
///
/// Each check works in a namespace of its own, so checks can share a store; they cannot run at the same time where passing
/// time concerns the whole store.
public enum LockConformance: Sendable {
    /// All checks.
    public static let checks: [LockCheck] = Self.holding + Self.permits + Self.sections + Self.fencing
}

/// One rule that stores of locks keep, and how to find out whether one does.
public typealias LockCheck = ConformanceCheck<LockStoreUnderTest>

extension LockCheck {
    init(_ description: String, _ body: @escaping @Sendable (LockRun) async throws -> Void) {
        self.init(description: description) { try await body(LockRun($0)) }
    }
}

/// A store of locks to check, and how time passes for it.
public struct LockStoreUnderTest: Sendable {
    /// The store.
    public let store: any LockStore

    /// How much time may pass for the store by itself, from one call of a check to any other; zero where only
    /// ``passTime`` moves its clock.
    public let drift: Duration

    /// Lets time pass for the store: all leases have less left by this duration afterwards.
    public let passTime: @Sendable (Duration) async throws -> Void

    /// Describes a store to check.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - drift: How much time may pass for the store by itself during a check; less than half a minute.
    ///   - passTime: Lets time pass for the store.
    public init(
        _ store: any LockStore,
        drift: Duration = .zero,
        passTime: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.store = store
        self.drift = drift
        self.passTime = passTime
    }
}

/// What a check works with: a namespace that nobody else uses, time that passes, and expectations.
struct LockRun: ConformanceExpectations, Sendable {
    let subject: LockStoreUnderTest
    let namespace: CacheNamespace
    let space: any LockNamespace
    let locks: Locks

    /// How long leases are in checks of their end.
    static let lease = Duration.seconds(60)

    init(_ subject: LockStoreUnderTest) throws {
        self.subject = subject
        self.namespace = try CacheNamespace("check" + String(UInt64.random(in: .min ... .max), radix: 36))
        self.space = subject.store.open(self.namespace)
        self.locks = Self.locks(subject.store, self.namespace)
    }

    private static func locks(_ store: some LockStore, _ namespace: CacheNamespace) -> Locks {
        Locks(store, namespace: namespace)
    }

    /// The same locks, as another process has them.
    func otherLocks() -> Locks { Self.locks(self.subject.store, self.namespace) }

    var drift: Duration { self.subject.drift }

    func pass(_ duration: Duration) async throws { try await self.subject.passTime(duration) }

    // MARK: Holding

    /// Asks for a lock, or a permit where there are several.
    func ask(
        _ name: String,
        _ owner: LockOwner,
        of permits: Int? = nil,
        lease: Duration = Self.lease
    ) async throws -> LockAnswer {
        let resource = LockResource(permits == nil ? .lock : .permits, name)
        return try await self.space.acquire(LockRequest(resource, owner: owner, permits: permits ?? 1, lease: lease))
    }

    /// Takes what has to be free.
    func take(
        _ name: String,
        _ owner: LockOwner = .random(),
        of permits: Int? = nil,
        lease: Duration = Self.lease
    ) async throws -> FencingToken {
        switch try await self.ask(name, owner, of: permits, lease: lease) {
        case .granted(let token): return token
        case .held: throw ConformanceFailure(subject: "\(name)", expected: "granted", found: "held")
        }
    }

    /// Asks for what others have to hold.
    ///
    /// - Returns: After which time the first of their leases ends.
    @discardableResult
    func expectHeld(_ name: String, of permits: Int? = nil, _ subject: String) async throws -> Duration {
        switch try await self.ask(name, .random(), of: permits) {
        case .held(let duration): return duration
        case .granted: throw ConformanceFailure(subject: subject, expected: "held", found: "granted")
        }
    }

    /// Gives a lock back.
    func give(_ name: String, _ owner: LockOwner, _ expected: ReleaseAnswer, _ subject: String) async throws {
        try self.expect(try await self.space.release(LockResource(.lock, name), owner: owner), expected, subject)
    }
}
