import LarderTesting
import Testing

@testable import Larder

/// `explain`: why a read finds what it finds.
@Suite(.timeLimit(.minutes(10))) struct ExplainTests {
    private static let key = CacheKey<Int>("k")

    private func report(_ cache: Cache) async throws -> EntryReport {
        let explanation = try await cache.explain(Self.key)
        #expect(explanation.key == "k")
        return try #require(explanation.tiers.last)
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func everyStateIsTold(_ shape: CacheUnderTest.Shape) async throws {
        let policy = try FetchPolicy(ttl: .seconds(60), staleOnError: .seconds(60))
        try await withCache(shape, .init(fetchPolicy: policy)) { subject in
            let cache = subject.cache
            try await #expect(self.report(cache).state == .absent)
            _ = try await cache.fetch(Self.key, tags: ["a", "b"]) { 1 }
            subject.clock.advance(by: .seconds(20))
            let fresh = try await self.report(cache)
            #expect(fresh.tier == "memory")
            #expect(fresh.state == .fresh)
            #expect(fresh.timeLeft == .remaining(.seconds(40)))
            #expect(fresh.age == .seconds(20))
            #expect(fresh.grace == .seconds(60))
            #expect(fresh.tags == ["a", "b"])
            #expect(fresh.holder == nil)
            try await cache.expire(tags: ["b"])
            try await #expect(self.report(cache).state == .staleByTag("b"))
            subject.clock.advance(by: .seconds(50))
            try await #expect(self.report(cache).state == .stale)
            try await cache.invalidate(tags: ["a"])
            try await #expect(self.report(cache).state == .deadByTag("a"))
            try await cache.set(Self.key, to: 2)
            try await cache.clear()
            try await #expect(self.report(cache).state == .deadByNamespace)
            // Nothing of this was a read, nor did it remove anything.
            #expect(cache.counters.hits == 0)
            #expect(cache.counters.misses == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func whoFillsIsTold(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let gate = Gate()
            let tasks = (0..<3).map { _ in
                Task {
                    try await cache.fetch(Self.key) { () -> Int in
                        try await gate.pass()
                        return 1
                    }
                }
            }
            try await subject.waitForSeats(3)
            let explanation = try await cache.explain(Self.key)
            #expect(explanation.waiters == 3)
            let holder = try #require(explanation.tiers.last?.holder)
            #expect(holder.timeLeft == .seconds(5))
            #expect(explanation.description.contains("calls that wait: 3"))
            try await #expect(subject.other.explain(Self.key).waiters == nil)
            gate.open()
            for task in tasks { _ = try await task.value }
            try await #expect(cache.explain(Self.key).waiters == nil)
        }
    }
}
