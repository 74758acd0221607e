import LarderTesting
import Testing

@testable import Larder

@Suite(.timeLimit(.minutes(10))) struct FetchManyTests {
    private let keys = (0..<10).map { CacheKey<Int>("n\($0)") }

    @Test func missingKeysTakeOneReadOneLeaseOneFillAndOneCommit() async throws {
        try await withCache { subject in
            let cache = subject.cache
            try await cache.setMany([self.keys[2]: 2, self.keys[5]: 5])
            let asked = Box<[CacheKey<Int>]>()
            let before = subject.faults.calls
            let values = try await cache.fetchMany(self.keys) { missing in
                asked.value = missing
                return Dictionary(uniqueKeysWithValues: missing.map { ($0, 100) })
            }
            #expect(values.count == 10)
            #expect(values[self.keys[2]] == 2)
            #expect(values[self.keys[3]] == 100)
            #expect(asked.value?.map(\.name) == [0, 1, 3, 4, 6, 7, 8, 9].map { "n\($0)" })
            let after = subject.faults.calls
            #expect((after[.read] ?? 0) - (before[.read] ?? 0) == 2)
            #expect((after[.commit] ?? 0) - (before[.commit] ?? 0) == 1)
            #expect(after[.release] == nil)
            #expect(after[.write] == before[.write])
            #expect(cache.counters.fills == 1)
            #expect(cache.counters.hits == 2)
            #expect(cache.counters.misses == 8)
            try await #expect(cache.getMany(self.keys).count == 10)
        }
    }

    @Test func keysThatAreAllThereTakeOneRead() async throws {
        try await withCache { subject in
            try await subject.cache.setMany(Dictionary(uniqueKeysWithValues: self.keys.map { ($0, 1) }))
            let values = try await subject.cache.fetchMany(self.keys) { _ in throw Failure() }
            #expect(values.count == 10)
            #expect(subject.faults.calls[.read] == 1)
        }
    }

    @Test func noKeysTakeNothing() async throws {
        try await withCache { subject in
            let values = try await subject.cache.fetchMany([CacheKey<Int>]()) { _ in throw Failure() }
            #expect(values.isEmpty)
            #expect(subject.faults.calls.isEmpty)
        }
    }

    @Test func keysThatTheFillLeavesOutHaveNoValueAndAreNotStored() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let values = try await cache.fetchMany(self.keys) { _ in ["n1": 1, "stranger": 5] }
            #expect(values == ["n1": 1])
            try await #expect(cache.getMany(self.keys) == ["n1": 1])
            try await #expect(cache.contains(CacheKey<Int>("stranger")) == false)
            try await subject.settle()
            #expect(subject.memory.leases.standing == 0)
            #expect(cache.counters.failedFills == 0)
        }
    }

    @Test func keysNamedTwiceAreFetchedOnce() async throws {
        try await withCache { subject in
            let asked = Box<[CacheKey<Int>]>()
            let keys: [CacheKey<Int>] = ["a", "b", "a", "a"]
            let values = try await subject.cache.fetchMany(keys) { missing in
                asked.value = missing
                return ["a": 1, "b": 2]
            }
            #expect(asked.value == ["a", "b"])
            #expect(values == ["a": 1, "b": 2])
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func keysThatOthersAreFillingAreWaitedFor(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let gate = Gate()
            let single = Task {
                try await cache.fetch("n1") { () -> Int in
                    try await gate.pass()
                    return 11
                }
            }
            try await eventually("the fill of n1 runs") { gate.arrivals == 1 }
            let asked = Box<[CacheKey<Int>]>()
            let keys = self.keys
            let many = Task {
                try await cache.fetchMany(keys) { missing in
                    asked.value = missing
                    return Dictionary(uniqueKeysWithValues: missing.map { ($0, 0) })
                }
            }
            try await eventually("the fill of the others has ended") { asked.value != nil }
            gate.open()
            let values = try await many.value
            #expect(values.count == 10)
            #expect(values["n1"] == 11)
            #expect(asked.value?.contains("n1") == false)
            try await #expect(single.value == 11)
            #expect(cache.counters.fills == 2)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fetchJoinsTheFillOfFetchMany(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let gate = Gate()
            let keys = self.keys
            let many = Task {
                try await cache.fetchMany(keys) { missing in
                    try await gate.pass()
                    return Dictionary(uniqueKeysWithValues: missing.dropLast().map { ($0, 1) })
                }
            }
            try await eventually("the fill runs") { gate.arrivals == 1 }
            let single = Task { try await cache.fetch("n3") { 33 } }
            // The fill has nothing for this one, so its caller fills it.
            let leftOut = Task { try await cache.fetch("n9") { 99 } }
            try await subject.waitForSeats(12)
            gate.open()
            try await #expect(single.value == 1)
            try await #expect(leftOut.value == 99)
            try await #expect(many.value.count == 9)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func callsForOverlappingKeysFillEachKeyOnce(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let filled = Tally()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for start in 0..<50 {
                    let keys = (start..<(start + 10)).map { CacheKey<Int>("n\($0)") }
                    group.addTask {
                        let values = try await cache.fetchMany(keys) { missing in
                            for _ in missing { filled.add() }
                            await Task.yield()
                            return Dictionary(uniqueKeysWithValues: missing.map { ($0, 1) })
                        }
                        return values.count
                    }
                }
                for try await count in group { #expect(count == 10) }
            }
            #expect(filled.count == 59)
        }
    }

    @Test func failingFillFailsTheCallAndGivesAllLeasesBack() async throws {
        try await withCache { subject in
            let cache = subject.cache
            await #expect(throws: Failure.self) {
                _ = try await cache.fetchMany(self.keys) { _ in throw Failure() }
            }
            #expect(cache.counters.fills == 1)
            #expect(cache.counters.failedFills == 1)
            try await #expect(cache.getMany(self.keys) == [:])
        }
    }

    @Test func cancellingTheOnlyCallerCancelsTheFillOfAllKeys() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let gate = Gate()
            let keys = self.keys
            let many = Task {
                try await cache.fetchMany(keys) { _ in
                    try await gate.pass()
                    return [:]
                }
            }
            try await eventually("the fill runs") { gate.arrivals == 1 }
            many.cancel()
            await #expect(throws: CancellationError.self) { _ = try await many.value }
        }
    }

    @Test func fillOfManyKeysLivesWhileAnyOfThemIsWanted() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let gate = Gate()
            let keys = self.keys
            let many = Task {
                try await cache.fetchMany(keys) { missing in
                    try await gate.pass()
                    return Dictionary(uniqueKeysWithValues: missing.map { ($0, 1) })
                }
            }
            try await eventually("the fill runs") { gate.arrivals == 1 }
            let single = Task { try await cache.fetch("n3") { 33 } }
            try await subject.waitForSeats(11)
            many.cancel()
            await #expect(throws: CancellationError.self) { _ = try await many.value }
            gate.open()
            try await #expect(single.value == 1)
            try await #expect(cache.get(CacheKey<Int>("n3")) == 1)
            #expect(cache.counters.failedFills == 0)
        }
    }

    @Test func keyRemovedWhileManyAreFilledIsNotStored() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let values = try await cache.fetchMany(self.keys) { missing in
                try await cache.remove(CacheKey<Int>("n4"))
                return Dictionary(uniqueKeysWithValues: missing.map { ($0, 1) })
            }
            #expect(values.count == 10)
            let stored = try await cache.getMany(self.keys)
            #expect(stored.count == 9)
            #expect(stored["n4"] == nil)
        }
    }

    @Test func entriesOfAnotherTypeAreFilledAgain() async throws {
        try await withCache { subject in
            let cache = subject.cache
            try await cache.set(CacheKey<String>("n1"), to: "text")
            let values = try await cache.fetchMany(self.keys) { missing in
                Dictionary(uniqueKeysWithValues: missing.map { ($0, 1) })
            }
            #expect(values.count == 10)
            try await #expect(cache.getMany(self.keys).count == 10)
            #expect(cache.counters.fills == 1)
        }
    }
}
