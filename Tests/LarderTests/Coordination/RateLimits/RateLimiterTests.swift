import LarderTesting
import Synchronization
import Testing

@testable import Larder

@Suite struct RateLimiterTests {
    /// A store that cannot be used.
    private struct LostStore: RateLimitStore, RateLimitLedger {
        var kind: String { "lost" }

        func open(_ namespace: CacheNamespace, _ limits: RateLimitSet) -> any RateLimitLedger { self }

        func charge(_ subject: String, cost: Int) async throws -> RateLimitDecision { throw self.error }

        func peek(_ subject: String, cost: Int) async throws -> RateLimitDecision { throw self.error }

        func reset(_ subject: String) async throws { throw self.error }

        private var error: CacheError { CacheError(.unavailable, "gone") }
    }

    private static let limits = [RateLimit.tokenBucket(10, per: .seconds(1), burst: 20)]

    @Test func limitsThatAreNoneAreRefusedWithTheirReason() {
        let wrong: [[RateLimit]] = [
            [], Array(repeating: .fixedWindow(1, per: .seconds(1)), count: 9),
            [.fixedWindow(0, per: .seconds(1))], [.slidingWindow(-1, per: .seconds(1))],
            [.fixedWindow(1 << 27, per: .seconds(1))], [.tokenBucket(1, per: .seconds(1), burst: 0)],
            [.tokenBucket(1, per: .seconds(1), burst: 1 << 27)], [.fixedWindow(1, per: .seconds(0))],
            [.fixedWindow(1, per: .duration(.microseconds(999)))], [.fixedWindow(1, per: .days(367))],
            [.slidingWindow(1, per: .days(.max / 100_000))], [.slidingWindow(1, per: .minutes(.max))],
            [.fixedWindow(1, per: .hours(.max / 60))], [.tokenBucket(1, per: .days(.min))],
            [.fixedWindow(1, per: .seconds(.max))], [.tokenBucket(1, per: .milliseconds(.min))],
            [.tokenBucket(1, per: .days(366), burst: 101)],
            [.tokenBucket(10, per: .seconds(1)), .fixedWindow(1, per: .seconds(-1))],
        ]
        for limits in wrong {
            let error = #expect(throws: CacheError.self) {
                try RateLimiter(.memory(), namespace: "ns", limits: limits)
            }
            #expect(error?.code == .invalidPolicy)
        }
    }

    @Test func namesTellApartWhatDecidesDifferently() throws {
        let sets: [[RateLimit]] = [
            [.tokenBucket(10, per: .seconds(1))], [.tokenBucket(10, per: .seconds(1), burst: 20)],
            [.tokenBucket(10, per: .milliseconds(1))], [.fixedWindow(10, per: .seconds(1))],
            [.slidingWindow(10, per: .seconds(1))], [.slidingWindow(10, per: .duration(.microseconds(1_001)))],
            [.slidingWindow(10, per: .seconds(1)), .fixedWindow(10, per: .seconds(1))],
            [.fixedWindow(10, per: .seconds(1)), .slidingWindow(10, per: .seconds(1))],
        ]
        let names = try sets.map { try RateLimitSet($0).name }
        #expect(Set(names).count == sets.count)
        #expect(names.prefix(2) == ["b10/1s", "b10/1s+20"])
        let same = try RateLimitSet([.tokenBucket(10, per: .milliseconds(1_000), burst: 10)]).name
        #expect(same == names[0])
    }

    @Test func unavailableStoreAnswersAsThePolicySays() async throws {
        let throwing = try RateLimiter(LostStore(), namespace: "ns", limits: Self.limits)
        let error = await #expect(throws: CacheError.self) { try await throwing.check("s") }
        #expect(error?.code == .unavailable)

        let log = RecordingLog()
        let allowing = try RateLimiter(
            LostStore(),
            namespace: "ns",
            limits: Self.limits,
            onUnavailable: .allowing,
            logger: log.logger()
        )
        let allowed = try await allowing.check("s", cost: 3)
        #expect(allowed.isAllowed && allowed.isAssumed)
        #expect(allowed.remaining == 17)
        let tooMuch = try await allowing.peek("s", cost: 21)
        #expect(!tooMuch.isAllowed && tooMuch.retryAfter == nil)
        #expect(log.lines.count == 1)

        let denying = try RateLimiter(LostStore(), namespace: "ns", limits: Self.limits, onUnavailable: .denying)
        let denied = try await denying.check("s")
        #expect(!denied.isAllowed && denied.isAssumed)
        #expect(denied.retryAfter == .seconds(1))
        let free = try await denying.check("s", cost: 0)
        #expect(free.isAllowed && free.isAssumed)
        await #expect(throws: CacheError.self) { try await denying.reset("s") }
        await #expect(throws: RateLimitExceeded.self) { try await denying.require("s") }
    }

    @Test func requireThrowsWhatWasDecided() async throws {
        let clock = ManualClock()
        let limiter = try RateLimiter(.memory(clock: CacheClock(clock)), namespace: "ns", limits: Self.limits)
        let decision = try await limiter.require("s", cost: 20)
        #expect(decision.remaining == 0)
        let error = await #expect(throws: RateLimitExceeded.self) { try await limiter.require("s", cost: 5) }
        #expect(error?.decision.retryAfter == .milliseconds(500))
        #expect(error?.subject == "s")
    }

    @Test func waitingEndsWhenTheLimitAllows() async throws {
        let clock = ManualClock()
        let cacheClock = CacheClock(clock)
        let limiter = try RateLimiter(
            .memory(clock: cacheClock),
            namespace: "ns",
            limits: Self.limits,
            clock: cacheClock
        )
        try await limiter.require("s", cost: 20)
        async let waiting = limiter.wait(for: "s", cost: 3, atMost: .seconds(1))
        try await clock.waitForSleepers()
        #expect(clock.nextDeadline?.offset == .milliseconds(300))
        // Somebody else is faster.
        clock.advance(by: .milliseconds(299))
        try await limiter.require("s", cost: 2)
        clock.advance(by: .milliseconds(1))
        try await clock.waitForSleepers()
        clock.advance(by: .milliseconds(200))
        let decision = try await waiting
        #expect(decision.isAllowed)
        #expect(clock.now.offset == .milliseconds(500))
    }

    @Test func waitingEndsAtOnceWhereTheTimeDoesNotSuffice() async throws {
        let clock = ManualClock()
        let cacheClock = CacheClock(clock)
        let limiter = try RateLimiter(
            .memory(clock: cacheClock),
            namespace: "ns",
            limits: Self.limits,
            clock: cacheClock
        )
        try await limiter.require("s", cost: 20)
        await #expect(throws: RateLimitExceeded.self) {
            try await limiter.wait(for: "s", cost: 3, atMost: .milliseconds(299))
        }
        await #expect(throws: RateLimitExceeded.self) {
            try await limiter.wait(for: "s", cost: 21, atMost: .seconds(1_000))
        }
        let waiting = Task { try await limiter.wait(for: "s", cost: 3, atMost: .seconds(1)) }
        try await clock.waitForSleepers()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        let decision = try await limiter.peek("s", cost: 0)
        #expect(decision.remaining == 0)
        #expect(clock.sleeperCount == 0)
    }

    @Test func numbersForHeaderFieldsAreRoundedUp() {
        let limit = RateLimit.tokenBucket(10, per: .seconds(1), burst: 20)
        let reset = Duration.milliseconds(2_001)
        let status = RateLimitStatus(limit: limit, remaining: 0, retryAfter: .milliseconds(1), reset: reset)
        #expect(status.capacity == 20)
        #expect(status.retryAfterSeconds == 1)
        #expect(status.resetSeconds == 3)
        let whole = RateLimitStatus(limit: limit, remaining: 0, retryAfter: nil, reset: .seconds(2))
        #expect(whole.retryAfterSeconds == nil)
        #expect(whole.resetSeconds == 2)
    }
}
