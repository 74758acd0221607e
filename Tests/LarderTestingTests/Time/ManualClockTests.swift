import Larder
import LarderTesting
import Testing

@Suite("ManualClock", .timeLimit(.minutes(1)))
struct ManualClockTests {
    @Test func timeStandsStillUntilItIsMoved() {
        let clock = ManualClock()
        #expect(clock.now.offset == .zero)
        clock.advance(by: .seconds(3))
        #expect(clock.now.offset == .seconds(3))
        clock.advance(to: .init(offset: .seconds(10)))
        #expect(clock.now.offset == .seconds(10))
        clock.advance(to: .init(offset: .seconds(5)))
        #expect(clock.now.offset == .seconds(10))
    }

    @Test func durationToALaterInstantIsPositive() {
        let early = ManualClock.Instant(offset: .seconds(1))
        let late = ManualClock.Instant(offset: .seconds(4))
        #expect(early.duration(to: late) == .seconds(3))
        #expect(late.duration(to: early) == .seconds(-3))
        #expect(early.advanced(by: early.duration(to: late)) == late)
        #expect(early < late)
    }

    @Test func measureSeesExactlyTheTimeThatWasAdvanced() {
        let clock = ManualClock()
        let elapsed = clock.measure { clock.advance(by: .milliseconds(250)) }
        #expect(elapsed == .milliseconds(250))
    }

    @Test func sleepUntilThePastReturnsAtOnce() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(1))
        try await clock.sleep(until: .init(offset: .seconds(1)))
        try await clock.sleep(until: .init(offset: .zero))
        #expect(clock.sleeperCount == 0)
    }

    @Test func sleeperWakesOnlyWhenItsDeadlineIsReached() async throws {
        let clock = ManualClock()
        let task = Task { try await clock.sleep(for: .seconds(2)) }
        try await clock.waitForSleepers()
        #expect(clock.nextDeadline?.offset == .seconds(2))
        clock.advance(by: .milliseconds(1_999))
        #expect(clock.sleeperCount == 1)
        clock.advance(by: .milliseconds(1))
        #expect(clock.sleeperCount == 0)
        #expect(clock.nextDeadline == nil)
        try await task.value
    }

    @Test func sleepersAreWokenByDeadlineWhateverTheOrderOfTheirArrival() async throws {
        let clock = ManualClock()
        var tasks: [Task<Void, any Error>] = []
        for (arrival, seconds) in [3, 1, 2, 1].enumerated() {
            tasks.append(Task { try await clock.sleep(for: .seconds(seconds)) })
            try await clock.waitForSleepers(arrival + 1)
        }
        // Each step wakes those who are due and nobody else.
        for (due, left) in [([1, 3], 2), ([2], 1), ([0], 0)] {
            clock.advance(by: .seconds(1))
            for arrival in due { try await tasks[arrival].value }
            #expect(clock.sleeperCount == left)
        }
    }

    @Test func cancelledSleeperThrowsAtOnceAndLeavesTheClock() async throws {
        let clock = ManualClock()
        let task = Task { try await clock.sleep(for: .seconds(100)) }
        try await clock.waitForSleepers()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.sleeperCount == 0)
        #expect(clock.now.offset == .zero)
    }

    @Test func sleepInACancelledTaskThrowsEvenForThePast() async {
        let clock = ManualClock()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await clock.sleep(until: clock.now)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func waitForSleepersWaitsForAllOfThem() async throws {
        let clock = ManualClock()
        let waiter = Task { try await clock.waitForSleepers(2) }
        let first = Task { try await clock.sleep(for: .seconds(1)) }
        try await clock.waitForSleepers(1)
        let second = Task { try await clock.sleep(for: .seconds(1)) }
        try await waiter.value
        #expect(clock.sleeperCount == 2)
        clock.advance(by: .seconds(1))
        try await first.value
        try await second.value
    }

    @Test func cancelledWaitForSleepersThrows() async {
        let clock = ManualClock()
        let waiter = Task { try await clock.waitForSleepers() }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
    }

    @Test func manySleepersAndCancellationsLeaveNothingBehind() async throws {
        let clock = ManualClock()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<1_000 {
                group.addTask { try await clock.sleep(for: .milliseconds(index % 50 + 1)) }
            }
            try await clock.waitForSleepers(1_000)
            for _ in 0..<25 { clock.advance(by: .milliseconds(1)) }
            #expect(clock.sleeperCount == 500)
            group.cancelAll()
            var cancelled = 0
            while let result = await group.nextResult() {
                if case .failure = result { cancelled += 1 }
            }
            #expect(cancelled >= 500)
        }
        #expect(clock.sleeperCount == 0)
    }

    @Test func drivesACacheClock() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(7))
        let cacheClock = CacheClock(clock)
        let start = cacheClock.now
        let task = Task { try await cacheClock.sleep(until: start.advanced(by: .seconds(1))) }
        try await clock.waitForSleepers()
        clock.advance(by: .seconds(1))
        try await task.value
        #expect(start.duration(to: cacheClock.now) == .seconds(1))
        #expect(cacheClock.hasPassed(start.advanced(by: .seconds(1))))
    }
}
