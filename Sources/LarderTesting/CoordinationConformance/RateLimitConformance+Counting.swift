import Larder

extension RateLimitConformance {
    /// The checks under limits so slow that nothing comes back meanwhile, whatever the store's clock.
    public static let counting: [RateLimitCheck] = [
        RateLimitCheck("as much is allowed as the limit says, and no more") { run in
            for limit in RateLimitRun.slowLimits(3) {
                let limiter = try run.limiter(limit)
                for left in [2, 1, 0] {
                    try run.expectAllowed(try await limiter.check("s"), remaining: left, "a call under \(limit)")
                }
                for _ in 0..<3 {
                    let refused = try await limiter.check("s")
                    try run.expectRefused(refused, remaining: 0, "a call too many under \(limit)")
                    try run.expect((refused.retryAfter ?? .zero) > .zero, true, "whether to come back later")
                    try run.expect(refused.limit, limit, "the limit that refused")
                }
            }
        },
        RateLimitCheck("a cost is charged as a whole or not at all") { run in
            for limit in RateLimitRun.slowLimits(10) {
                let limiter = try run.limiter(limit)
                try run.expectAllowed(try await limiter.check("s", cost: 7), remaining: 3, "a cost of 7 under \(limit)")
                try run.expectRefused(try await limiter.check("s", cost: 4), remaining: 3, "a cost of 4")
                try run.expectAllowed(try await limiter.check("s", cost: 3), remaining: 0, "a cost of 3")
            }
        },
        RateLimitCheck("a cost of nothing is allowed and charges nothing, even where nothing is left") { run in
            for limit in RateLimitRun.slowLimits(2) {
                let limiter = try run.limiter(limit)
                try run.expectAllowed(try await limiter.check("s", cost: 0), remaining: 2, "a cost of 0 under \(limit)")
                _ = try await limiter.check("s", cost: 2)
                try run.expectAllowed(try await limiter.check("s", cost: 0), remaining: 0, "a cost of 0 at the end")
            }
        },
        RateLimitCheck("what costs more than the limit is refused for ever, and charges nothing") { run in
            for limit in RateLimitRun.slowLimits(5) {
                let limiter = try run.limiter(limit)
                for cost in [6, 1_000_000, Int.max] {
                    let refused = try await limiter.check("s", cost: cost)
                    try run.expectRefused(refused, remaining: 5, "a cost of \(cost) under \(limit)")
                    try run.expect(refused.retryAfter, nil, "when a cost of \(cost) is allowed")
                }
                try run.expectAllowed(try await limiter.check("s", cost: 5), remaining: 0, "a cost of 5")
                try run.expect(try await limiter.check("s", cost: 6).retryAfter, nil, "when a cost of 6 is allowed")
            }
        },
        RateLimitCheck("a negative cost and a subject without a name are errors") { run in
            let limiter = try run.limiter(.fixedWindow(1, per: .hours(1)))
            try await run.expect(.invalidArgument, "a cost of -1") { try await limiter.check("s", cost: -1) }
            try await run.expect(.invalidArgument, "a peek for -1") { try await limiter.peek("s", cost: -1) }
            try await run.expect(.invalidKey, "no name") { try await limiter.check("") }
            try await run.expect(.invalidKey, "a name with a line end") { try await limiter.check("a\nb") }
        },
        RateLimitCheck("peek answers as a call would, and charges nothing") { run in
            for limit in RateLimitRun.slowLimits(2) {
                let limiter = try run.limiter(limit)
                for _ in 0..<3 {
                    try run.expectAllowed(try await limiter.peek("s"), remaining: 2, "a peek under \(limit)")
                }
                try run.expect(try await limiter.peek("s").reset <= .seconds(300 * 86_400), true, "a reset in time")
                _ = try await limiter.check("s")
                try run.expectAllowed(try await limiter.peek("s"), remaining: 1, "a peek after one call")
                try run.expectRefused(try await limiter.peek("s", cost: 2), remaining: 1, "a peek for two calls")
                _ = try await limiter.check("s")
                try run.expectRefused(try await limiter.peek("s"), remaining: 0, "a peek after two calls")
                try run.expect(try await limiter.peek("s", cost: 3).retryAfter, nil, "when three are allowed")
            }
        },
        RateLimitCheck("reset forgets what one subject was charged") { run in
            for limit in RateLimitRun.slowLimits(1) {
                let limiter = try run.limiter(limit)
                for subject in ["a", "b"] { _ = try await limiter.check(subject) }
                try await limiter.reset("a")
                try await limiter.reset("nobody")
                try run.expectAllowed(try await limiter.check("a"), remaining: 0, "a call after a reset under \(limit)")
                try run.expectRefused(try await limiter.check("b"), remaining: 0, "another subject's call")
            }
        },
        RateLimitCheck("subjects, namespaces and limits count apart; equal limiters count together") { run in
            for limit in RateLimitRun.slowLimits(1) {
                let limiter = try run.limiter(limit)
                _ = try await limiter.check("s")
                // The same letters for readers, other bytes.
                for subject in ["S", "s:", "{s}", "s}{", "\u{E9}", "e\u{301}", "🦉"] {
                    try run.expectAllowed(try await limiter.check(subject), remaining: 0, "the subject \(subject)")
                }
                let elsewhere = try run.limiter(limit, namespace: ":b")
                try run.expectAllowed(try await elsewhere.check("s"), remaining: 0, "another namespace")
                try run.expectRefused(try await run.limiter(limit).check("s"), remaining: 0, "an equal limiter")
            }
            for limit in RateLimitRun.slowLimits(2) {
                try run.expectAllowed(try await run.limiter(limit).check("s"), remaining: 1, "other numbers")
            }
        },
        RateLimitCheck("several limits are charged together or not at all") { run in
            let wide = RateLimitRun.slowLimits(10)
            let tight = RateLimitRun.slowLimits(3)
            for (index, limit) in wide.enumerated() {
                for other in tight {
                    let limiter = try run.limiter(limit, other)
                    let subject = "s\(index)"
                    let first = try await limiter.check(subject, cost: 2)
                    try run.expectAllowed(first, remaining: 1, "a call under \(limit) and \(other)")
                    try run.expect(first.limit, other, "the limit with least left")
                    try run.expect(first.statuses.map(\.remaining), [8, 1], "what remains of each")
                    let refused = try await limiter.check(subject, cost: 2)
                    try run.expectRefused(refused, remaining: 1, "a call that one of two refuses")
                    try run.expect(refused.limit, other, "the limit that refused")
                    try run.expect(refused.statuses.map(\.isAllowed), [true, false], "who refused")
                    try run.expect(refused.statuses.map(\.remaining), [8, 1], "what remains of each after that")
                    let never = try await limiter.check(subject, cost: 4)
                    try run.expect(never.retryAfter, nil, "when more than one of two limits is allowed")
                    try run.expectAllowed(try await limiter.check(subject), remaining: 0, "the last call")
                }
            }
        },
        RateLimitCheck("calls at the same time are counted one by one") { run in
            for limit in RateLimitRun.slowLimits(500) {
                let limiter = try run.limiter(limit)
                let allowed = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            var allowed = 0
                            for _ in 0..<40 where try await limiter.check("s").isAllowed { allowed += 1 }
                            return allowed
                        }
                    }
                    return try await group.reduce(0, +)
                }
                try run.expect(allowed, 500, "what 20 tasks were allowed under \(limit)")
            }
        },
    ]
}
