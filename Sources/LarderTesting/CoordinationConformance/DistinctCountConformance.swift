import Larder

/// What every store has to do with approximate counts, as a list of checks, to be run as those of ``CollectionConformance``.
public enum DistinctCountConformance: Sendable {
    /// Three standard errors of 0.81 %, and one for what few registers share.
    private static func isClose(_ found: Int, _ expected: Int) -> Bool {
        Double(abs(found - expected)) <= max(1, 0.0243 * Double(expected))
    }

    /// All checks.
    public static let checks: [CollectionCheck] = [
        CollectionCheck("few elements are counted once each") { run in
            let count = run.collections.distinctCount("c", of: String.self)
            try run.expect(try await count.count(), 0, "the count of nothing")
            try run.expect(try await count.exists(), false, "whether that is there")
            try run.expect(try await count.add("a"), true, "a first element")
            try run.expect(try await count.add("a"), false, "the same element")
            try run.expect(try await count.add(contentsOf: ["a", "b", "c"]), true, "some that are new")
            try run.expect(try await count.add(contentsOf: ["c", "b"]), false, "none that is new")
            try run.expect(try await count.add(contentsOf: []), false, "none at all")
            try run.expect(try await count.count(), 3, "the count")
            try run.expect(try await run.others.distinctCount("c", of: String.self).count(), 3, "another process's")
            try run.expect(try await count.add(""), true, "an element without bytes")
            try run.expect(try await count.count(), 4, "the count with it")
        },
        CollectionCheck("many elements are counted within three standard errors") { run in
            let count = run.collections.distinctCount("c", of: Int.self)
            for size in [100, 1_000, 10_000, 50_000] {
                for start in stride(from: 0, to: size, by: 10_000) {
                    try await count.add(contentsOf: start..<min(size, start + 10_000))
                }
                let found = try await count.count()
                try run.expect(Self.isClose(found, size), "a count of \(size), found as \(found)")
            }
            try run.expect(try await count.add(contentsOf: 0..<10_000), false, "elements that were counted")
        },
        CollectionCheck("several counts are united without counting anything twice") { run in
            let (one, two, none) = (
                run.collections.distinctCount("{day}1", of: Int.self),
                run.collections.distinctCount("{day}2", of: Int.self),
                run.collections.distinctCount("{day}3", of: Int.self)
            )
            try await one.add(contentsOf: 0..<4_000)
            try await two.add(contentsOf: 3_000..<3_200)
            try await two.add(contentsOf: 5_000..<5_500)
            let both = try await one.count(with: [two, none])
            try run.expect(Self.isClose(both, 4_500), "both together, found as \(both)")
            try run.expect(try await two.count(with: [one]), both, "the same the other way round")
            try run.expect(try await none.count(with: [none]), 0, "nothing and nothing")
            let week = run.collections.distinctCount(
                "{day}week",
                of: Int.self,
                lifetime: .fixed(.duration(CollectionRun.minute))
            )
            try await week.merge([one])
            try run.expect(try await week.ttl(), atMost: CollectionRun.minute, "the time after a merge")
            try run.expect(try await week.count(), try await one.count(), "a merged count")
            try await run.pass(.seconds(30))
            try await week.merge([two, none])
            try await week.merge([])
            try run.expect(try await week.count(), both, "both merged")
            try run.expect(try await week.ttl(), atMost: .seconds(30), "the time after another merge")
            try run.expect(try await week.add(contentsOf: 3_000..<3_200), false, "elements that were merged")
            try await run.pass(.seconds(30))
            try run.expect(try await week.count(), 0, "the count at its end")
        },
        CollectionCheck("a count lives as its lifetime says") { run in
            let fixed = run.collections.distinctCount(
                "fixed",
                of: Int.self,
                lifetime: .fixed(.duration(CollectionRun.minute))
            )
            try await fixed.add(1)
            try await run.pass(.seconds(30))
            try await fixed.add(2)
            try run.expect(try await fixed.ttl(), atMost: .seconds(30), "a fixed end")
            try await run.pass(.seconds(30))
            try run.expect(try await fixed.exists(), false, "whether it is there at its end")
            try run.expect(try await fixed.add(1), true, "an element in another life")
            let sliding = run.collections.distinctCount(
                "sliding",
                of: Int.self,
                lifetime: .sliding(.duration(CollectionRun.minute))
            )
            try await sliding.add(1)
            try await run.pass(.seconds(30))
            try await sliding.add(1)
            try run.expect(try await sliding.ttl(), atMost: CollectionRun.minute, "an end that moves with each write")
        },
    ]
}
