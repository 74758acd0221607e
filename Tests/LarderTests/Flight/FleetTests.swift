import LarderTesting
import Testing

@testable import Larder

/// Several caches on one store, as in several processes: one fills, the others wait.
@Suite(.timeLimit(.minutes(10))) struct FleetTests {
    private static let key = CacheKey<Int>("k")

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func otherCacheWaitsForTheFillInsteadOfFilling(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let gate = Gate()
            let first = Task {
                try await subject.cache.fetch(Self.key) {
                    try await gate.pass(); return 1
                }
            }
            try await subject.waitForSeats(1)
            let others = (0..<10).map { _ in Task { try await subject.other.fetch(Self.key) { 2 } } }
            try await eventually("the others wait") { subject.other.flights.seatCount == 10 }
            gate.open()
            try await #expect(first.value == 1)
            try await self.advanceUntilDone(others, subject)
            for other in others { try await #expect(other.value == 1) }
            #expect(subject.other.counters.fills == 0)
        }
    }

    /// Moves the clock on while calls wait that ask again from time to time.
    private func advanceUntilDone(_ tasks: [Task<Int, any Error>], _ subject: CacheUnderTest) async throws {
        let done = Tally()
        let watch = Task {
            for task in tasks { _ = await task.result }
            done.add()
        }
        try await eventually("the calls have ended") {
            subject.clock.advance(by: .milliseconds(10))
            return done.count == 1
        }
        await watch.value
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func otherCacheFillsWhenTheHolderGivesUp(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let gate = Gate()
            let first = Task {
                try await subject.cache.fetch(Self.key) {
                    try await gate.pass(); return 1
                }
            }
            try await subject.waitForSeats(1)
            let other = Task { try await subject.other.fetch(Self.key) { 2 } }
            try await eventually("the other waits") { subject.other.flights.seatCount == 1 }
            first.cancel()
            await #expect(throws: CancellationError.self) { _ = try await first.value }
            try await self.advanceUntilDone([other], subject)
            try await #expect(other.value == 2)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func otherCacheFillsWhenTheHolderHasDied(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            // A lease that nobody renews.
            let space = subject.memory.open("ns")
            let request = LeaseRequest(token: .random(), duration: .seconds(5))
            let options = ReadOptions(lease: request, coder: subject.cache.coder(for: Int.self))
            _ = try await space.read([StoreKey(version: 1, name: "k")], options)
            let other = Task { try await subject.other.fetch(Self.key) { 2 } }
            try await eventually("the other waits") { subject.other.flights.seatCount == 1 }
            subject.clock.advance(by: .milliseconds(4_900))
            #expect(subject.other.counters.fills == 0)
            try await self.advanceUntilDone([other], subject)
            try await #expect(other.value == 2)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func leaseIsRenewedWhileItsHolderLives(_ shape: CacheUnderTest.Shape) async throws {
        let policy = try FetchPolicy(hardTimeout: .seconds(120), leaseDuration: .seconds(3))
        try await withCache(shape, .init(fetchPolicy: policy)) { subject in
            let gate = Gate()
            let first = Task {
                try await subject.cache.fetch(Self.key) {
                    try await gate.pass(); return 1
                }
            }
            try await subject.waitForSeats(1)
            try await subject.clock.waitForSleepers()
            for _ in 0..<60 {
                subject.clock.advance(by: .seconds(1))
                try await subject.clock.waitForSleepers()
            }
            // A minute later it still stands.
            let report = try await subject.memory.open("ns").report(on: StoreKey(version: 1, name: "k"))
            #expect(report.first?.holder != nil)
            gate.open()
            try await #expect(first.value == 1)
            try await #expect(subject.cache.get(Self.key) == 1, "stored under the lease")
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func waitForAnotherFillEndsAtTheHardTimeout(_ shape: CacheUnderTest.Shape) async throws {
        let policy = try FetchPolicy(hardTimeout: .seconds(3), leaseDuration: .seconds(60))
        try await withCache(shape) { subject in
            let space = subject.memory.open("ns")
            let request = LeaseRequest(token: .random(), duration: .seconds(60))
            let options = ReadOptions(lease: request, coder: subject.cache.coder(for: Int.self))
            let answer = try await space.read([StoreKey(version: 1, name: "k")], options)
            let other = Task { try await subject.other.fetch(Self.key, policy: policy) { 2 } }
            try await eventually("the other waits") { subject.other.flights.seatCount == 1 }
            try await self.advanceUntilDone([other], subject)
            await expectError(.fillTimedOut) { try await other.value }
            guard case .absent(.granted(let lease)) = answer[0] else { return }
            try await space.release([lease])
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func withinTheProcessOnlyTheOtherCacheFillsForItself(_ shape: CacheUnderTest.Shape) async throws {
        let policy = try FetchPolicy(scope: .process)
        try await withCache(shape) { subject in
            let gate = Gate()
            let first = Task {
                try await subject.cache.fetch(Self.key, policy: policy) {
                    try await gate.pass(); return 1
                }
            }
            try await subject.waitForSeats(1)
            try await #expect(subject.other.fetch(Self.key, policy: policy) { 2 } == 2)
            gate.open()
            try await #expect(first.value == 1)
            try await #expect(subject.cache.get(Self.key) == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func waitingCallsThatLeaveLeaveNothing(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let gate = Gate()
            let first = Task {
                try await subject.cache.fetch(Self.key) {
                    try await gate.pass(); return 1
                }
            }
            try await subject.waitForSeats(1)
            let others = (0..<10).map { _ in Task { try await subject.other.fetch(Self.key) { 2 } } }
            try await eventually("the others wait") { subject.other.flights.seatCount == 10 }
            for other in others { other.cancel() }
            for other in others { await #expect(throws: CancellationError.self) { _ = try await other.value } }
            try await eventually("the wait is over") { subject.other.flights.taskCount == 0 }
            #expect(subject.other.flights.count == 0)
            gate.open()
            try await #expect(first.value == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fillThatFetchesItsKeyThroughAnotherCacheFailsAtOnce(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            await expectError(.fillReentered) {
                try await subject.cache.fetch(Self.key) { try await subject.other.fetch(Self.key) { 1 } }
            }
        }
    }
}
