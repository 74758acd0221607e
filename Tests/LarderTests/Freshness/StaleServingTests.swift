import LarderTesting
import Testing

@testable import Larder

/// What stands in for a fill that fails or takes long, and for how long.
@Suite(.timeLimit(.minutes(10))) struct StaleServingTests {
    private static let key = CacheKey<Int>("k")

    private static func policy(soft: Duration? = nil, retryAfter: Duration = .seconds(1)) throws -> FetchPolicy {
        try FetchPolicy(
            ttl: .seconds(60),
            staleOnError: .seconds(30),
            softTimeout: soft,
            hardTimeout: .seconds(10),
            retryAfter: retryAfter
        )
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func staleValueStandsInForAFillThatFails(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy()
            let cache = subject.cache
            _ = try await cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(60))
            let fetched = try await cache.fetchReportingOutcome(Self.key, policy: policy) { _ in throw Failure() }
            #expect(fetched.value == 1)
            guard case .stale(let info) = fetched.outcome else {
                Issue.record("not told as stale: \(fetched.outcome)")
                return
            }
            #expect(info.timeLeft == .remaining(.zero))
            #expect(cache.counters.staleServes == 1)
            #expect(cache.counters.failedFills == 1)
            // Nobody else sees it as fresh.
            try await #expect(cache.get(Self.key) == nil)
            try await #expect(!cache.contains(Self.key))
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func graceHasAHardEnd(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(90))
            await #expect(throws: Failure.self) {
                _ = try await subject.cache.fetch(Self.key, policy: policy) { () -> Int in throw Failure() }
            }
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func failingFillsAreThrottledWhileThereIsAStaleValue(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy(retryAfter: .seconds(5))
            let fills = Tally()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(60))
            func fetch() async throws -> Int {
                try await subject.cache.fetch(Self.key, policy: policy) { () -> Int in
                    fills.add()
                    throw Failure()
                }
            }
            for _ in 0..<10 { try await #expect(fetch() == 1) }
            #expect(fills.count == 1)
            subject.clock.advance(by: .seconds(5))
            for _ in 0..<10 { try await #expect(fetch() == 1) }
            #expect(fills.count == 2)
            // A good fill ends the pause.
            subject.clock.advance(by: .seconds(5))
            try await #expect(subject.cache.fetch(Self.key, policy: policy) { 2 } == 2)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func staleValueIsServedWhenTheFillTakesTooLongAndTheFillFinishesBehind(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy(soft: .seconds(2))
            let cache = subject.cache
            _ = try await cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(60))
            let gate = Gate()
            let tasks = (0..<5).map { _ in
                Task {
                    try await cache.fetch(Self.key, policy: policy) { () -> Int in
                        try await gate.pass()
                        return 2
                    }
                }
            }
            try await subject.waitForSeats(5)
            // One timer for each call, and the one that keeps the lease.
            try await subject.clock.waitForSleepers(6)
            subject.clock.advance(by: .seconds(2))
            for task in tasks { try await #expect(task.value == 1) }
            #expect(cache.counters.staleServes == 5)
            #expect(cache.flights.count == 1, "the fill goes on")
            gate.open()
            try await subject.settle()
            try await #expect(cache.get(Self.key) == 2)
            #expect(cache.counters.fills == 2)
            #expect(cache.counters.failedFills == 0)
        }
    }

    @Test func callersWithoutAStaleValueWaitForTheWholeFill() async throws {
        try await withCache { subject in
            let policy = try Self.policy(soft: .seconds(2))
            let gate = Gate()
            let task = Task {
                try await subject.cache.fetch(Self.key, policy: policy) { () -> Int in
                    try await gate.pass()
                    return 2
                }
            }
            try await subject.waitForSeats(1)
            try await subject.clock.waitForSleepers()
            subject.clock.advance(by: .seconds(3))
            #expect(subject.cache.flights.seatCount == 1)
            gate.open()
            try await #expect(task.value == 2)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func staleValueStandsInForAFillThatRunsOutOfTime(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(60))
            let gate = Gate()
            let task = Task {
                try await subject.cache.fetch(Self.key, policy: policy) { () -> Int in
                    try await gate.pass()
                    return 2
                }
            }
            try await subject.waitForSeats(1)
            try await subject.clock.waitForSleepers()
            subject.clock.advance(by: .seconds(10))
            try await #expect(task.value == 1)
            try await subject.settle()
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func deadValueNeverStandsIn(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(60))
            try await subject.cache.clear()
            await #expect(throws: Failure.self) {
                _ = try await subject.cache.fetch(Self.key, policy: policy) { () -> Int in throw Failure() }
            }
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func cancelledCallerGetsNoStaleValue(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(60))
            let gate = Gate()
            let task = Task {
                try await subject.cache.fetch(Self.key, policy: policy) { () -> Int in
                    try await gate.pass()
                    return 2
                }
            }
            try await subject.waitForSeats(1)
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func manyKeysEachStandInForThemselves(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy()
            let cache = subject.cache
            _ = try await cache.fetchMany(["a", "b"] as [CacheKey<Int>], policy: policy) { _ in ["a": 1, "b": 2] }
            subject.clock.advance(by: .seconds(60))
            let values = try await cache.fetchMany(["a", "b"] as [CacheKey<Int>], policy: policy) { _ in
                throw Failure()
            }
            #expect(values == ["a": 1, "b": 2])
            // One key without a stale value, and the whole call fails.
            await #expect(throws: Failure.self) {
                subject.clock.advance(by: .seconds(2))
                _ = try await cache.fetchMany(["a", "new"] as [CacheKey<Int>], policy: policy) { _ in throw Failure() }
            }
        }
    }
}
