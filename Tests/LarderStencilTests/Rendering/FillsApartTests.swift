import Larder
import Testing

/// What fragments ask of `fetchMany`: one call for several keys, each of which has a fill of its own.
@Suite(.timeLimit(.minutes(5))) struct FillsApartTests {
    private static let keys: [CacheKey<String>] = ["a", "b", "c"]

    @Test func eachValueHasItsOwnTimeToLiveAndTags() async throws {
        let cache = Cache(.memory(entries: 100))
        try await cache.set("c", to: "found")
        let values = try await cache.fetchMany(Self.keys, fillsApart: true) { missing, context in
            #expect(missing.count == 1)
            let name = missing.first?.name ?? ""
            context.ttl = name == "a" ? nil : .seconds(60)
            try context.addTags([name])
            return Dictionary(uniqueKeysWithValues: missing.map { ($0, name) })
        }
        #expect(values == ["a": "a", "b": "b", "c": "found"])
        try await #expect(cache.ttl(of: Self.keys[0]) == .forever)
        try await #expect(cache.ttl(of: Self.keys[1]) != .forever)
        try await cache.invalidate(tags: ["a"])
        try await #expect(cache.getMany(Self.keys) == ["b": "b", "c": "found"])
        #expect(cache.counters.fills == 2)
    }

    /// Each call fills a key that the other one's fill of another key waits for.
    @Test func callsThatNeedEachOthersKeysEnd() async throws {
        let cache = Cache(.memory(entries: 100))
        let gate = Gate()
        @Sendable func fetch(_ names: [String], _ name: String, waitsFor other: String) async throws -> [String] {
            let keys = names.map { CacheKey<String>($0) }
            let values = try await cache.fetchMany(keys, fillsApart: true) { missing, _ in
                var values: [CacheKey<String>: String] = [:]
                for key in missing {
                    await gate.passed()
                    values[key] = key.name == name ? try await cache.fetch(CacheKey(other)) { "inner" } : key.name
                }
                return values
            }
            return keys.compactMap { values[$0] }
        }
        async let one = fetch(["a", "b"], "a", waitsFor: "c")
        async let two = fetch(["c", "d"], "d", waitsFor: "b")
        try await eventually("all four are being filled") { cache.counters.fills == 4 }
        gate.open()
        let values = try await [one, two]
        #expect(values == [["c", "b"], ["c", "b"]])
    }
}
