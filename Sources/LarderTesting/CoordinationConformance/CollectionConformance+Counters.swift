import Larder

/// Numbers that are added to.
extension CollectionConformance {
    static let counters: [CollectionCheck] = [
        CollectionCheck("a counter begins at zero, goes up and down, and is set and reset") { run in
            let counter = run.collections.counter("c")
            try run.expect(try await counter.value(), 0, "the value before")
            try run.expect(try await counter.increment(), 1, "increment")
            try run.expect(try await counter.increment(by: 41), 42, "increment by 41")
            try run.expect(try await counter.decrement(), 41, "decrement")
            try run.expect(try await counter.decrement(by: 50), -9, "decrement by 50")
            try run.expect(try await run.others.counter("c").value(), -9, "the value that others see")
            try run.expect(try await counter.set(to: 7), -9, "what set replaced")
            try run.expect(try await counter.value(), 7, "the value after set")
            try await counter.reset()
            try run.expect(try await counter.value(), 0, "the value after reset")
            try run.expect(try await counter.set(to: 0), nil, "what set found after reset")
            try run.expect(try await counter.exists(), "a counter that shows zero exists")
        },
        CollectionCheck("a counter is exact to the ends of Int64 and never wraps") { run in
            for lifetime in [CollectionLifetime.unlimited, .fixed(.seconds(600)), .sliding(.seconds(600))] {
                let counter = run.collections.counter("c", lifetime: lifetime)
                try await counter.reset()
                try run.expect(try await counter.increment(by: (1 << 53) + 1), (1 << 53) + 1, "2^53 + 1")
                try run.expect(try await counter.increment(by: 2), (1 << 53) + 3, "2^53 + 3")
                try await counter.set(to: .max - 1)
                try run.expect(try await counter.increment(), .max, "the greatest")
                try await run.expect(.integerOverflow, "one more") { try await counter.increment() }
                try run.expect(try await counter.value(), .max, "the value after that")
                try await counter.set(to: .min + 1)
                try run.expect(try await counter.decrement(), .min, "the least")
                try await run.expect(.integerOverflow, "one less") { try await counter.decrement() }
                try await run.expect(.integerOverflow, "the opposite of the least") {
                    try await counter.decrement(by: .min)
                }
                try run.expect(try await counter.increment(by: .max), -1, "the least and the greatest")
                try await run.expect(.integerOverflow, "the least and -1") { try await counter.increment(by: .min) }
            }
        },
        CollectionCheck("a counter keeps the bounds of a call, and its value and end where they are left") { run in
            let counter = run.collections.counter("c", lifetime: .fixed(.seconds(600)))
            try await run.expect(.integerOverflow, "below zero at once") {
                try await counter.decrement(within: 0...10)
            }
            try run.expect(try await counter.exists(), false, "a counter that was not made")
            try run.expect(try await counter.increment(by: 10, within: 0...10), 10, "to the bound")
            try await run.expect(.integerOverflow, "above the bound") { try await counter.increment(within: 0...10) }
            try await run.expect(.integerOverflow, "far below") { try await counter.decrement(by: 11, within: 0...10) }
            try run.expect(try await counter.value(), 10, "the value after that")
            try run.expect(try await counter.ttl(), atMost: .seconds(600), "the time left after that")
            try run.expect(try await counter.decrement(by: 19, within: -9...10), -9, "to the lower bound")
            try await run.expect(.integerOverflow, "below it") {
                try await counter.decrement(within: -9 ... -1)
            }
            try run.expect(try await counter.increment(by: 5, within: -100 ... -4), -4, "between negative bounds")
            try await run.expect(.integerOverflow, "above a negative bound") {
                try await counter.increment(within: -100 ... -4)
            }
        },
        CollectionCheck("setting a counter keeps its end, unless that slides") { run in
            let fixed = run.collections.counter("f", lifetime: .fixed(.seconds(60)))
            let sliding = run.collections.counter("s", lifetime: .sliding(.seconds(60)))
            try await fixed.set(to: 1)
            try await sliding.set(to: 1)
            try await run.pass(.seconds(20))
            try await fixed.set(to: 2)
            try await sliding.set(to: 2)
            try run.expect(try await fixed.ttl(), atMost: .seconds(40), "the time left of a fixed one")
            try run.expect(try await sliding.ttl(), atMost: .seconds(60), "the time left of a sliding one")
        },
        CollectionCheck("several counters are added to in one call, each with its own result and end") { run in
            try run.expect(try await run.collections.incrementMany([:]).count, 0, "results of nothing")
            try await run.collections.counter("full").set(to: .max)
            var deltas: [String: Int] = ["full": 1]
            for index in 0..<40 { deltas["n\(index)"] = index }
            for round in 1...2 {
                let results = try await run.collections.incrementMany(deltas, lifetime: .fixed(.seconds(60)))
                try run.expect(results.count, 41, "results")
                for index in 0..<40 {
                    guard case .success(let sum) = results["n\(index)"] else {
                        throw ConformanceFailure(subject: "n\(index)", expected: "a sum", found: "an error")
                    }
                    try run.expect(sum, index * round, "the sum of n\(index)")
                    let left = try await run.collections.counter("n\(index)").ttl()
                    try run.expect(left, atMost: .seconds(60), "the time left of n\(index)")
                }
                guard case .failure(let error) = results["full"] else {
                    throw ConformanceFailure(subject: "full", expected: "an error", found: "a sum")
                }
                try run.expect(error.code, .integerOverflow, "the error of full")
            }
        },
        CollectionCheck("additions of many tasks are neither lost nor doubled") { run in
            let counter = run.collections.counter("c", lifetime: .sliding(.seconds(600)))
            let sums = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        var sums: [Int] = []
                        for _ in 0..<50 { sums.append(try await counter.increment()) }
                        return sums
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try run.expect(try await counter.value(), 1_000, "the value")
            try run.expect(Set(sums).count, 1_000, "different sums")
        },
    ]
}
