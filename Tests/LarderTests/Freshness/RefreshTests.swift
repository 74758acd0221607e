import LarderTesting
import Testing

@testable import Larder

/// Filling anew behind callers who are served with what there is.
@Suite(.timeLimit(.minutes(10))) struct RefreshTests {
    private static let key = CacheKey<Int>("k")

    private static func policy() throws -> FetchPolicy {
        try FetchPolicy(ttl: .seconds(100), refreshAfter: .seconds(80), retryAfter: .seconds(5))
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func oldEntryIsServedAndFilledAnewOnceBehind(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy()
            let cache = subject.cache
            _ = try await cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(80))
            let gate = Gate()
            for _ in 0..<20 {
                let value = try await cache.fetch(Self.key, policy: policy) { () -> Int in
                    try await gate.pass()
                    return 2
                }
                #expect(value == 1)
            }
            try await eventually("the refresh has begun") { gate.arrivals == 1 }
            #expect(cache.counters.refreshes == 1)
            #expect(cache.refreshes.count == 1)
            gate.open()
            try await subject.settle()
            try await #expect(cache.get(Self.key) == 2)
            #expect(cache.counters.fills == 2)
            #expect(cache.refreshes.count == 0)
            // It is as young as a new one.
            subject.clock.advance(by: .seconds(79))
            try await #expect(cache.fetch(Self.key, policy: policy) { 3 } == 2)
            #expect(cache.counters.refreshes == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func twoCachesRefreshAKeyOnce(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(80))
            let gate = Gate()
            for cache in [subject.cache, subject.other] {
                let value = try await cache.fetch(Self.key, policy: policy) { () -> Int in
                    try await gate.pass()
                    return 2
                }
                #expect(value == 1)
            }
            try await eventually("the refresh has begun") { gate.arrivals == 1 }
            try await eventually("the other has given up") {
                subject.cache.refreshes.count + subject.other.refreshes.count == 1
            }
            gate.open()
            try await subject.settle()
            #expect(subject.cache.counters.fills + subject.other.counters.fills == 2)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func refreshThatFailsIsTriedAgainAfterAPause(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy()
            let cache = subject.cache
            let fills = Tally()
            _ = try await cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(80))
            func fetch() async throws -> Int {
                let value = try await cache.fetch(Self.key, policy: policy) { () -> Int in
                    fills.add()
                    throw Failure()
                }
                try await subject.settle()
                return value
            }
            for _ in 0..<5 { try await #expect(fetch() == 1) }
            #expect(fills.count == 1)
            subject.clock.advance(by: .seconds(5))
            for _ in 0..<5 { try await #expect(fetch() == 1) }
            #expect(fills.count == 2)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func invalidationDuringARefreshIsNotOverwritten(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let policy = try Self.policy()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(80))
            let gate = Gate()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { () -> Int in
                try await gate.pass()
                return 2
            }
            try await eventually("the refresh has begun") { gate.arrivals == 1 }
            try await subject.cache.remove(Self.key)
            gate.open()
            try await subject.settle()
            try await #expect(subject.cache.get(Self.key) == nil)
        }
    }

    @Test func shutdownEndsARefresh() async throws {
        try await withCache { subject in
            let policy = try Self.policy()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { 1 }
            subject.clock.advance(by: .seconds(80))
            let gate = Gate()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { () -> Int in
                try await gate.pass()
                return 2
            }
            try await eventually("the refresh has begun") { gate.arrivals == 1 }
            await subject.cache.shutdown()
            #expect(subject.cache.refreshes.count == 0)
        }
    }

    @Test func hitsOfAnImpatientPolicyCountAsHits() async throws {
        try await withCache(.local) { subject in
            let policy = try Self.policy()
            _ = try await subject.cache.fetch(Self.key, policy: policy) { 1 }
            _ = try await subject.cache.fetch(Self.key, policy: policy) { 2 }
            #expect(subject.cache.counters.hits == 1)
            #expect(subject.cache.counters.misses == 1)
        }
    }
}
