public import Larder

/// What every store has to do, as a list of checks: for Larder's own stores, and for one that you write.
///
/// The checks belong to no test framework. With Swift Testing, a suite that runs them all is a few lines:
///
/// ```swift
/// @Test(arguments: StoreConformance.checks)
/// func conforms(_ check: StoreCheck) async throws {
///     let clock = ManualClock()
///     let store = MemoryStore(limit: .entries(10_000), clock: CacheClock(clock))
///     try await check.run(on: StoreUnderTest(store) { clock.advance(by: $0) })
/// }
/// ```
///
/// Each check works in a namespace of its own, so checks can share a store; they cannot run at the same time where passing
/// time concerns the whole store.
public enum StoreConformance: Sendable {
    /// All checks.
    public static let checks: [StoreCheck] =
        Self.values + Self.expiry + Self.writing + Self.counting + Self.removing + Self.walking + Self.leases
        + Self.endingLeases + Self.grace + Self.names + Self.tags + Self.tagLeases + Self.reports
}

/// One rule that stores keep, and how to find out whether one does.
public typealias StoreCheck = ConformanceCheck<StoreUnderTest>

extension StoreCheck {
    init(_ description: String, _ body: @escaping @Sendable (ConformanceRun) async throws -> Void) {
        self.init(description: description) { try await body(ConformanceRun($0)) }
    }
}

/// A store to check, and how time passes for it.
public struct StoreUnderTest: Sendable {
    /// The store.
    public let store: any CacheStore

    /// How much time may pass for the store by itself, from one call of a check to any other; zero where only
    /// ``passTime`` moves its clock.
    ///
    /// Times are then checked to this accuracy instead of to the millisecond. Keep it under half a minute.
    public let drift: Duration

    /// Lets time pass for the store: all that it holds is older by this duration afterwards.
    public let passTime: @Sendable (Duration) async throws -> Void

    /// Describes a store to check.
    ///
    /// - Parameters:
    ///   - store: The store. It has to have room for a few hundred entries.
    ///   - drift: How much time may pass for the store by itself during a check.
    ///   - passTime: Lets time pass for the store.
    public init(
        _ store: any CacheStore,
        drift: Duration = .zero,
        passTime: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.store = store
        self.drift = drift
        self.passTime = passTime
    }
}
