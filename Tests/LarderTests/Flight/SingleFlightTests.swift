import LarderTesting
import Testing

@testable import Larder

@Suite(.timeLimit(.minutes(10))) struct SingleFlightTests {
    @Test(arguments: CacheUnderTest.Shape.allCases)
    func aThousandTasksThatMissOneKeyRunOneFill(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let gate = Gate()
            let fills = Tally()
            let cache = subject.cache
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<1_000 {
                    group.addTask {
                        try await cache.fetch("k") {
                            fills.add()
                            try await gate.pass()
                            return 42
                        }
                    }
                }
                try await subject.waitForSeats(1_000)
                gate.open()
                for try await value in group { #expect(value == 42) }
            }
            #expect(fills.count == 1)
            #expect(cache.counters.fills == 1)
            #expect(cache.counters.failedFills == 0)
            #expect(cache.counters.misses == 1_000)
            try await #expect(cache.get(CacheKey<Int>("k")) == 42)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func tasksThatArriveWhileTheFillEndsRunNoSecondOne(_ shape: CacheUnderTest.Shape) async throws {
        // No gate: callers come before, while and after the fill ends.
        try await withCache(shape) { subject in
            let fills = Tally()
            let cache = subject.cache
            for round in 0..<200 {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            let value = try? await cache.fetch(CacheKey<Int>("k\(round)")) {
                                fills.add()
                                return round
                            }
                            #expect(value == round)
                        }
                    }
                }
                #expect(fills.count == round + 1)
            }
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func twoKeysRunTwoFills(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let gate = Gate()
            async let first = subject.cache.fetch("a") { () -> Int in
                try await gate.pass()
                return 1
            }
            async let second = subject.cache.fetch("b") { () -> Int in
                try await gate.pass()
                return 2
            }
            try await eventually("both fills run") { gate.arrivals == 2 }
            gate.open()
            try await #expect(first == 1)
            try await #expect(second == 2)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func versionsOfAKeyRunFillsOfTheirOwn(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let key = CacheKey<Int>("k")
            try await #expect(subject.cache.fetch(key, filling: 1) == 1)
            try await #expect(subject.cache.fetch(key.version(2), filling: 2) == 2)
            try await #expect(subject.cache.fetch(key, filling: 3) == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func failingFillFailsAllWhoWaitAndLeavesNothingBehind(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let gate = Gate()
            let cache = subject.cache
            await withTaskGroup(of: Failure?.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        do {
                            _ = try await cache.fetch("k") { () -> Int in
                                try await gate.pass()
                                throw Failure(number: 7)
                            }
                            return nil
                        } catch {
                            return error as? Failure
                        }
                    }
                }
                try? await subject.waitForSeats(100)
                gate.open()
                for await failure in group { #expect(failure == Failure(number: 7)) }
            }
            #expect(cache.counters.fills == 1)
            #expect(cache.counters.failedFills == 1)
            try await #expect(cache.contains(CacheKey<Int>("k")) == false)
            // At once, while the lease may not have been given back yet: the next fill is stored all the same.
            let next = try await cache.fetchReportingOutcome("k") { _ in 8 }
            #expect(next.value == 8)
            guard case .filled(let info) = next.outcome else {
                Issue.record("not filled but \(next.outcome)")
                return
            }
            #expect(info.isStored)
        }
    }

    @Test func callerWhoseReadShowsTheLeaseOfAFlightThatHasJustEndedGetsItsValue() async throws {
        try await withCache(.remote) { subject in
            let cache = subject.cache
            let fill = Gate()
            let reply = Gate()
            let reads = Tally()
            async let first = cache.fetch("k") { () -> Int in
                try await fill.pass()
                return 1
            }
            try await eventually("the first fill runs") { fill.arrivals == 1 }
            subject.faults.intercept { operation, moment in
                // The second caller's read with a lease has been answered "held", but the answer is under way.
                if operation == .read, moment == .after, reads.add() == 2 { try await reply.pass() }
            }
            async let second = cache.fetchReportingOutcome("k") { _ in 2 }
            try await eventually("the answer is under way") { reply.arrivals == 1 }
            fill.open()
            try await #expect(first == 1)
            reply.open()
            let fetched = try await second
            #expect(fetched.value == 1)
            guard case .hit = fetched.outcome else {
                Issue.record("not a hit but \(fetched.outcome)")
                return
            }
            #expect(cache.counters.fills == 1)
        }
    }

    @Test func entryThatIsReplacedBeforeTheLeaseToReplaceItIsNotFilledAgain() async throws {
        try await withCache(.remote) { subject in
            let cache = subject.cache
            try await cache.set(CacheKey<String>("k"), to: "text")
            let request = Gate()
            let reads = Tally()
            subject.faults.intercept { operation, moment in
                // The third read is the one for the lease that replaces the text.
                if operation == .read, moment == .before, reads.add() == 3 { try await request.pass() }
            }
            async let late = cache.fetchReportingOutcome(CacheKey<Int>("k")) { _ in 2 }
            try await eventually("the late caller is about to ask") { request.arrivals == 1 }
            try await #expect(cache.fetch(CacheKey<Int>("k"), filling: 1) == 1)
            request.open()
            try await #expect(late.value == 1)
            #expect(cache.counters.fills == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func callersOfTwoTypesEachGetTheirOwn(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let gate = Gate()
            async let number = cache.fetch(CacheKey<Int>("k")) {
                try await gate.pass()
                return 1
            }
            try await eventually("the first fill runs") { gate.arrivals == 1 }
            async let text = cache.fetch(CacheKey<String>("k")) { "text" }
            try await subject.waitForSeats(2)
            gate.open()
            try await #expect(number == 1)
            try await #expect(text == "text")
        }
    }

    @Test func manyCallersOfTwoTypesAllEnd() async throws {
        try await withCache(.remote) { subject in
            let cache = subject.cache
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        index.isMultiple(of: 2)
                            ? try await cache.fetch(CacheKey<Int>("k")) { 1 } == 1
                            : try await cache.fetch(CacheKey<String>("k")) { "text" } == "text"
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func cachedNilIsAHit(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let key = CacheKey<String?>("k")
            try await #expect(subject.cache.fetch(key, filling: nil) == nil)
            try await #expect(subject.cache.fetch(key, filling: "other") == nil)
            try await #expect(subject.cache.get(key) == .some(nil))
            #expect(subject.cache.counters.fills == 1)
        }
    }
}
