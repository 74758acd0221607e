import LarderTesting
import Testing

@testable import Larder

/// What a fill reads from the cache hands its tags up.
@Suite(.timeLimit(.minutes(10))) struct DependencyTests {
    private static let page = CacheKey<Int>("page")

    enum Way: CaseIterable, Sendable {
        case fetchThatFills, fetchThatHits, get, getMany, fetchMany, lookup, joined, getOrLease
    }

    @Test(arguments: CacheUnderTest.Shape.allCases, Way.allCases)
    func pageFallsWithTheRowItShows(_ shape: CacheUnderTest.Shape, _ way: Way) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let row = CacheKey<Int>("row")
            switch way {
            case .fetchThatFills, .joined: break
            default: try await cache.set(row, to: 1, tags: ["row"])
            }
            let gate = Gate()
            var leader: Task<Int, any Error>?
            if way == .joined {
                leader = Task {
                    try await cache.fetch(row, tags: ["row"]) { () -> Int in
                        try await gate.pass()
                        return 1
                    }
                }
                try await subject.waitForSeats(1)
            }
            let task = Task {
                try await cache.fetch(Self.page) { () -> Int in
                    switch way {
                    case .fetchThatFills, .fetchThatHits, .joined:
                        return try await cache.fetch(row, tags: ["row"]) { 1 }
                    case .get: return try await cache.get(row) ?? 0
                    case .getMany: return try await cache.getMany([row])[row] ?? 0
                    case .fetchMany: return try await cache.fetchMany([row], tags: ["row"]) { _ in [:] }[row] ?? 0
                    case .lookup: return try await cache.lookup(row).value ?? 0
                    case .getOrLease:
                        guard case .hit(let value) = try await cache.getOrLease(row) else { return 0 }
                        return value
                    }
                }
            }
            if way == .joined { try await subject.waitForSeats(3) }
            gate.open()
            try await #expect(task.value == 1)
            _ = try await leader?.value
            try await #expect(cache.get(Self.page) == 1)
            try await subject.other.invalidate(tags: ["row"])
            try await #expect(cache.get(Self.page) == nil)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func tagsGoUpThroughEveryLevel(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            func fill() async throws {
                _ = try await cache.fetch("a") {
                    try await cache.fetch("b") {
                        try await cache.fetch("c") { context in
                            try context.addTags(["late"])
                            return try await cache.fetch("d", tags: ["deep"]) { 1 }
                        }
                    }
                }
            }
            for tag in ["deep", "late"] {
                try await fill()
                try await #expect(cache.getMany(["a", "b", "c"] as [CacheKey<Int>]).count == 3)
                try await cache.invalidate(tags: [tag])
                try await #expect(cache.getMany(["a", "b", "c"] as [CacheKey<Int>]).isEmpty, "\(tag)")
            }
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func rowThatIsInvalidatedAfterItWasReadKeepsThePageOut(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            _ = try await cache.fetch("row", tags: ["row"]) { 1 }
            let value = try await cache.fetch(Self.page) { () -> Int in
                let value = try await cache.fetch("row", tags: ["row"]) { 2 }
                try await subject.other.invalidate(tags: ["row"])
                return value
            }
            #expect(value == 1)
            try await #expect(cache.get(Self.page) == nil)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func dependingOutsideOfAFillDoesNothing(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            try await subject.cache.depends(on: "t")
            // Nor does it concern a fill of another cache.
            _ = try await subject.other.fetch(Self.page) { () -> Int in
                try await subject.cache.depends(on: "t")
                return 1
            }
            try await subject.cache.invalidate(tags: ["t"])
            try await #expect(subject.cache.get(Self.page) == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func tasksInsideAFillBelongToIt(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            _ = try await cache.fetch(Self.page) { () -> Int in
                async let left = cache.fetch("left", tags: ["left"]) { 1 }
                async let right = cache.fetch("right", tags: ["right"]) { 2 }
                return try await left + right
            }
            try await #expect(cache.get(Self.page) == 3)
            try await cache.invalidate(tags: ["right"])
            try await #expect(cache.get(Self.page) == nil)
            try await #expect(cache.get(CacheKey<Int>("left")) == 1)
        }
    }
}
