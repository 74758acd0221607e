import LarderTesting
import Testing

@testable import Larder

/// What limits do when the store's clock goes back, as it may when another server takes over.
@Suite struct ClockGoingBackTests {
    static let limits: [RateLimit] = [
        .fixedWindow(5, per: .seconds(60)), .slidingWindow(5, per: .seconds(60)),
        .slidingWindow(500, per: .seconds(60)), .tokenBucket(5, per: .seconds(60)),
        .tokenBucket(7, per: .seconds(1), burst: 420),
    ]

    private static let start: Int64 = 1_800_000_000_000_000
    private static let minute: Int64 = 60_000_000

    @Test(arguments: limits, [1, 1_000_000, 59_000_000, 61_000_000, 86_400_000_000])
    func nobodyIsHeldUpForLongerThanTheLimitCan(_ limit: RateLimit, _ jump: Int64) throws {
        let set = try RateLimitSet([limit])
        var record = RateLimitRecord()
        let capacity = Int64(limit.capacity)
        #expect(record.decide(capacity, at: Self.start, by: set, charges: true).decision.isAllowed)
        // Refused all the time, as by somebody who hammers: what the refusals find out has to be kept.
        let back = Self.start - jump
        var now = back
        var isAllowed = false
        while !isAllowed, now <= back + 2 * Self.minute {
            isAllowed = record.decide(1, at: now, by: set, charges: true).decision.isAllowed
            if !isAllowed { now += 100_000 }
        }
        #expect(isAllowed)
        #expect(now - back <= Self.minute + 100_000)
        // All of it is there again after a minute more.
        let later = record.decide(capacity, at: now + Self.minute, by: set, charges: false).decision.isAllowed
        #expect(later)
    }

    @Test(arguments: limits, [1, 1_000_000, 30_000_000, 86_400_000_000])
    func nobodyGetsMoreAtOnce(_ limit: RateLimit, _ jump: Int64) throws {
        let set = try RateLimitSet([limit])
        var record = RateLimitRecord()
        let capacity = Int64(limit.capacity)
        #expect(record.decide(capacity, at: Self.start, by: set, charges: true).decision.isAllowed)
        let outcome = record.decide(1, at: Self.start - jump, by: set, charges: true)
        #expect(!outcome.decision.isAllowed)
        #expect(outcome.decision.remaining == 0)
        let wait = try #require(outcome.decision.retryAfter)
        #expect(wait <= .seconds(60))
    }

    @Test(arguments: [RateLimit.slidingWindow(20, per: .seconds(60)), .slidingWindow(500, per: .seconds(60))])
    func slidingWindowsStayTrueWhateverTheClockDoes(_ limit: RateLimit) throws {
        let set = try RateLimitSet([limit])
        for seed in Soak.seeds {
            var random = SeededGenerator(seed: seed)
            var record = RateLimitRecord()
            // Time as it passes, and the clock, which is set back now and then.
            var real: Int64 = 0
            var offset = Self.start
            var charges: [Int64] = []
            for _ in 0..<20_000 {
                real += Int64.random(in: 0...200_000, using: &random)
                // Every two minutes or so: one that goes back all the time lets nothing expire.
                if Int.random(in: 0..<1_200, using: &random) == 0 {
                    offset -= Int64.random(in: 0...90_000_000, using: &random)
                }
                if record.decide(1, at: offset + real, by: set, charges: true).decision.isAllowed {
                    charges.append(real)
                    let inWindow = charges.reversed().prefix { $0 > real - Self.minute }.count
                    #expect(inWindow <= limit.count, "seed \(seed)")
                }
            }
            #expect(charges.count > limit.count)
        }
    }

    @Test func peeksKeepNothing() throws {
        let set = try RateLimitSet([.tokenBucket(1, per: .seconds(60))])
        var record = RateLimitRecord()
        _ = record.decide(1, at: Self.start, by: set, charges: true)
        let outcome = record.decide(1, at: Self.start - Self.minute, by: set, charges: false)
        #expect(!outcome.isChanged)
        let charged = record.decide(1, at: Self.start - Self.minute, by: set, charges: true)
        #expect(charged.isChanged)
        #expect(!charged.decision.isAllowed)
    }
}
