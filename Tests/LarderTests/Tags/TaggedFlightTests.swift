import LarderTesting
import Testing

@testable import Larder

/// Tags that are invalidated while a fill is under way.
@Suite(.timeLimit(.minutes(10))) struct TaggedFlightTests {
    private static let key = CacheKey<Int>("k")

    /// How the fill comes by its tag.
    enum Origin: CaseIterable, Sendable {
        /// The call names it.
        case call
        /// The fill takes it through its context, before it reads.
        case context
        /// Code deep inside the fill takes it.
        case depends
        /// A nested fetch hands it up.
        case nested
        /// It comes with the value.
        case result
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var origin: Origin
        var shape: CacheUnderTest.Shape
        var byOther: Bool

        var testDescription: String {
            "tag from \(self.origin), \(self.shape.testDescription), \(self.byOther ? "by another cache" : "by the cache itself")"
        }

        static let all: [Case] = Origin.allCases.flatMap { origin in
            CacheUnderTest.Shape.allCases.flatMap { shape in
                [false, true].map { Case(origin: origin, shape: shape, byOther: $0) }
            }
        }
    }

    private func fetch(_ cache: Cache, _ origin: Origin, _ value: Int, _ gate: Gate) async throws -> Int {
        let tags = origin == .call ? ["t"] : []
        return try await cache.fetch(Self.key, tags: tags) { context in
            switch origin {
            case .call: break
            case .context: try await context.depends(on: "t")
            case .depends: try await cache.depends(on: "t")
            case .nested: _ = try await cache.fetch("inner", tags: ["t"]) { 0 }
            case .result: try context.addTags(["t"])
            }
            try await gate.pass()
            return value
        }
    }

    @Test(arguments: Case.all)
    func whoAsksAfterwardsNeverGetsWhatWasFilledBefore(_ example: Case) async throws {
        try await withCache(example.shape) { subject in
            let cache = subject.cache
            let gate = Gate()
            let early = (0..<5).map { _ in Task { try await self.fetch(cache, example.origin, 1, gate) } }
            try await subject.waitForSeats(5)
            try await eventually("the fill has its tags") { gate.arrivals == 1 }
            try await (example.byOther ? subject.other : cache).invalidate(tags: ["t"])
            // These begin after the invalidation has returned.
            let late = (0..<5).map { _ in Task { try await self.fetch(cache, example.origin, 2, gate) } }
            try await eventually("the late ones wait") { cache.flights.seatCount == 10 }
            gate.open()
            for task in early { try await #expect(task.value == 1) }
            for task in late { try await #expect(task.value == 2) }
            try await subject.settle()
            try await #expect(cache.get(Self.key) == 2)
            #expect(cache.counters.fills == (example.origin == .nested ? 4 : 2))
        }
    }

    @Test(arguments: Case.all)
    func otherTagsPartNobodyAndLoseNothing(_ example: Case) async throws {
        try await withCache(example.shape) { subject in
            let cache = subject.cache
            let gate = Gate()
            let task = Task { try await self.fetch(cache, example.origin, 1, gate) }
            try await eventually("the fill has its tags") { gate.arrivals == 1 }
            try await cache.set("x", to: 1, tags: ["other"])
            gate.open()
            try await #expect(task.value == 1)
            try await #expect(cache.get(Self.key) == 1)
            try await (example.byOther ? subject.other : cache).invalidate(tags: ["other"])
            try await #expect(cache.get(Self.key) == 1)
            try await cache.invalidate(tags: ["t"])
            try await #expect(cache.get(Self.key) == nil)
        }
    }

    @Test(arguments: Case.all)
    func expiringDuringTheFillLeavesItsValueStale(_ example: Case) async throws {
        // A tag that comes with the value is taken when it is stored.
        guard example.origin != .result else { return }
        try await withCache(example.shape) { subject in
            let cache = subject.cache
            let gate = Gate()
            let task = Task { try await self.fetch(cache, example.origin, 1, gate) }
            try await eventually("the fill has its tags") { gate.arrivals == 1 }
            try await (example.byOther ? subject.other : cache).expire(tags: ["t"])
            gate.open()
            try await #expect(task.value == 1)
            try await #expect(cache.get(Self.key) == nil)
            guard case .stale(1, _) = try await cache.lookup(Self.key) else {
                Issue.record("not stale")
                return
            }
        }
    }
}
