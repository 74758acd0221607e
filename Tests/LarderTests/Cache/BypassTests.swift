import LarderTesting
import Synchronization
import Testing

@testable import Larder

/// What code under `cache.bypassed` finds and leaves.
@Suite(.timeLimit(.minutes(10))) struct BypassTests {
    private static let key = CacheKey<Int>("k")
    private static let text = CacheKey<String>("text")

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func readsMissAndFindTheEntryAgainAfterwards(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            try await cache.set(Self.key, to: 1)
            try await cache.bypassed {
                let value = try await cache.get(Self.key)
                #expect(value == nil)
                let many = try await cache.getMany([Self.key])
                #expect(many.isEmpty)
                let isThere = try await cache.contains(Self.key)
                #expect(!isThere)
                let left = try await cache.ttl(of: Self.key)
                #expect(left == nil)
                let count = try await cache.entryCount()
                #expect(count == 0)
                let touched = try await cache.touch(Self.key, ttl: .hours(1))
                #expect(!touched)
                if case .miss = try await cache.lookup(Self.key) {} else { Issue.record("the lookup found something") }
                if case .taken = try await cache.getOrLease(Self.key) {} else { Issue.record("a lease was granted") }
                // Another cache on the same entries is not concerned.
                let other = try await subject.other.get(Self.key)
                #expect(other == 1)
            }
            let value = try await cache.get(Self.key)
            #expect(value == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fetchFillsOnceForAllAndStoresNothing(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            try await cache.set(Self.key, to: 1)
            let gate = Gate()
            let values = try await cache.bypassed {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<10 {
                        group.addTask {
                            try await cache.fetch(Self.key) { () -> Int in
                                try await gate.pass()
                                return 2
                            }
                        }
                    }
                    // In one flight: none of them is on its way to it.
                    try await eventually("all wait") { cache.flights.seatCount == 10 && cache.flights.count == 1 }
                    gate.open()
                    return try await group.reduce(into: []) { $0.append($1) }
                }
            }
            #expect(values == Array(repeating: 2, count: 10))
            #expect(gate.arrivals == 1)
            let kept = try await cache.fetch(Self.key, filling: 3)
            #expect(kept == 1)
            let many = try await cache.bypassed { try await cache.fetchMany([Self.key]) { _ in [Self.key: 4] } }
            #expect(many == [Self.key: 4])
            let still = try await cache.get(Self.key)
            #expect(still == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func writesStoreNothingAndLeaveNothingUntrueBehind(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let keys = ["set", "many", "replaced", "added", "counted"].map { CacheKey<Int>($0) }
            try await cache.setMany(Dictionary(uniqueKeysWithValues: keys.map { ($0, 1) }))
            try await cache.set(Self.text, to: "a")
            try await cache.bypassed {
                try await cache.set(keys[0], to: 2)
                try await cache.setMany([keys[1]: 2])
                let isReplaced = try await cache.replace(keys[2], with: 2)
                #expect(!isReplaced)
                let isAdded = try await cache.add(keys[3], 2)
                #expect(isAdded)
                let sum = try await cache.increment(keys[4], by: 5, initial: 10)
                #expect(sum == 15)
                let length = try await cache.append(Self.text, "bcd")
                #expect(length == 3)
                await expectError(.keyNotFound) { try await cache.increment(keys[4]) }
                await expectError(.keyNotFound) { try await cache.incrementVersion(of: keys[4]) }
            }
            let left = try await cache.getMany(keys)
            #expect(left == [keys[3]: 1, keys[4]: 1])
            let text = try await cache.get(Self.text)
            #expect(text == "a")
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func invalidationsGoThrough(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            for name in ["a", "b:1", "c"] { try await cache.set(CacheKey<Int>(name), to: 1) }
            try await cache.set("tagged", to: 1, tags: ["t"])
            let removed = try await cache.bypassed { () -> Bool in
                try await cache.removeAll(matching: "b:*")
                try await cache.invalidate(tags: ["t"])
                return try await cache.remove(CacheKey<Int>("a"))
            }
            #expect(removed)
            var names: Set<String> = []
            for try await name in cache.keys() { names.insert(name) }
            #expect(names == ["c"])
            try await cache.bypassed { try await cache.clear() }
            let count = try await cache.entryCount()
            #expect(count == 0)
        }
    }

    @Test func aLeaseFromBeforeIsGivenBackUnused() async throws {
        try await withCache { subject in
            let cache = subject.cache
            guard case .granted(let lease) = try await cache.getOrLease(Self.key) else {
                Issue.record("no lease")
                return
            }
            let isStored = try await cache.bypassed { try await cache.set(under: lease, to: 1) }
            #expect(!isStored)
            let value = try await cache.fetch(Self.key, filling: 2)
            #expect(value == 2)
        }
    }

    @Test func aTaskThatOutlivesTheBypassFindsTheCacheAgain() async throws {
        try await withCache(.local) { subject in
            let cache = subject.cache
            try await cache.set(Self.key, to: 1)
            let gate = Gate()
            let task = await cache.bypassed {
                Task {
                    try await gate.pass()
                    return try await cache.get(Self.key)
                }
            }
            try await eventually("the task waits") { gate.arrivals == 1 }
            // Another bypass goes on meanwhile; it is none of the task's.
            try await cache.bypassed {
                gate.open()
                let found = try await task.value
                #expect(found == 1)
            }
            #expect(cache.bypassCount.load(ordering: .relaxed) == 0)
        }
    }

    @Test func nestedBypassesOfTwoCachesBothHold() async throws {
        try await withCache(.local) { subject in
            try await subject.cache.set(Self.key, to: 1)
            let cache = subject.cache
            let found = try await cache.bypassed {
                try await subject.other.bypassed {
                    let both = [try await cache.get(Self.key), try await subject.other.get(Self.key)]
                    return both.compactMap { $0 }
                }
            }
            #expect(found.isEmpty)
        }
    }
}
