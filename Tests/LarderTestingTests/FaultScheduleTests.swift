import Larder
import LarderTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct FaultScheduleTests {
    private let store = FaultyStore(.memory(entries: 1_000))

    private var cache: Cache { Cache(self.store, namespace: "ns", defaults: .init(failurePolicy: .throwing)) }

    private func key(_ number: Int) -> CacheKey<Int> { CacheKey<Int>("k\(number)") }

    /// What became of a hundred reads and writes.
    private func history(_ seed: UInt64) async throws -> [String] {
        let store = FaultyStore(.memory(entries: 1_000))
        let cache = Cache(store, namespace: "ns", defaults: .init(failurePolicy: .throwing))
        store.follow(FaultSchedule(seed: seed, errors: 0.1, lostAnswers: 0.1, lostWrites: 0.1, evictions: 0.1))
        var history: [String] = []
        for number in 0..<100 {
            do {
                try await cache.set(self.key(number % 10), to: number)
                history.append("set")
            } catch {
                history.append("not set")
            }
            do {
                history.append("\(try await cache.get(self.key(number % 7)) ?? -1)")
            } catch {
                history.append("not got")
            }
        }
        return history
    }

    @Test func sameSeedBringsTheSameFaultsAndAnotherBringsOthers() async throws {
        let first = try await self.history(7)
        try await #expect(self.history(7) == first)
        try await #expect(self.history(8) != first)
        #expect(first.contains("not set"))
        #expect(first.contains("not got"))
    }

    @Test func faultsAreAsLikelyAsTheScheduleSays() {
        let schedule = FaultSchedule(seed: 1, delays: 0.5, errors: 0.1, lostWrites: 0.2, evictions: 1)
        var counts: [FaultSchedule.Fault: Int] = [:]
        for call in 0..<10_000 {
            for fault in schedule.faults(of: .write, call: call) { counts[fault, default: 0] += 1 }
        }
        #expect((4_700...5_300).contains(counts[.delay] ?? 0))
        #expect((850...1_150).contains(counts[.error] ?? 0))
        #expect((1_800...2_200).contains(counts[.lostWrite] ?? 0))
        #expect(counts[.eviction] == 10_000)
        #expect(counts[.hang] == nil)
        #expect(counts[.lostAnswer] == nil)
    }

    @Test func onlyWritesGetLost() {
        let schedule = FaultSchedule(seed: 1, lostWrites: 1)
        for operation in FaultyStore.Operation.allCases {
            let expected: Set<FaultSchedule.Fault> = operation == .write ? [.lostWrite] : []
            #expect(schedule.faults(of: operation, call: 3) == expected)
        }
    }

    @Test func anotherKindOfFaultLeavesTheOthersAsTheyWere() {
        let few = FaultSchedule(seed: 5, errors: 0.2)
        let many = FaultSchedule(seed: 5, delays: 0.7, errors: 0.2, hangs: 0.3, evictions: 0.5)
        for call in 0..<1_000 {
            let isFailing = many.faults(of: .read, call: call).contains(.error)
            #expect(few.faults(of: .read, call: call).contains(.error) == isFailing)
        }
    }

    @Test func errorDoesNothingAndLostAnswerEverything() async throws {
        let cache = self.cache
        try await cache.set(self.key(1), to: 1)
        self.store.follow(FaultSchedule(seed: 1, errors: 1))
        let error = await #expect(throws: CacheError.self) { try await cache.remove(self.key(1)) }
        #expect(error?.code == .unavailable)
        self.store.follow(nil)
        try await #expect(cache.get(self.key(1)) == 1)
        self.store.follow(FaultSchedule(seed: 1, lostAnswers: 1))
        let lost = await #expect(throws: CacheError.self) { try await cache.remove(self.key(1)) }
        #expect(lost?.code == .unavailable)
        self.store.follow(nil)
        try await #expect(cache.get(self.key(1)) == nil)
        #expect(self.store.faults == [.error: 1, .lostAnswer: 1])
    }

    @Test func lostWriteSaysThatItHasWritten() async throws {
        let cache = self.cache
        try await cache.set(self.key(1), to: 1)
        self.store.follow(FaultSchedule(seed: 1, lostWrites: 1))
        try await cache.set(self.key(1), to: 2)
        try await #expect(cache.add(self.key(2), 2))
        self.store.follow(nil)
        try await #expect(cache.get(self.key(1)) == 1)
        try await #expect(cache.get(self.key(2)) == nil)
        #expect(self.store.faults == [.lostWrite: 2])
    }

    @Test func evictionTakesEntriesThatWereWrittenUntilNoneIsLeft() async throws {
        let cache = self.cache
        for number in 0..<5 { try await cache.set(self.key(number), to: number) }
        let reader = Cache(self.store, namespace: "other")
        self.store.follow(FaultSchedule(seed: 1, evictions: 1))
        for left in (0..<5).reversed() {
            try await #expect(reader.entryCount() == 0)
            self.store.follow(nil)
            try await #expect(cache.entryCount() == left)
            self.store.follow(FaultSchedule(seed: 1, evictions: 1))
        }
        try await #expect(reader.entryCount() == 0)
        #expect(self.store.faults == [.eviction: 5])
    }

    @Test func delayedCallWaitsOnTheClockOfTheSchedule() async throws {
        let clock = ManualClock()
        let cache = self.cache
        try await cache.set(self.key(1), to: 1)
        let schedule = FaultSchedule(seed: 1, delays: 1, longestDelay: .seconds(5), clock: CacheClock(clock))
        self.store.follow(schedule)
        let read = Task { [key = self.key(1)] in try await cache.get(key) }
        try await clock.waitForSleepers()
        let deadline = try #require(clock.nextDeadline)
        #expect(deadline.offset > .zero)
        #expect(deadline.offset < .seconds(5))
        clock.advance(to: deadline)
        try await #expect(read.value == 1)
    }

    @Test func hangingCallGoesOnWhenTheStoreRecoversOrItsTaskIsCancelled() async throws {
        let cache = self.cache
        try await cache.set(self.key(1), to: 1)
        self.store.follow(FaultSchedule(seed: 1, hangs: 1))
        let read = Task { [key = self.key(1)] in try await cache.get(key) }
        while self.store.hangingCalls == 0 { await Task.yield() }
        self.store.recover()
        try await #expect(read.value == 1)
        let cancelled = Task { [key = self.key(1)] in try await cache.get(key) }
        while self.store.hangingCalls == 0 { await Task.yield() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { _ = try await cancelled.value }
        #expect(self.store.faults == [.hang: 2])
    }
}
