import LarderTesting
import Testing

@testable import Larder

/// The algorithms beside models that remember every charge and reckon in numbers without end.
@Suite struct RateLimitAlgorithmTests {
    private struct Charge {
        var time: Int64
        var cost: Int64
    }

    /// What an exact implementation of a limit would still allow, from all charges so far.
    private static func left(_ limit: RateLimit, _ charges: [Charge], at now: Int64) -> Int64 {
        let period = limit.periodMicroseconds
        switch limit.rule {
        case .fixedWindow:
            return Int64(limit.count) - charges.filter { $0.time / period == now / period }.reduce(0) { $0 + $1.cost }
        case .slidingWindow:
            return Int64(limit.count) - charges.filter { $0.time > now - period }.reduce(0) { $0 + $1.cost }
        case .tokenBucket:
            // What is missing from the bucket, in parts of which a token has `period` and a microsecond gives `count` back.
            var missing: Int128 = 0
            var last: Int64 = 0
            for charge in charges + [Charge(time: now, cost: 0)] {
                missing = max(0, missing - Int128(charge.time - last) * Int128(limit.count))
                missing += Int128(charge.cost) * Int128(period)
                last = charge.time
            }
            let (tokens, rest) = missing.quotientAndRemainder(dividingBy: Int128(period))
            return Int64(limit.capacity) - Int64(tokens) - (rest > 0 ? 1 : 0)
        }
    }

    static let exactLimits: [RateLimit] = [
        .fixedWindow(10, per: .seconds(1)), .fixedWindow(1, per: .milliseconds(1)),
        .slidingWindow(10, per: .seconds(1)), .slidingWindow(128, per: .seconds(1)),
        .tokenBucket(10, per: .seconds(1), burst: 20), .tokenBucket(7, per: .seconds(1)),
        .tokenBucket(3_000_000, per: .seconds(1), burst: 40), .tokenBucket(999_983, per: .days(366), burst: 50),
        .tokenBucket(67_108_859, per: .days(1), burst: 67_108_864), .tokenBucket(1, per: .days(1), burst: 30),
    ]

    @Test(arguments: exactLimits)
    func everyDecisionIsThatOfAnExactModel(_ limit: RateLimit) throws {
        let limits = try RateLimitSet([limit])
        for seed in Soak.seeds {
            var random = SeededGenerator(seed: seed)
            var record = RateLimitRecord()
            var charges: [Charge] = []
            var now: Int64 = .random(in: 0...2_000_000_000_000_000, using: &random)
            // About as long as the limit gives one back.
            let pace = max(1, limit.periodMicroseconds / Int64(limit.count))
            for _ in 0..<Soak.operations(600, soak: 5_000) {
                let steps: [Int64] = [0, 1, pace / 3, pace, pace * 4, limit.periodMicroseconds / 7]
                now += Int64.random(in: 0...(steps.randomElement(using: &random) ?? 0), using: &random)
                let costs: [Int64] = [1, 1, 1, 2, 3, Int64(limit.capacity), Int64(limit.capacity) + 1]
                let cost = costs.randomElement(using: &random) ?? 1
                let left = Self.left(limit, charges, at: now)
                let charging = Bool.random(using: &random)
                let decision = record.decide(cost, at: now, by: limits, charges: charging).decision
                #expect(decision.isAllowed == (cost <= left), "seed \(seed), \(cost) of \(left) at \(now)")
                let isCharged = decision.isAllowed && charging
                #expect(Int64(decision.remaining) == left - (isCharged ? cost : 0), "seed \(seed) at \(now)")
                if isCharged { charges.append(Charge(time: now, cost: cost)) }
                try Self.expectPunctual(decision, record, limits, cost, now)
            }
        }
    }

    /// A refused call would be allowed when it was told to come back, and not a microsecond before.
    private static func expectPunctual(
        _ decision: RateLimitDecision,
        _ record: RateLimitRecord,
        _ limits: RateLimitSet,
        _ cost: Int64,
        _ now: Int64
    ) throws {
        var record = record
        guard !decision.isAllowed, let wait = decision.retryAfter else {
            #expect(decision.isAllowed || cost > limits.limits[0].capacity)
            return
        }
        let then = now + wait.wholeNanoseconds / 1_000
        let early = record.decide(cost, at: then - 1, by: limits, charges: false).decision.isAllowed
        let punctual = record.decide(cost, at: then, by: limits, charges: false).decision.isAllowed
        #expect(!early)
        #expect(punctual)
    }

    @Test func noWindowOfASlidingLogHasMoreThanTheLimit() throws {
        for seed in Soak.seeds {
            var random = SeededGenerator(seed: seed)
            let limit = RateLimit.slidingWindow(1_000, per: .seconds(1))
            let limits = try RateLimitSet([limit])
            var record = RateLimitRecord()
            var charges: [Charge] = []
            var now: Int64 = 1_000_000
            for _ in 0..<30_000 {
                now += Int64.random(in: 0...(Bool.random(using: &random) ? 200 : 900), using: &random)
                let cost = Int64.random(in: 1...4, using: &random)
                if record.decide(cost, at: now, by: limits, charges: true).decision.isAllowed {
                    charges.append(Charge(time: now, cost: cost))
                }
            }
            var sum: Int64 = 0
            var first = 0
            var most: Int64 = 0
            for charge in charges {
                sum += charge.cost
                while charges[first].time <= charge.time - 1_000_000 {
                    sum -= charges[first].cost
                    first += 1
                }
                most = max(most, sum)
            }
            #expect(most <= 1_000, "seed \(seed)")
            #expect(most > 990, "seed \(seed)")
        }
    }

    @Test(arguments: [1, 10, 97, 1_000, 20_000])
    func hammeredLimitsAllowAtMostOnePercentLess(_ spacing: Int64) throws {
        let cases: [(RateLimit, perSecond: Int64, atOnce: Int64)] = [
            (.fixedWindow(1_000, per: .seconds(1)), 1_000, 1_000),
            (.slidingWindow(1_000, per: .seconds(1)), 1_000, 1_000),
            (.slidingWindow(129, per: .seconds(1)), 129, 129),
            (.slidingWindow(100, per: .seconds(1)), 100, 100),
            (.tokenBucket(1_000, per: .seconds(1), burst: 50), 1_000, 50),
        ]
        for (limit, perSecond, atOnce) in cases {
            let limits = try RateLimitSet([limit])
            var record = RateLimitRecord()
            var allowed: Int64 = 0
            let end: Int64 = 40_000_000
            var now: Int64 = 0
            while now < end {
                let outcome = record.decide(1, at: now, by: limits, charges: true)
                if outcome.decision.isAllowed {
                    allowed += 1
                    now += spacing
                } else {
                    // Refusals change nothing, so those that would follow at this pace may be left out.
                    let wait = (outcome.decision.retryAfter ?? .zero).wholeNanoseconds / 1_000
                    now += (wait + spacing - 1) / spacing * spacing
                }
            }
            let possible = min(40 * perSecond + (limit.rule == .tokenBucket ? atOnce : 0), end / spacing)
            #expect(allowed <= possible, "\(limit) every \(spacing) µs")
            // What the pace itself costs: each wait may end a spacing late, and a full log is refilled at that pace.
            let missing = Double(possible - allowed) / Double(possible)
            let coarseness = Double(spacing * perSecond) / 1_000_000
            #expect(missing <= (coarseness < 0.5 ? 0.01 : 0.5), "\(limit) every \(spacing) µs: \(missing)")
        }
    }

    @Test func logsStayShortWhateverTheLimit() throws {
        var log = ChargeLog()
        let window = SlidingWindow(count: 1_000_000, length: 1_000_000)
        var longest = 0
        for step in 0..<300_000 as Range<Int64> {
            let now = step * 37
            log = window.seen(log, at: now).log
            window.charge(&log, 1, at: now)
            longest = max(longest, log.entryCount)
        }
        #expect(longest <= 131)
        #expect(longest > 100)
    }
}
