import Larder

extension RateLimitConformance {
    /// The checks of what time changes.
    static let timed: [RateLimitCheck] = [
        RateLimitCheck("a fixed window begins anew at its border") { run in
            let limiter = try run.limiter(.fixedWindow(2, per: .seconds(60)))
            _ = try await limiter.check("s", cost: 2)
            let left = try await limiter.check("s").reset
            try run.expect(left <= .seconds(60), true, "whether the window ends within its length")
            try await run.pass(left - .microseconds(1))
            try run.expectRefused(try await limiter.check("s"), remaining: 0, "a call just before the border")
            try await run.pass(.microseconds(1))
            try run.expectAllowed(try await limiter.check("s"), remaining: 1, "a call at the border")
        },
        RateLimitCheck("a sliding window forgets each charge one period after it") { run in
            let limiter = try run.limiter(.slidingWindow(3, per: .seconds(60)))
            for _ in 0..<3 {
                try run.expect(try await limiter.check("s").isAllowed, true, "a call every ten seconds")
                try await run.pass(.seconds(10))
            }
            for left in [2, 1, 0] {
                let refused = try await limiter.check("s")
                try run.expectRefused(refused, remaining: 0, "a fourth call in a minute")
                let expected: Duration = left == 2 ? .seconds(30) : .seconds(10)
                try run.expect(refused.retryAfter, expected, "when the oldest charge leaves")
                try await run.pass(expected)
                try run.expectAllowed(try await limiter.check("s"), remaining: 0, "a call when it has left")
            }
            try await run.pass(.seconds(60))
            try run.expectAllowed(try await limiter.peek("s"), remaining: 3, "a peek after a minute of rest")
        },
        RateLimitCheck("a sliding window has no border at which more is possible") { run in
            let limiter = try run.limiter(.slidingWindow(10, per: .seconds(60)))
            try await run.pass(.seconds(59))
            _ = try await limiter.check("s", cost: 10)
            for _ in 0..<59 {
                try await run.pass(.seconds(1))
                try run.expectRefused(try await limiter.check("s"), remaining: 0, "a call within the minute")
            }
            try await run.pass(.seconds(1))
            try run.expectAllowed(try await limiter.check("s"), remaining: 9, "a call after it")
        },
        RateLimitCheck("a bucket gives its tokens back evenly, and never more than it holds") { run in
            let limiter = try run.limiter(.tokenBucket(10, per: .seconds(60), burst: 4))
            try run.expectAllowed(try await limiter.check("s", cost: 4), remaining: 0, "the whole burst")
            for _ in 0..<5 {
                try run.expect(try await limiter.check("s").retryAfter, .seconds(6), "when a token is back")
                try await run.pass(.seconds(6) - .microseconds(1))
                try run.expectRefused(try await limiter.check("s"), remaining: 0, "a call a moment too early")
                try await run.pass(.microseconds(1))
                try run.expectAllowed(try await limiter.check("s"), remaining: 0, "a call with the next token")
            }
            try run.expect(try await limiter.check("s", cost: 3).retryAfter, .seconds(18), "when three are back")
            try await run.pass(.seconds(1_000))
            try run.expectAllowed(try await limiter.check("s"), remaining: 3, "a call after a long rest")
        },
        RateLimitCheck("a bucket whose tokens take no whole microseconds does not drift") { run in
            let limiter = try run.limiter(.tokenBucket(7, per: .seconds(60), burst: 1))
            try run.expect(try await limiter.check("s").isAllowed, true, "the first call")
            var passed = Duration.zero
            for _ in 0..<70 {
                let pause = try await limiter.check("s").retryAfter ?? .zero
                try await run.pass(pause)
                passed += pause
                try run.expect(try await limiter.check("s").isAllowed, true, "a call when it was told to come back")
            }
            // Waiting is in whole microseconds; who comes back at each one loses less than that each time.
            try run.expect(passed >= .seconds(600), true, "whether 70 tokens took ten minutes")
            try run.expect(passed < .seconds(600) + .microseconds(70), true, "whether they took no longer")
        },
        RateLimitCheck("reset tells when nothing counts any more") { run in
            for limit: RateLimit in [
                .fixedWindow(5, per: .seconds(60)), .slidingWindow(5, per: .seconds(60)),
                .tokenBucket(5, per: .seconds(60)),
            ] {
                let limiter = try run.limiter(limit)
                _ = try await limiter.check("s", cost: 2)
                let reset = try await limiter.check("s").reset
                try await run.pass(reset)
                try run.expectAllowed(try await limiter.peek("s"), remaining: 5, "a peek after the reset of \(limit)")
            }
        },
        RateLimitCheck("of several limits that refuse, the one that does so longest decides") { run in
            let second = RateLimit.slidingWindow(2, per: .seconds(1))
            let minute = RateLimit.slidingWindow(4, per: .seconds(60))
            let limiter = try run.limiter(second, minute)
            for _ in 0..<2 {
                for _ in 0..<2 { try run.expect(try await limiter.check("s").isAllowed, true, "two calls a second") }
                try run.expect(try await limiter.check("s").isAllowed, false, "a third call in a second")
                try await run.pass(.seconds(1))
            }
            let refused = try await limiter.check("s")
            try run.expect(refused.limit, minute, "the limit that decides")
            try run.expect(refused.retryAfter, .seconds(58), "when to come back")
            try run.expect(refused.statuses.map(\.isAllowed), [true, false], "who refused")
            try await run.pass(.seconds(58))
            try run.expect(try await limiter.check("s").isAllowed, true, "a call when it was told to come back")
        },
        RateLimitCheck("who is refused and comes back when told is allowed") { run in
            for limit: RateLimit in [
                .fixedWindow(50, per: .seconds(60)), .slidingWindow(50, per: .seconds(60)),
                .slidingWindow(200, per: .seconds(60)), .tokenBucket(50, per: .seconds(60), burst: 11),
            ] {
                let limiter = try run.limiter(limit)
                var generator = SeededGenerator(seed: 7)
                for _ in 0..<150 {
                    let cost = Int.random(in: 1...10, using: &generator)
                    let decision = try await limiter.check("s", cost: cost)
                    if decision.isAllowed {
                        try await run.pass(.milliseconds(Int.random(in: 0...900, using: &generator)))
                        continue
                    }
                    let pause = decision.retryAfter ?? .zero
                    try await run.pass(pause - .microseconds(1))
                    let early = try await limiter.peek("s", cost: cost)
                    try run.expect(early.isAllowed, false, "a call a moment too early under \(limit)")
                    try await run.pass(.microseconds(1))
                    let punctual = try await limiter.check("s", cost: cost)
                    try run.expect(punctual.isAllowed, true, "a punctual call under \(limit)")
                }
            }
        },
    ]
}
