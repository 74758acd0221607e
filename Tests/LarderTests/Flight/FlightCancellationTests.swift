import LarderTesting
import Synchronization
import Testing

@testable import Larder

@Suite(.timeLimit(.minutes(10))) struct FlightCancellationTests {
    /// A hundred tasks that wait for one fill.
    private func start(_ subject: CacheUnderTest, _ gate: Gate, _ ended: Tally) async throws -> [Task<Int, any Error>] {
        let cache = subject.cache
        let tasks = (0..<100).map { _ in
            Task {
                try await cache.fetch("k") {
                    defer { ended.add() }
                    try await gate.pass()
                    return 42
                }
            }
        }
        try await subject.waitForSeats(100)
        try await eventually("the fill runs") { gate.arrivals == 1 }
        return tasks
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func cancellingAllWaitersButOneLeavesItsValueAndItsFill(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let gate = Gate()
            let ended = Tally()
            let tasks = try await self.start(subject, gate, ended)
            for task in tasks.dropLast() { task.cancel() }
            for task in tasks.dropLast() {
                await #expect(throws: CancellationError.self) { _ = try await task.value }
            }
            #expect(ended.count == 0)
            #expect(subject.cache.flights.seatCount == 1)
            gate.open()
            try await #expect(tasks[99].value == 42)
            #expect(subject.cache.counters.fills == 1)
            #expect(subject.cache.counters.failedFills == 0)
            try await #expect(subject.cache.get(CacheKey<Int>("k")) == 42)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func cancellingAllWaitersCancelsTheFillAndFreesTheLease(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let gate = Gate()
            let ended = Tally()
            let tasks = try await self.start(subject, gate, ended)
            #expect(subject.memory.leases.standing == 1)
            for task in tasks { task.cancel() }
            for task in tasks {
                await #expect(throws: CancellationError.self) { _ = try await task.value }
            }
            // The gate stays closed: only its cancellation ends the fill.
            try await subject.settle()
            #expect(ended.count == 1)
            #expect(subject.memory.leases.standing == 0)
            #expect(subject.cache.counters.failedFills == 1)
            try await #expect(subject.cache.fetch("k", filling: 1) == 1)
            try await #expect(subject.cache.get(CacheKey<Int>("k")) == 1)
        }
    }

    @Test func callThatWasCancelledBeforehandRunsNoFillToItsEnd() async throws {
        try await withCache(.local) { subject in
            let cache = subject.cache
            let gate = Gate()
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await cache.fetch("k") { () -> Int in
                    try await gate.pass()
                    return 1
                }
            }
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        }
    }

    @Test func callerCancelledWhileItAsksForTheLeaseLeavesNoLease() async throws {
        try await withCache(.remote) { subject in
            let cache = subject.cache
            let held = Gate()
            let reads = Tally()
            subject.faults.intercept { operation, moment in
                // The lease has been granted, and its answer is under way when the caller is cancelled.
                if operation == .read, moment == .after, reads.add() == 2 { try await held.pass() }
            }
            let task = Task { try await cache.fetch("k") { 1 } }
            try await eventually("the answer is under way") { held.arrivals == 1 }
            #expect(subject.memory.leases.standing == 1)
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            try await subject.settle()
            #expect(subject.memory.leases.standing == 0)
        }
    }

    @Test func waiterOfAFlightWhoseLeaderIsCancelledEarlyFillsItself() async throws {
        try await withCache(.remote) { subject in
            let cache = subject.cache
            let held = Gate()
            let reads = Tally()
            subject.faults.intercept { operation, moment in
                if operation == .read, moment == .after, reads.add() == 2 { try await held.pass() }
            }
            let leader = Task { try await cache.fetch("k") { 1 } }
            try await eventually("the leader's answer is under way") { held.arrivals == 1 }
            let waiter = Task { try await cache.fetch("k") { 2 } }
            try await subject.waitForSeats(2)
            leader.cancel()
            await #expect(throws: CancellationError.self) { _ = try await leader.value }
            try await #expect(waiter.value == 2)
            try await #expect(cache.get(CacheKey<Int>("k")) == 2)
        }
    }

    @Test func fillThatThrowsACancellationErrorOfItsOwnFailsItsWaiters() async throws {
        try await withCache(.local) { subject in
            await #expect(throws: CancellationError.self) {
                _ = try await subject.cache.fetch("k") { () -> Int in throw CancellationError() }
            }
            #expect(subject.cache.counters.failedFills == 1)
            try await #expect(subject.cache.fetch("k", filling: 1) == 1)
        }
    }

    @Test func cancellingWhileTheValueIsBeingStoredStillStoresIt() async throws {
        try await withCache(.remote) { subject in
            let cache = subject.cache
            let held = Gate()
            subject.faults.intercept { operation, moment in
                if operation == .commit, moment == .before { await held.passStubbornly() }
            }
            let task = Task { try await cache.fetch("k") { 1 } }
            try await eventually("the value is being stored") { held.arrivals == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            held.open()
            try await subject.settle()
            try await #expect(cache.get(CacheKey<Int>("k")) == 1)
        }
    }

    @Test func cancellationAtAnyMomentLeavesNothing() async throws {
        for shape in CacheUnderTest.Shape.allCases {
            try await withCache(shape) { subject in
                let cache = subject.cache
                for round in 0..<300 {
                    let tasks = (0..<4).map { index in
                        Task {
                            try await cache.fetch(CacheKey<Int>("k\(round % 7)")) {
                                await Task.yield()
                                if index == 3 { throw Failure() }
                                return index
                            }
                        }
                    }
                    for _ in 0..<(round % 5) { await Task.yield() }
                    for task in tasks.prefix(round % 4) { task.cancel() }
                    for task in tasks { _ = await task.result }
                    if round.isMultiple(of: 3) { try await cache.clear() }
                }
            }
        }
    }
}
