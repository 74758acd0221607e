import LarderTesting
import Testing

@testable import Larder

@Suite struct MemoryRateLimitTests {
    @Test(arguments: RateLimitConformance.checks)
    func memoryRateLimitStoreConforms(_ check: RateLimitCheck) async throws {
        let clock = ManualClock()
        let store = MemoryRateLimitStore(clock: CacheClock(clock))
        try await check.run(on: RateLimitStoreUnderTest(store) { clock.advance(by: $0) })
    }

    @Test func subjectsAreForgottenAsTheirChargesAre() async throws {
        let clock = ManualClock()
        let store = MemoryRateLimitStore(clock: CacheClock(clock))
        let ledger = store.open("ns", try RateLimitSet([.slidingWindow(3, per: .seconds(1))]))
        var most = 0
        for subject in 0..<300_000 {
            // A thousand of them each 10 ms: a hundred thousand are remembered rightly.
            if subject.isMultiple(of: 1_000) {
                clock.advance(by: .milliseconds(10))
                most = max(most, store.count)
            }
            _ = try await ledger.charge("address:\(subject)", cost: 1)
        }
        #expect(most > 90_000)
        #expect(most < 250_000)
        // Those who stay are enough to clear the rest away.
        clock.advance(by: .seconds(2))
        for round in 0..<200_000 { _ = try await ledger.charge("user:\(round % 64)", cost: 1) }
        let left = store.count
        #expect(left <= 64)
    }

    @Test func floodInOneMomentTakesNoMoreRoomThanItIsGiven() async throws {
        let clock = ManualClock()
        let store = MemoryRateLimitStore(subjects: 10_000, clock: CacheClock(clock))
        let ledger = store.open("ns", try RateLimitSet([.tokenBucket(1, per: .hours(1))]))
        for subject in 0..<200_000 { _ = try await ledger.charge("address:\(subject)", cost: 1) }
        let count = store.count
        #expect(count <= 10_000)
        #expect(count > 9_000)
    }

    @Test func whoWaitsLongestIsNotForgottenForAFlood() async throws {
        let clock = ManualClock()
        let store = MemoryRateLimitStore(subjects: 4_000, clock: CacheClock(clock))
        let ledger = store.open("ns", try RateLimitSet([.tokenBucket(10, per: .hours(1))]))
        for subject in 0..<100 { _ = try await ledger.charge("busy:\(subject)", cost: 10) }
        for subject in 0..<20_000 { _ = try await ledger.charge("address:\(subject)", cost: 1) }
        var remembered = 0
        for subject in 0..<100 where try await !ledger.peek("busy:\(subject)", cost: 1).isAllowed { remembered += 1 }
        #expect(remembered == 100)
    }

    @Test func refusedCallsAndPeeksAreNotRemembered() async throws {
        let clock = ManualClock()
        let store = MemoryRateLimitStore(clock: CacheClock(clock))
        let ledger = store.open("ns", try RateLimitSet([.fixedWindow(2, per: .hours(1))]))
        for subject in 0..<100 {
            _ = try await ledger.charge("s\(subject)", cost: 3)
            _ = try await ledger.peek("s\(subject)", cost: 1)
        }
        #expect(store.count == 0)
    }

    @Test func limitersOfOneStoreShareWhatTheyCountAndStoresDoNot() async throws {
        let limits = [RateLimit.fixedWindow(1, per: .hours(1))]
        let store = MemoryRateLimitStore()
        let allowed = [
            try await RateLimiter(store, namespace: "ns", limits: limits).check("s").isAllowed,
            try await RateLimiter(store, namespace: "ns", limits: limits).check("s").isAllowed,
            try await RateLimiter(.memory(), namespace: "ns", limits: limits).check("s").isAllowed,
        ]
        #expect(allowed == [true, false, true])
    }

    // MARK: Limiters that are made again and again

    @Test func countsOfLimitersThatAreGoneStayAsLongAsTheySayAnything() async throws {
        let clock = ManualClock()
        let store = MemoryRateLimitStore(subjects: 100, clock: CacheClock(clock))
        for tenant in 1...200 {
            let limits = [RateLimit.fixedWindow(tenant, per: .hours(1))]
            _ = try await RateLimiter(store, namespace: "ns", limits: limits).check("s", cost: tenant)
        }
        var refused = 0
        for tenant in 1...200 {
            let limits = [RateLimit.fixedWindow(tenant, per: .hours(1))]
            let decision = try await RateLimiter(store, namespace: "ns", limits: limits).check("s")
            if !decision.isAllowed { refused += 1 }
        }
        #expect(refused == 200)
        #expect(store.ledgerCount == 200)
        // Others come when they say nothing any more; one limiter is still there.
        let held = try RateLimiter(store, namespace: "ns", limits: [.fixedWindow(1, per: .hours(1))])
        clock.advance(by: .seconds(7_200))
        for tenant in 1...250 {
            _ = try RateLimiter(store, namespace: "ns", limits: [.slidingWindow(tenant, per: .hours(1))])
        }
        #expect(store.ledgerCount < 10)
        _ = try await held.check("s")
        let again = try await RateLimiter(store, namespace: "ns", limits: held.limits).check("s")
        #expect(!again.isAllowed)
    }

    @Test func limitersWithoutEndTakeNoMemoryWithoutEnd() async throws {
        let store = MemoryRateLimitStore(subjects: 10)
        let held = try RateLimiter(store, namespace: "held", limits: [.fixedWindow(1, per: .days(300))])
        _ = try await held.check("s")
        for tenant in 1...3_000 {
            let limits = [RateLimit.fixedWindow(tenant, per: .days(300))]
            _ = try await RateLimiter(store, namespace: "ns", limits: limits).check("s")
        }
        #expect(store.ledgerCount <= MemoryRateLimitStore.mostLedgers)
        let again = try await RateLimiter(store, namespace: "held", limits: held.limits).check("s")
        #expect(!again.isAllowed)
    }

    @Test func threadsAreNeverAllowedMoreThanTheLimit() async throws {
        let ledger = MemoryRateLimitStore().open("ns", try RateLimitSet([.slidingWindow(1_000, per: .hours(1))]))
        let allowed = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var allowed = 0
                    for _ in 0..<1_000 where try await ledger.charge("s", cost: 1).isAllowed { allowed += 1 }
                    return allowed
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(allowed == 1_000)
    }
}
