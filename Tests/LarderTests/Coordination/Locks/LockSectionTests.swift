import LarderTesting
import Logging
import Synchronization
import Testing

@testable import Larder

/// What becomes of sections whose lease is renewed, lost, taken away, or given back in vain.
@Suite(.timeLimit(.minutes(10))) struct LockSectionTests {
    private static let lease = Duration.seconds(30)
    private let clock = ManualClock()
    private let store: FaultyLockStore
    private let log = RecordingLog()
    private let locks: Locks

    init() {
        self.store = FaultyLockStore(MemoryLockStore(clock: CacheClock(self.clock)))
        self.locks = Locks(self.store, namespace: "ns", logger: self.log.logger())
    }

    /// Begins a section that ends when its gate is opened or it is cancelled.
    private func begin(_ gate: Gate, stubbornly: Bool = false) async throws -> Task<Int, any Error> {
        let task = Task {
            try await self.locks.withLock("k", lease: Self.lease) { _ in
                if stubbornly { await gate.passStubbornly() } else { try await gate.pass() }
                return 7
            }
        }
        try await eventually("the section has begun") { gate.arrivals > 0 }
        try await self.clock.waitForSleepers()
        return task
    }

    private func code(_ task: Task<Int, any Error>) async throws -> CacheError.Code {
        let error = await #expect(throws: CacheError.self) { _ = try await task.value }
        return try #require(error).code
    }

    private func expectNothingIsLeft() async throws {
        let counts = self.store.base.counts
        #expect(counts.locks == 0)
        #expect(counts.listeners == 0)
        #expect(self.locks.core.lines.count == 0)
        #expect(self.locks.core.timers.withLock(\.table.memberCount) == 0)
        // Who sleeps for leases may do so until the moment comes that it sleeps for.
        try await eventually("nobody else sleeps") {
            self.clock.sleeperCount == (self.locks.core.timers.withLock(\.table.isServed) ? 1 : 0)
        }
    }

    @Test func aSectionOfAnyLengthKeepsItsLock() async throws {
        let gate = Gate()
        let task = try await self.begin(gate)
        for round in 1...12 {
            self.clock.advance(by: Self.lease / 3)
            try await eventually("renewal \(round)") { self.store.calls(.renew) >= round }
            try await self.clock.waitForSleepers()
            try await #expect(self.locks.isLocked("k"))
        }
        gate.open()
        let value = try await task.value
        #expect(value == 7)
        try await self.expectNothingIsLeft()
    }

    @Test func aLeaseThatIsNotRenewedInTimeCancelsItsSection() async throws {
        // redisson/redisson#5698: nobody renewed for the time of a lease, and two held the lock without knowing.
        let gate = Gate()
        let task = try await self.begin(gate)
        self.clock.advance(by: Self.lease)
        let code = try await self.code(task)
        #expect(code == .lockLost)
        try await self.expectNothingIsLeft()
    }

    @Test(arguments: [FaultyLockStore.Fault.request, .silence])
    func aHolderThatIsCutOffIsCancelledBeforeAnyoneElseCanHoldTheLock(_ fault: FaultyLockStore.Fault) async throws {
        // redisson/redisson#3636: a holder that had lost its connection went on beside the next one.
        let cancelled = Noted<Duration?>(nil)
        let isOver = Noted(false)
        let gate = Gate()
        let task = Task {
            defer { isOver.withLock { $0 = true } }
            return try await self.locks.withLock("k", lease: Self.lease) { _ in
                defer { cancelled.withLock { $0 = self.clock.now.offset } }
                try await gate.pass()
                return 7
            }
        }
        try await eventually("the section has begun") { gate.arrivals > 0 }
        self.store.fail(.renew, fault)
        // A step at a time: what sleeps longer is a question without an answer.
        try await eventually("the call is over", advancing: self.clock, before: Self.lease) { isOver.value }
        let code = try await self.code(task)
        #expect(code == .lockLost)
        let moment = try #require(cancelled.value)
        #expect(moment < Self.lease, "cancelled before the lease ended in the store")
        try await self.expectNothingIsLeft()
    }

    @Test func renewalsThatFailForAWhileAreMadeUpFor() async throws {
        let gate = Gate()
        let task = try await self.begin(gate)
        self.store.fail(.renew, .reply)
        self.clock.advance(by: Self.lease / 3)
        try await eventually("a failure") { self.store.calls(.renew) >= 1 }
        self.store.fail(.renew, nil)
        while self.store.calls(.renew) < 6 {
            // Not as far as the lease's end, which is a sleeper too while an answer is waited for.
            if let next = self.clock.nextDeadline, self.clock.now.duration(to: next) <= Self.lease / 3 {
                self.clock.advance(to: next)
            }
            await Task.yield()
        }
        #expect(self.clock.now.offset > Self.lease)
        gate.open()
        let value = try await task.value
        #expect(value == 7)
    }

    @Test func aLockThatIsTakenAwayIsLostAtTheNextRenewal() async throws {
        let gate = Gate()
        let task = try await self.begin(gate)
        try await self.locks.forceRelease("k")
        try await self.locks.withLock("k", wait: .zero) { _ in }
        self.clock.advance(by: Self.lease / 3)
        let code = try await self.code(task)
        #expect(code == .lockLost)
        try await self.expectNothingIsLeft()
    }

    @Test func aSectionThatEndsAfterItsLockWasTakenAwaySaysSo() async throws {
        let gate = Gate()
        let task = try await self.begin(gate)
        try await self.locks.forceRelease("k")
        gate.open()
        let code = try await self.code(task)
        #expect(code == .lockLost)
    }

    @Test func theErrorOfASectionThatLostItsLockIsBeneath() async throws {
        struct Trouble: Error {}
        let error = await #expect(throws: CacheError.self) {
            try await self.locks.withLock("k") { _ in
                try await self.locks.forceRelease("k")
                throw Trouble()
            }
        }
        #expect(error?.code == .lockLost)
        #expect(error?.key == "k")
        #expect(error?.underlying is Trouble)
    }

    @Test func aSectionThatIgnoresItsCancellationIsStillTold() async throws {
        let gate = Gate()
        let task = try await self.begin(gate, stubbornly: true)
        self.clock.advance(by: Self.lease)
        gate.open()
        let code = try await self.code(task)
        #expect(code == .lockLost)
        try await self.expectNothingIsLeft()
    }

    @Test func nothingIsRenewedAfterTheSectionHasEnded() async throws {
        // redisson/redisson#7272: a renewal that outlives its unlock keeps the lock for ever.
        let gate = Gate()
        let task = try await self.begin(gate)
        self.store.fail(.renew, .silence)
        self.clock.advance(by: Self.lease / 3)
        try await eventually("a renewal is under way") { self.store.calls(.renew) == 1 }
        gate.open()
        let value = try await task.value
        #expect(value == 7)
        self.store.fail(.renew, nil)
        self.clock.advance(by: Self.lease * 3)
        #expect(self.store.calls(.renew) == 1)
        try await self.expectNothingIsLeft()
    }

    @Test func aReleaseThatFailsIsTriedAgainAndThenLogged() async throws {
        let gate = Gate()
        let task = try await self.begin(gate)
        self.store.fail(.release, .request)
        gate.open()
        try await eventually("something is logged", advancing: self.clock, before: .seconds(5)) {
            !self.log.lines.isEmpty
        }
        let value = try await task.value
        #expect(value == 7)
        #expect(self.store.calls(.release) > 3)
        #expect(self.log.lines.map(\.level) == [.warning])
        #expect(self.log.lines.first?.metadata["larder.lock"] == "k")
        // Its lease ends by itself.
        try await #expect(self.locks.isLocked("k"))
        self.clock.advance(by: Self.lease)
        try await #expect(!self.locks.isLocked("k"))
    }

    @Test func aReleaseWhoseAnswerIsLostIsNoLoss() async throws {
        let gate = Gate()
        let task = try await self.begin(gate)
        self.store.fail(.release, .reply)
        gate.open()
        try await eventually("a first release") { self.store.calls(.release) >= 1 }
        self.store.fail(.release, nil)
        // However many of its attempts had no answer before that: the next one needs the clock.
        let value = try await value(of: task, advancing: self.clock, before: .seconds(5))
        #expect(value == 7)
        #expect(self.store.calls(.release) >= 2)
        try await self.expectNothingIsLeft()
    }

    @Test func aReleaseThatIsRepeatedDoesNotHideALoss() async throws {
        let gate = Gate()
        let task = try await self.begin(gate)
        self.store.fail(.release, .request)
        gate.open()
        try await eventually("a first release") { self.store.calls(.release) >= 2 }
        // The next one gets the lock, and has it.
        try await self.locks.forceRelease("k")
        let next = LockRequest(LockResource(.lock, "k"), owner: .random(), lease: Self.lease)
        _ = try await self.store.base.open("ns").acquire(next)
        self.store.fail(.release, nil)
        let error = await #expect(throws: CacheError.self) {
            _ = try await value(of: task, advancing: self.clock, before: .seconds(2))
        }
        let code = try #require(error).code
        #expect(code == .lockLost)
        try await #expect(self.locks.isLocked("k"))
    }

    @Test func oneTaskSleepsForAllSections() async throws {
        let gate = Gate()
        let tasks = (0..<50).map { index in
            Task { try await self.locks.withLock("k\(index)", lease: Self.lease) { _ in try await gate.pass() } }
        }
        try await eventually("all sections have begun") {
            self.locks.core.timers.withLock(\.table.memberCount) == 50
        }
        try await eventually("one sleeps") { self.clock.sleeperCount == 1 }
        for round in 1...6 {
            self.clock.advance(by: Self.lease / 3)
            try await eventually("renewals \(round)") { self.store.calls(.renew) >= 50 * round }
            try await eventually("one sleeps again") { self.clock.sleeperCount == 1 }
        }
        gate.open()
        for task in tasks { try await task.value }
        // Each has at most one moment to be woken at, and what is idle is dropped.
        #expect(self.locks.core.timers.withLock(\.table.entryCount) <= 2 * 50 + 65)
        try await self.expectNothingIsLeft()
    }

    @Test func sectionsOfTasksThatSectionsLeaveBehindDoNotPileUp() async throws {
        let most = Noted(0)
        @Sendable func next(_ round: Int) async throws {
            if round == 200 { return }
            let left = try await self.locks.withLock("k\(round % 7)", wait: .seconds(60)) { _ in
                most.withLock { $0 = max($0, HeldLocks.sections.count) }
                return Task { try await next(round + 1) }
            }
            try await left.value
        }
        try await next(0)
        #expect(most.value >= 1 && most.value <= 3)
        try await self.expectNothingIsLeft()
    }

    @Test func aCallerThatIsCancelledCancelsItsSectionAndGivesTheLockBack() async throws {
        let task = try await self.begin(Gate())
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        try await self.expectNothingIsLeft()
    }

    @Test func theLeaseIsRenewedWhileACancelledSectionCleansUp() async throws {
        let (begun, cleaned) = (Gate(), Gate())
        let task = Task {
            try await self.locks.withLock("k", lease: Self.lease) { _ in
                do {
                    try await begun.pass()
                } catch {
                    await cleaned.passStubbornly()
                    throw error
                }
                return 7
            }
        }
        try await eventually("the section has begun") { begun.arrivals > 0 }
        task.cancel()
        try await eventually("the section cleans up") { cleaned.arrivals > 0 }
        for round in 1...6 {
            try await self.clock.waitForSleepers()
            self.clock.advance(by: Self.lease / 3)
            try await eventually("renewal \(round)") { self.store.calls(.renew) >= round }
        }
        try await #expect(self.locks.isLocked("k"))
        cleaned.open()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        try await self.expectNothingIsLeft()
    }

    @Test func aTaskThatASectionLeavesBehindMayAskForItsLock() async throws {
        let gate = Gate()
        let left = try await self.locks.withLock("k") { _ in
            Task {
                try await gate.pass()
                return try await self.locks.withLock("k") { _ in 8 }
            }
        }
        gate.open()
        let value = try await left.value
        #expect(value == 8)
    }
}
