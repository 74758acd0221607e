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
        Self.lifetimes + Self.counters + Self.lists + Self.queues + Self.reservations + Self.sets + Self.hashes
}

/// One rule that stores of collections keep, and how to find out whether one does.
public struct CollectionCheck: Sendable, CustomStringConvertible {
    /// The rule, in a few words.
    public let description: String

    private let body: @Sendable (CollectionRun) async throws -> Void

    init(_ description: String, _ body: @escaping @Sendable (CollectionRun) async throws -> Void) {
        self.description = description
        self.body = body
    }

    /// Finds out whether a store keeps the rule.
    ///
    /// - Parameter subject: The store.
    /// - Throws: ``ConformanceFailure`` where it does not; what the store throws where it should not.
    public func run(on subject: CollectionStoreUnderTest) async throws {
        try await self.body(CollectionRun(subject))
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
struct CollectionRun: Sendable {
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

    /// Lets time pass for the store.
    func pass(_ duration: Duration) async throws { try await self.subject.passTime(duration) }

    func expect<Value: Equatable>(_ found: Value, _ expected: Value, _ subject: String) throws {
        if found == expected { return }
        throw ConformanceFailure(subject: subject, expected: "\(expected)", found: "\(found)")
    }

    func expect(_ isTrue: Bool, _ subject: String) throws { try self.expect(isTrue, true, subject) }

    /// Expects a time that the store's own clock can only have shortened.
    func expect(_ found: TimeLeft?, atMost expected: Duration, _ subject: String) throws {
        guard let left = found?.duration, left <= expected, left >= expected - self.subject.drift - .milliseconds(1)
        else {
            throw ConformanceFailure(
                subject: subject,
                expected: "\(expected) or up to \(self.subject.drift) less",
                found: found.map { "\($0)" } ?? "nothing"
            )
        }
    }

    func expect<Value>(
        _ code: CacheError.Code,
        _ subject: String,
        _ body: () async throws -> Value
    ) async throws {
        do {
            let value = try await body()
            throw ConformanceFailure(subject: subject, expected: "the error \(code)", found: "\(value)")
        } catch let error as CacheError where error.code == code {
            return
        } catch let error as CacheError {
            throw ConformanceFailure(subject: subject, expected: "the error \(code)", found: "\(error)")
        }
    }
}
