import LarderTesting
import Testing

@testable import Larder

/// What becomes of fills under way when another server takes over that has forgotten the invalidation which cut them off,
/// and shows their leases as if nothing had been.
@Suite(.timeLimit(.minutes(10))) struct ServerMeetingTests {
    private static let key = CacheKey<Int>("k")

    /// A cache on a store that forgets, and what it takes to look inside.
    private struct Subject {
        let clock = ManualClock()
        let memory: MemoryStore
        let store: ForgetfulStore
        let cache: Cache

        init(_ policy: FetchPolicy = .standard) {
            let clock = CacheClock(self.clock)
            self.memory = MemoryStore(limit: .entries(100), clock: clock)
            self.store = ForgetfulStore(self.memory)
            self.cache = Cache(self.store, defaults: CacheDefaults(fetchPolicy: policy), clock: clock)
        }

        func expectNothingIsLeft() async throws {
            try await eventually("all tasks have ended") { self.cache.flights.taskCount == 0 }
            #expect(self.cache.flights.count == 0)
            #expect(self.memory.leases.standing == 0)
            #expect(self.clock.sleeperCount == 0)
        }
    }

    private func fetch(_ cache: Cache, _ value: Int, _ gate: Gate? = nil) -> Task<Int, any Error> {
        Task {
            try await cache.fetch(Self.key) {
                try await gate?.pass()
                return value
            }
        }
    }

    @Test func callerJoinsTheFlightOfTheSameMeeting() async throws {
        let subject = Subject()
        let gate = Gate()
        let first = self.fetch(subject.cache, 1, gate)
        try await eventually("the fill runs") { gate.arrivals == 1 }
        let second = self.fetch(subject.cache, 2)
        try await eventually("the second caller has joined") { subject.cache.flights.seatCount == 2 }
        gate.open()
        try await #expect(first.value == 1)
        try await #expect(second.value == 1)
        #expect(subject.cache.counters.fills == 1)
        try await subject.expectNothingIsLeft()
    }

    @Test func callersAfterTheTakeOverJoinNoFlightFromBeforeIt() async throws {
        let subject = Subject()
        let gate = Gate()
        let first = self.fetch(subject.cache, 1, gate)
        try await eventually("the fill runs") { gate.arrivals == 1 }
        subject.store.loseTrack()
        try await subject.cache.remove(Self.key)
        subject.store.takeOver()
        let later = (0..<5).map { _ in self.fetch(subject.cache, 2) }
        try await eventually("they wait") { subject.cache.flights.seatCount == 6 }
        #expect(subject.cache.flights.count == 2, "the old flight, and one for all who wait for its end")
        gate.open()
        try await #expect(first.value == 1, "who asked before gets it")
        for call in later { try await #expect(call.value == 2) }
        #expect(subject.cache.counters.fills == 2)
        try await #expect(subject.cache.get(Self.key) == 2)
        try await subject.expectNothingIsLeft()
    }

    @Test func fillForManyKeysIsCutOffFromThoseWhoComeAfter() async throws {
        let subject = Subject()
        let gate = Gate()
        let keys: [CacheKey<Int>] = ["k", "l"]
        let first = Task {
            try await subject.cache.fetchMany(keys) { missing in
                try await gate.pass()
                return Dictionary(uniqueKeysWithValues: missing.map { ($0, 1) })
            }
        }
        try await eventually("the fill runs") { gate.arrivals == 1 }
        subject.store.loseTrack()
        try await subject.cache.removeMany(keys)
        subject.store.takeOver()
        let later = Task {
            try await subject.cache.fetchMany(keys) { missing in
                Dictionary(uniqueKeysWithValues: missing.map { ($0, 2) })
            }
        }
        try await eventually("it waits") { subject.cache.flights.seatCount == 4 }
        gate.open()
        try await #expect(first.value == ["k": 1, "l": 1])
        try await #expect(later.value == ["k": 2, "l": 2])
        try await subject.expectNothingIsLeft()
    }

    @Test func callerWhoJoinedBeforeTheLeaseWasKnownLooksAgain() async throws {
        let subject = Subject()
        let answer = Gate()
        subject.store.holdNextGrant { try await answer.pass() }
        let first = self.fetch(subject.cache, 1)
        try await eventually("the lease is granted, its answer under way") { answer.arrivals == 1 }
        subject.store.loseTrack()
        try await subject.cache.remove(Self.key)
        subject.store.takeOver()
        let second = self.fetch(subject.cache, 2)
        try await eventually("it has joined") { subject.cache.flights.seatCount == 2 }
        #expect(subject.cache.flights.count == 1)
        answer.open()
        try await #expect(first.value == 1)
        try await #expect(second.value == 2)
        try await #expect(subject.cache.get(Self.key) == 2)
        try await subject.expectNothingIsLeft()
    }

    @Test func callersNeedNotWaitLongerThanTheOldLeaseStands() async throws {
        let subject = Subject(try FetchPolicy(hardTimeout: .seconds(120), leaseDuration: .seconds(3)))
        let gate = Gate()
        let first = self.fetch(subject.cache, 1, gate)
        try await eventually("the fill runs") { gate.arrivals == 1 }
        subject.store.loseTrack()
        try await subject.cache.remove(Self.key)
        subject.store.takeOver()
        let second = self.fetch(subject.cache, 2)
        try await eventually("it waits") { subject.cache.flights.seatCount == 2 }
        // The first fill goes on; its renewals are refused, so the lease runs out.
        try await eventually("the second fill has been stored") {
            subject.clock.advance(by: .milliseconds(100))
            return subject.memory.entries.count == 1
        }
        try await #expect(second.value == 2)
        gate.open()
        try await #expect(first.value == 1)
        try await #expect(subject.cache.get(Self.key) == 2, "the old fill is not stored over the new one")
        try await subject.expectNothingIsLeft()
    }

    @Test func withinTheProcessNobodyWaitsForTheOldFlight() async throws {
        let subject = Subject(try FetchPolicy(scope: .process))
        let gate = Gate()
        let first = self.fetch(subject.cache, 1, gate)
        try await eventually("the fill runs") { gate.arrivals == 1 }
        subject.store.loseTrack()
        try await subject.cache.remove(Self.key)
        subject.store.takeOver()
        try await #expect(self.fetch(subject.cache, 2).value == 2)
        gate.open()
        try await #expect(first.value == 1)
        try await #expect(subject.cache.get(Self.key) == nil, "neither had a lease that stands")
        try await subject.expectNothingIsLeft()
    }

    @Test func leaseFromBeforeTheTakeOverIsNotRedeemed() async throws {
        let subject = Subject()
        guard case .granted(let lease) = try await subject.cache.getOrLease(Self.key) else {
            Issue.record("the lease is free")
            return
        }
        subject.store.takeOver()
        try await #expect(!subject.cache.set(under: lease, to: 1))
        try await #expect(subject.cache.get(Self.key) == nil)
        try await subject.expectNothingIsLeft()
    }

    @Test func landingIsCutOffFromAnyOtherMeeting() {
        var tags = FillTags()
        #expect(!tags.isCutOff(fromCallerUnder: 1), "the store was not asked")
        tags.meeting = 1
        #expect(!tags.isCutOff(fromCallerUnder: nil))
        #expect(!tags.isCutOff(fromCallerUnder: 1))
        #expect(tags.isCutOff(fromCallerUnder: 2))
        #expect(tags.isCutOff(fromCallerUnder: 0))
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func storesInMemoryMeetNobody(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            guard case .granted(let lease) = try await subject.cache.getOrLease(Self.key) else {
                Issue.record("the lease is free")
                return
            }
            #expect(lease.lease.meeting == 0)
            try await subject.cache.giveBack(lease)
        }
    }
}
