import LarderTesting
import Testing

@testable import Larder

/// What a fill may do, and what it must not.
@Suite(.timeLimit(.minutes(10))) struct FillTests {
    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fillThatTakesTooLongFailsItsWaitersAndIsCancelled(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape, .init(fetchPolicy: FetchPolicy(hardTimeout: .seconds(30)))) { subject in
            let cache = subject.cache
            let gate = Gate()
            let tasks = (0..<10).map { _ in
                Task {
                    try await cache.fetch("k") { () -> Int in
                        try await gate.pass()
                        return 1
                    }
                }
            }
            try await subject.waitForSeats(10)
            try await subject.clock.waitForSleepers()
            subject.clock.advance(by: .seconds(30) - .nanoseconds(1))
            #expect(cache.flights.seatCount == 10)
            subject.clock.advance(by: .nanoseconds(1))
            for task in tasks { await expectError(.fillTimedOut) { try await task.value } }
            #expect(cache.counters.failedFills == 1)
            try await subject.settle()
            try await #expect(cache.fetch("k", filling: 2) == 2)
            try await #expect(cache.get(CacheKey<Int>("k")) == 2)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fillThatIgnoresItsCancellationIsLeftAloneAndNotStored(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape, .init(fetchPolicy: FetchPolicy(hardTimeout: .seconds(30)))) { subject in
            let cache = subject.cache
            let gate = Gate()
            let task = Task {
                try await cache.fetch("k") { () -> Int in
                    await gate.passStubbornly()
                    return 1
                }
            }
            try await subject.clock.waitForSleepers()
            subject.clock.advance(by: .seconds(30))
            await expectError(.fillTimedOut) { try await task.value }
            #expect(cache.counters.failedFills == 1)
            // The next caller need not wait for it.
            try await #expect(cache.fetch("k", filling: 2) == 2)
            gate.open()
            try await subject.settle()
            try await #expect(cache.get(CacheKey<Int>("k")) == 2)
            #expect(cache.counters.fills == 2)
            #expect(cache.counters.failedFills == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fillThatFetchesItsOwnKeyFailsAtOnce(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            await expectError(.fillReentered) {
                try await cache.fetch("k") { () -> Int in try await cache.fetch("k") { 1 } }
            }
            await expectError(.fillReentered) {
                try await cache.fetch("a") { () -> Int in
                    try await cache.fetch("b") { try await cache.fetch("c") { try await cache.fetch("a") { 1 } } }
                }
            }
            await expectError(.fillReentered) {
                try await cache.fetch("a") { () -> Int in
                    let keys: [CacheKey<Int>] = ["x", "a"]
                    return try await cache.fetchMany(keys) { _ in [:] }.count
                }
            }
            let keys: [CacheKey<Int>] = ["a", "b"]
            await expectError(.fillReentered) {
                try await cache.fetchMany(keys) { _ in ["a": try await cache.fetch("b") { 1 }] }
            }
            await expectError(.fillReentered) {
                try await cache.fetch("k") { () -> Int in
                    try await withThrowingTaskGroup(of: Int.self) { group in
                        group.addTask { try await cache.fetch("k") { 1 } }
                        return try await group.next() ?? 0
                    }
                }
            }
        }
    }

    @Test func fillMayFetchOtherKeysAndOtherVersions() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let key = CacheKey<Int>("k")
            let sum = try await cache.fetch(key) {
                let other = try await cache.fetch("other") { 1 }
                let version = try await cache.fetch(key.version(2)) { 2 }
                return other + version
            }
            #expect(sum == 3)
        }
    }

    @Test func taskThatAFillLeavesBehindMayFetchItsKeyLater() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let gate = Gate()
            let left = Box<Task<Int, any Error>>()
            _ = try await cache.fetch("k") { () -> Int in
                left.value = Task {
                    try await gate.pass()
                    return try await cache.fetch("k") { 2 }
                }
                return 1
            }
            try await cache.remove(CacheKey<Int>("k"))
            gate.open()
            try await #expect(left.value?.value == 2)
        }
    }

    @Test func fillContextSetsTheTimeToLive() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let key = CacheKey<Int>("k")
            _ = try await cache.fetch(key, ttl: .seconds(5)) { context in
                #expect(context.ttl == .seconds(5))
                context.ttl = .seconds(90)
                return 1
            }
            try await #expect(cache.ttl(of: key) == .remaining(.seconds(90)))
            try await cache.clear()
            _ = try await cache.fetch(key) { context in
                #expect(context.ttl == .default)
                context.ttl = nil
                return 1
            }
            try await #expect(cache.ttl(of: key) == .forever)
            try await cache.clear()
            _ = try await cache.fetch(key) { context in
                context.ttl = .seconds(-3)
                return 1
            }
            try await #expect(cache.contains(key) == false)
        }
    }

    @Test func fillThatWantsNothingStoredReachesItsWaitersOnly() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let key = CacheKey<Int>("k")
            for round in 1...3 {
                let fetched = try await cache.fetchReportingOutcome(key) { context in
                    context.doNotStore()
                    return round
                }
                #expect(fetched.value == round)
                guard case .filled(let info) = fetched.outcome else {
                    Issue.record("not filled but \(fetched.outcome)")
                    return
                }
                #expect(!info.isStored)
                #expect(info.freshFor == .zero)
                try await #expect(cache.contains(key) == false)
            }
            #expect(cache.counters.fills == 3)
            #expect(cache.counters.failedFills == 0)
        }
    }

    @Test func timeToLiveOfZeroFillsEachTimeAndStoresNothing() async throws {
        try await withCache { subject in
            let cache = subject.cache
            try await #expect(cache.fetch("k", filling: 1, ttl: .seconds(0)) == 1)
            try await #expect(cache.fetch("k", filling: 2, ttl: .seconds(-1)) == 2)
            try await #expect(cache.get(CacheKey<Int>("k")) == nil)
            try await #expect(cache.fetch("k", filling: 3) == 3)
            try await #expect(cache.get(CacheKey<Int>("k")) == 3)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func outcomeSaysWhereTheValueCameFrom(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let clock = subject.clock
            let gate = Gate()
            let key = CacheKey<Int>("k")
            let leader = Task {
                try await cache.fetchReportingOutcome(key, ttl: .seconds(60)) { _ in
                    try await gate.pass()
                    return 1
                }
            }
            try await eventually("the fill runs") { gate.arrivals == 1 }
            let joiner = Task { try await cache.fetchReportingOutcome(key) { _ in 2 } }
            try await subject.waitForSeats(2)
            clock.advance(by: .seconds(2))
            gate.open()
            let outcomes = try await (leader.value.outcome, joiner.value.outcome)
            guard case (.filled(let filled), .joined(let joined)) = outcomes else {
                Issue.record("\(outcomes)")
                return
            }
            #expect(filled == joined)
            #expect(filled.isStored)
            #expect(filled.freshFor == .seconds(60))
            #expect(filled.cost == .seconds(2))
            #expect(!filled.storeWasUnavailable)
            clock.advance(by: .seconds(20))
            let hit = try await cache.fetchReportingOutcome(key) { _ in 3 }
            #expect(hit.value == 1)
            let info = EntryInfo(timeLeft: .remaining(.seconds(40)), age: .seconds(20), fillCost: .seconds(2))
            #expect(hit.outcome == .hit(info))
        }
    }

    @Test func entryThatExpiresIsFilledAgain() async throws {
        try await withCache { subject in
            let cache = subject.cache
            try await #expect(cache.fetch("k", filling: 1, ttl: .milliseconds(1_500)) == 1)
            subject.clock.advance(by: .milliseconds(1_499))
            try await #expect(cache.fetch("k", filling: 2, ttl: .milliseconds(1_500)) == 1)
            subject.clock.advance(by: .milliseconds(1))
            try await #expect(cache.fetch("k", filling: 2, ttl: .milliseconds(1_500)) == 2)
        }
    }

    @Test func valueTooHeavyForTheStoreReachesItsWaiters() async throws {
        let limit = MemoryStore.Limit.cost(1_000) { _, value in (value as? String)?.utf8.count ?? 1 }
        try await withCache(.local, limit: limit) { subject in
            let cache = subject.cache
            let heavy = String(repeating: "x", count: 100_000)
            let keys: [CacheKey<String>] = ["heavy", "light"]
            let values = try await cache.fetchMany(keys) { _ in ["heavy": heavy, "light": "x"] }
            #expect(values == ["heavy": heavy, "light": "x"])
            try await #expect(cache.getMany(keys) == ["light": "x"])
            try await #expect(cache.fetch("heavy", filling: heavy) == heavy)
            await expectError(.valueTooLarge) { try await cache.set("light", to: heavy) }
            try await #expect(cache.get(CacheKey<String>("light")) == nil)
            try await cache.set("light", to: "x")
            try await #expect(cache.add("light", heavy) == false)
            try await #expect(cache.get(CacheKey<String>("light")) == "x")
            await expectError(.valueTooLarge) { try await cache.append("new", heavy) }
            await expectError(.valueTooLarge) { try await cache.append("light", heavy) }
            try await #expect(cache.get(CacheKey<String>("light")) == "x")
        }
    }
}
