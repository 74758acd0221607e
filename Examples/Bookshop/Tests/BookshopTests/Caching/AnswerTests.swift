import Larder
import LarderTesting
import Testing

@testable import Bookshop

/// How the fetches behind an answer become one line of `Cache-Status`.
@Suite struct AnswerTests {
    private static let key: CacheKey<Int> = "key"

    @Test func missThenHit() async throws {
        let cache = Cache(.memory(entries: 10), namespace: "test")
        func status() async throws -> CacheStatus {
            try await Answer { try await cache.fetch(Self.key, ttl: nil) { 1 } }.status
        }
        #expect(try await status() == .filled(.miss, stored: true))
        #expect(try await status() == .hit(timeLeft: nil))
    }

    @Test func valuePastItsTimeIsNoMiss() async throws {
        let clock = ManualClock()
        let cache = Cache(
            MemoryStore(limit: .entries(10), clock: CacheClock(clock)),
            namespace: "test",
            clock: CacheClock(clock)
        )
        let policy = try FetchPolicy(ttl: .seconds(10), staleOnError: .seconds(100))
        func status(_ fill: @escaping @Sendable () throws -> Int) async throws -> CacheStatus {
            try await Answer { try await cache.fetch(Self.key, policy: policy) { try fill() } }.status
        }
        #expect(try await status { 1 } == .filled(.miss, stored: true))
        clock.advance(by: .seconds(15))
        #expect(try await status { throw CancellationError() } == .stale(timeLeft: .seconds(-5)))
        // The failure is not asked for again at once.
        clock.advance(by: .seconds(60))
        #expect(try await status { 2 } == .filled(.stale, stored: true))
    }

    @Test func oneMissMakesTheAnswerAMiss() async throws {
        let cache = Cache(.memory(entries: 10), namespace: "test")
        _ = try await cache.fetch(Self.key) { 1 }
        let answer = try await Answer {
            async let first = cache.fetch(Self.key) { 1 }
            async let second = cache.fetch("other" as CacheKey<Int>) { 2 }
            return try await first + second
        }
        #expect(answer.value == 3 && answer.status == .filled(.miss, stored: true))
    }

    @Test func answerThatAsksNoCacheIsFetched() async throws {
        #expect(try await Answer { 1 }.status == .filled(.miss, stored: false))
    }
}
