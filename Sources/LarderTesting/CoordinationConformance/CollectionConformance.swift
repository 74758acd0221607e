public import Larder

/// What every store of collections has to do, as a list of checks: for Larder's own, and for one that you write.
///
/// ```swift
/// @Test(arguments: CollectionConformance.checks)
/// func conforms(_ check: CollectionCheck) async throws {
///     let clock = ManualClock()
///     let store = MemoryCollections(clock: CacheClock(clock))
///     try await check.run(on: CollectionStoreUnderTest(store) { clock.advance(by: $0) })
/// }
/// ```
///
/// Each check works in a namespace of its own.
public enum CollectionConformance: Sendable {
    /// All checks.
    public static let checks: [CollectionCheck] =
        Self.lifetimes + Self.sliding + Self.counters + Self.lists + Self.queues + Self.reservations + Self.sets
        + Self.hashes + Self.taking
}

/// One rule that stores of collections keep, and how to find out whether one does.
public typealias CollectionCheck = ConformanceCheck<CollectionStoreUnderTest>

extension CollectionCheck {
    init(_ description: String, _ body: @escaping @Sendable (CollectionRun) async throws -> Void) {
        self.init(description: description) { try await body(CollectionRun($0)) }
    }
}

/// A store of collections to check, and how time passes for it.
public struct CollectionStoreUnderTest: Sendable {
    /// The store.
    public let store: any CollectionStore

    /// How much time may pass for the store by itself, from one call of a check to any other.
    public let drift: Duration

    /// Lets time pass for the store: all that it holds is older by this duration afterwards.
    public let passTime: @Sendable (Duration) async throws -> Void

    /// Describes a store to check.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - drift: How much time may pass for the store by itself during a check; under half a minute.
    ///   - passTime: Lets time pass for the store.
    public init(
        _ store: any CollectionStore,
        drift: Duration = .zero,
        passTime: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.store = store
        self.drift = drift
        self.passTime = passTime
    }
}

/// What a check works with: a namespace that nobody else uses, time that passes, and expectations.
struct CollectionRun: ConformanceExpectations, Sendable {
    let subject: CollectionStoreUnderTest
    let collections: Collections
    /// The same collections, as another process has them.
    let others: Collections

    /// How long collections live in checks of their end.
    static let minute = Duration.seconds(60)

    init(_ subject: CollectionStoreUnderTest) throws {
        self.subject = subject
        let namespace = try CacheNamespace("check" + String(UInt64.random(in: .min ... .max), radix: 36))
        self.collections = Collections(subject.store, namespace: namespace)
        self.others = Collections(subject.store, namespace: namespace)
    }

    var drift: Duration { self.subject.drift }

    /// Lets time pass for the store.
    func pass(_ duration: Duration) async throws { try await self.subject.passTime(duration) }

    /// Expects a time that the store's own clock can only have shortened, or that was cut to a millisecond.
    func expect(_ found: TimeLeft?, atMost expected: Duration, _ subject: String) throws {
        try self.expect(found?.duration, atMost: expected, precision: .milliseconds(1), subject)
    }
}
