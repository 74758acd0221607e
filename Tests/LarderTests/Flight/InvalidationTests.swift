import LarderTesting
import Testing

@testable import Larder

/// No resurrection: what was filled before an invalidation is never seen by who came after it.
@Suite(.timeLimit(.minutes(10))) struct InvalidationTests {
    enum Invalidation: CaseIterable {
        case remove, removeMany, set, setMany, setForNoTime, add, clear, removeAll, removeAllOfOthers, increment, append
        case incrementVersion

        /// What is under the key afterwards.
        var valueAfter: Value { self == .set || self == .setMany || self == .add ? .int(100) : .none }

        enum Value: Equatable { case none, int(Int) }

        func perform(on cache: Cache) async throws {
            let key = CacheKey<Int>("k")
            switch self {
            case .remove: try await cache.remove(key)
            case .removeMany: try await cache.removeMany(["other", key])
            case .set: try await cache.set(key, to: 100)
            case .setMany: try await cache.setMany(["other": 1, key: 100])
            case .setForNoTime: try await cache.set(key, to: 100, ttl: .seconds(0))
            case .add: try await cache.add(key, 100)
            case .clear: try await cache.clear()
            case .removeAll: try await cache.removeAll(matching: "k*")
            case .removeAllOfOthers: try await cache.removeAll(matching: "x*")
            case .increment:
                try await cache.increment(key, by: 1, initial: 99)
                try await cache.remove(key)
            case .append:
                try await cache.append(CacheKey<String>("k"), "text")
                try await cache.remove(key)
            case .incrementVersion:
                try await cache.set(key, to: 100)
                try await cache.incrementVersion(of: key)
            }
        }
    }

    struct Case: CustomTestStringConvertible {
        var invalidation: Invalidation
        var shape: CacheUnderTest.Shape
        var comesFromTheOtherCache: Bool

        var testDescription: String {
            let who = self.comesFromTheOtherCache ? "another cache" : "the cache itself"
            return "\(self.invalidation) by \(who), \(self.shape.testDescription)"
        }

        static let all: [Case] = Invalidation.allCases.flatMap { invalidation in
            CacheUnderTest.Shape.allCases.flatMap { shape in
                [true, false].map { Case(invalidation: invalidation, shape: shape, comesFromTheOtherCache: $0) }
            }
        }
    }

    @Test(arguments: Case.all)
    func fillUnderWayReachesWhoAskedBeforeAndIsNotStored(_ example: Case) async throws {
        try await withCache(example.shape) { subject in
            let cache = subject.cache
            let key = CacheKey<Int>("k")
            let gate = Gate()
            let early = (0..<10).map { _ in
                Task {
                    try await cache.fetchReportingOutcome(key) { _ in
                        try await gate.pass()
                        return 1
                    }
                }
            }
            try await subject.waitForSeats(10)
            try await example.invalidation.perform(on: example.comesFromTheOtherCache ? subject.other : cache)
            // Those who come after it see the new truth, or run a fill of their own.
            let after: Int
            switch example.invalidation.valueAfter {
            case .int(let value): after = value
            case .none: after = 2
            }
            try await #expect(cache.fetch(key, filling: 2) == after)
            try await #expect(cache.get(key) == after)
            gate.open()
            for task in early {
                let fetched = try await task.value
                #expect(fetched.value == 1)
                switch fetched.outcome {
                case .filled(let info), .joined(let info): #expect(!info.isStored)
                default: Issue.record("a fill came as \(fetched.outcome)")
                }
            }
            try await subject.settle()
            try await #expect(cache.get(key) == after)
            try await #expect(cache.fetch(key, filling: 3) == after)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func newFillBesideAnOldOneIsJoinedByThoseWhoComeAfter(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let old = Gate()
            let new = Gate()
            let first = Task {
                try await cache.fetch("k") { () -> Int in
                    try await old.pass()
                    return 1
                }
            }
            try await eventually("the old fill runs") { old.arrivals == 1 }
            try await cache.remove(CacheKey<Int>("k"))
            let fills = Tally()
            let later = (0..<20).map { _ in
                Task {
                    try await cache.fetch("k") { () -> Int in
                        fills.add()
                        try await new.pass()
                        return 2
                    }
                }
            }
            try await subject.waitForSeats(21)
            old.open()
            try await #expect(first.value == 1)
            new.open()
            for task in later { try await #expect(task.value == 2) }
            #expect(fills.count == 1)
            try await #expect(cache.get(CacheKey<Int>("k")) == 2)
        }
    }

    @Test func fillWithoutLeasesIsCutOffToo() async throws {
        // A store that keeps nothing grants no leases either.
        let cache = Cache(.null, namespace: "ns")
        for invalidation in [InvalidationTests.Invalidation.remove, .set, .clear, .removeAll] {
            let gate = Gate()
            let old = Task {
                try await cache.fetch("k") { () -> Int in
                    try await gate.pass()
                    return 1
                }
            }
            try await eventually("the fill runs") { gate.arrivals == 1 }
            try await invalidation.perform(on: cache)
            try await #expect(cache.fetch("k", filling: 2) == 2)
            gate.open()
            try await #expect(old.value == 1)
        }
        try await eventually("all tasks have ended") { cache.flights.taskCount == 0 }
        #expect(cache.flights.count == 0)
    }

    @Test func entryMovedToAnotherVersionWhileItIsClearedStaysCleared() async throws {
        try await withCache(.remote) { subject in
            let key = CacheKey<Int>("k")
            try await subject.cache.set(key, to: 1)
            let cache = subject.cache
            let other = subject.other
            let reads = Tally()
            subject.faults.intercept { operation, moment in
                // After the old version has been read, and before the new one is written.
                if operation == .read, moment == .after, reads.add() == 2 { try await other.clear() }
            }
            await expectError(.keyNotFound) { try await cache.incrementVersion(of: key) }
            subject.faults.intercept(nil)
            try await #expect(cache.get(key.version(2)) == nil)
            try await #expect(cache.get(key) == nil)
        }
    }

    @Test func historiesOfFetchesAndInvalidationsNeverShowAnOldValue() async throws {
        // A source of truth that only grows; whoever fetches after an invalidation sees at least what was true then.
        for shape in CacheUnderTest.Shape.allCases {
            try await withCache(shape) { subject in
                let truth = Tally()
                await withTaskGroup(of: Void.self) { group in
                    for reader in 0..<6 {
                        let cache = reader.isMultiple(of: 2) ? subject.cache : subject.other
                        group.addTask {
                            for _ in 0..<300 {
                                let value = try? await cache.fetch("k") { () -> Int in
                                    let seen = truth.count
                                    await Task.yield()
                                    return seen
                                }
                                #expect(value != nil)
                                await Task.yield()
                            }
                        }
                    }
                    for writer in 0..<2 {
                        let cache = writer == 0 ? subject.cache : subject.other
                        group.addTask {
                            for round in 0..<300 {
                                let now = truth.add()
                                switch round % 3 {
                                case 0: _ = try? await cache.remove(CacheKey<Int>("k"))
                                case 1: try? await cache.clear()
                                default: _ = try? await cache.removeAll(matching: "k")
                                }
                                let value = try? await cache.fetch("k") { () -> Int in
                                    let seen = truth.count
                                    await Task.yield()
                                    return seen
                                }
                                #expect((value ?? 0) >= now)
                            }
                        }
                    }
                }
            }
        }
    }
}
