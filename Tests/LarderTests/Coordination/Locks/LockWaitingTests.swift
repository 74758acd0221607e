import LarderTesting
import Synchronization
import Testing

@testable import Larder

/// Who waits for a lock, in which order, for how long, and what that costs the store.
@Suite(.timeLimit(.minutes(10))) struct LockWaitingTests {
    private let clock = ManualClock()
    private let store: FaultyLockStore
    private let locks: Locks
    private let lock = LockResource(.lock, "k")

    init() {
        self.store = FaultyLockStore(MemoryLockStore(clock: CacheClock(self.clock)))
        self.locks = Locks(self.store, namespace: "ns")
    }

    private func take(lease: Duration = .seconds(30)) async throws -> LockOwner {
        let owner = LockOwner.random()
        let answer = try await self.store.open("ns").acquire(LockRequest(self.lock, owner: owner, lease: lease))
        guard case .granted = answer else { throw NeverHappened(what: "a grant") }
        return owner
    }

    private func wait(
        _ wait: Duration,
        _ body: @escaping @Sendable () -> Void = {}
    ) async throws -> Task<Void, any Error> {
        let before = self.locks.core.lines.count(for: self.lock)
        let task = Task { try await self.locks.withLock("k", wait: wait) { _ in body() } }
        try await eventually("one more waits") { self.locks.core.lines.count(for: self.lock) == before + 1 }
        return task
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

    @Test func whoComesFirstIsServedFirst() async throws {
        let owner = try await self.take()
        let order = Noted<[Int]>([])
        var tasks: [Task<Void, any Error>] = []
        for index in 0..<20 {
            tasks.append(try await self.wait(.seconds(60)) { order.withLock { $0.append(index) } })
        }
        _ = try await self.store.release(self.lock, owner: owner)
        for task in tasks { try await task.value }
        #expect(order.value == Array(0..<20))
        try await self.expectNothingIsLeft()
    }

    @Test func onlyTheFirstAsksAndOnlyWhenThereIsNews() async throws {
        let owner = try await self.take()
        var tasks: [Task<Void, any Error>] = []
        for _ in 0..<50 { tasks.append(try await self.wait(.seconds(3600))) }
        // The lock's own, the first one's question, and its second look after it began to listen.
        try await eventually("the first listens") { self.store.calls(.acquire) == 3 }
        #expect(self.store.base.counts.listeners == 1)
        for _ in 0..<10 {
            _ = try await self.store.renew(self.lock, owner: owner, lease: .seconds(30))
            self.clock.advance(by: .seconds(1))
        }
        #expect(self.store.calls(.acquire) == 3)
        for task in tasks { task.cancel() }
        for task in tasks { await #expect(throws: CancellationError.self) { try await task.value } }
        _ = try await self.store.release(self.lock, owner: owner)
        try await self.expectNothingIsLeft()
    }

    @Test func aLockWhoseHolderIsGoneIsTakenWhenItsLeaseEnds() async throws {
        _ = try await self.take(lease: .seconds(30))
        let task = try await self.wait(.seconds(60))
        // Its timer is the lease's end and a millisecond; nothing wakes it before.
        try await eventually("the first waits for the lease's end") {
            self.clock.nextDeadline?.offset == .seconds(30) + .milliseconds(1)
        }
        self.clock.advance(by: .milliseconds(30_001))
        try await task.value
        #expect(self.store.calls(.acquire) <= 4)
        try await self.expectNothingIsLeft()
    }

    @Test func waitsEndInTime() async throws {
        let owner = try await self.take(lease: .seconds(3600))
        let first = try await self.wait(.seconds(10))
        let second = try await self.wait(.seconds(5))
        try await eventually("both wait") { self.clock.sleeperCount >= 2 }
        self.clock.advance(by: .seconds(5))
        var error = await #expect(throws: CacheError.self) { try await second.value }
        #expect(error?.code == .lockNotAcquired)
        #expect(error?.key == "k")
        #expect(error?.canRetry == true)
        self.clock.advance(by: .seconds(5))
        error = await #expect(throws: CacheError.self) { try await first.value }
        #expect(error?.code == .lockNotAcquired)
        _ = try await self.store.release(self.lock, owner: owner)
        try await self.expectNothingIsLeft()
    }

    @Test func whoeverLeavesTheLineHoldsNobodyUp() async throws {
        let owner = try await self.take()
        let order = Noted<[Int]>([])
        var tasks: [Task<Void, any Error>] = []
        for index in 0..<9 {
            tasks.append(try await self.wait(.seconds(60)) { order.withLock { $0.append(index) } })
        }
        for index in [0, 4, 8] {
            tasks[index].cancel()
            await #expect(throws: CancellationError.self) { try await tasks[index].value }
        }
        _ = try await self.store.release(self.lock, owner: owner)
        for index in [1, 2, 3, 5, 6, 7] { try await tasks[index].value }
        #expect(order.value == [1, 2, 3, 5, 6, 7])
        try await self.expectNothingIsLeft()
    }

    @Test func aGrantWhoseAnswerIsLostIsFoundAgain() async throws {
        self.store.fail(.acquire, .reply)
        let task = try await self.wait(.seconds(10))
        try await eventually("a lost answer") { self.store.calls(.acquire) >= 1 }
        self.store.fail(.acquire, nil)
        try await eventually("nobody waits for the lock any more", advancing: self.clock, before: .seconds(5)) {
            self.locks.core.lines.count == 0
        }
        try await task.value
        try await self.expectNothingIsLeft()
    }

    @Test func aGrantWhoseAnswerIsLostIsGivenBackByWhoDoesNotWait() async throws {
        self.store.fail(.acquire, .reply)
        let error = await #expect(throws: CacheError.self) { try await self.locks.withLock("k", wait: .zero) { _ in } }
        #expect(error?.code == .unavailable)
        try await self.expectNothingIsLeft()
    }

    @Test func aStoreThatStaysAwayIsNamedWhenTheWaitEnds() async throws {
        self.store.fail(.acquire, .request)
        let task = try await self.wait(.seconds(1))
        try await eventually("nobody waits for the lock any more", advancing: self.clock) {
            self.locks.core.lines.count == 0
        }
        let error = await #expect(throws: CacheError.self) { try await task.value }
        #expect(error?.code == .unavailable)
        #expect(self.clock.now.offset >= .seconds(1))
        // Asked about every 40 ms, and not all the time.
        #expect(self.store.calls(.acquire) < 60)
        try await self.expectNothingIsLeft()
    }

    @Test func afterAnOutageTheFirstListensAgain() async throws {
        let owner = try await self.take(lease: .seconds(3600))
        self.store.fail(.acquire, .request)
        let task = try await self.wait(.seconds(600))
        try await eventually("five seconds have passed", advancing: self.clock, before: .seconds(10)) {
            self.clock.now.offset >= .seconds(5)
        }
        let calls = self.store.calls(.acquire)
        #expect(calls < 60, "pauses grow up to a quarter of a second")
        self.store.fail(.acquire, nil)
        try await eventually("somebody listens", advancing: self.clock, before: .seconds(10)) {
            self.store.base.counts.listeners != 0
        }
        // One that was under way, the first answer, and the look after it began to listen.
        try await eventually("it has looked again") { self.clock.nextDeadline?.offset ?? .zero >= .seconds(600) }
        #expect(self.store.calls(.acquire) <= calls + 3)
        _ = try await self.store.release(self.lock, owner: owner)
        try await task.value
        try await self.expectNothingIsLeft()
    }

    @Test func whoGivesUpWithAQuestionUnansweredTellsTheStore() async throws {
        let owner = try await self.take(lease: .seconds(3600))
        self.store.fail(.acquire, .request)
        let task = try await self.wait(.seconds(10))
        try await eventually("a question without an answer") { self.store.calls(.acquire) > 1 }
        self.store.fail(.acquire, nil)
        try await eventually("nobody waits for the lock any more", advancing: self.clock) {
            self.locks.core.lines.count == 0
        }
        let error = await #expect(throws: CacheError.self) { try await task.value }
        #expect(error?.code == .lockNotAcquired)
        #expect(self.store.calls(.abandon) == 1)
        _ = try await self.store.release(self.lock, owner: owner)
        try await self.expectNothingIsLeft()
    }

    @Test func givingUpIsTriedAgainForASecond() async throws {
        self.store.fail(.acquire, .reply)
        self.store.fail(.abandon, .request)
        let isOver = Noted(false)
        let task = Task {
            defer { isOver.withLock { $0 = true } }
            try await self.locks.withLock("k", wait: .zero) { _ in }
        }
        try await eventually("the call is over", advancing: self.clock) { isOver.value }
        let error = await #expect(throws: CacheError.self) { try await task.value }
        #expect(error?.code == .unavailable)
        #expect(self.store.calls(.abandon) > 3)
        #expect(self.clock.now.offset <= .seconds(1))
    }

    @Test func whereNothingIsToldTheFirstAsksWithGrowingPauses() async throws {
        let store = FaultyLockStore(MemoryLockStore(clock: CacheClock(self.clock)), canTell: false)
        let locks = Locks(store, namespace: "ns")
        let owner = LockOwner.random()
        _ = try await store.acquire(LockRequest(self.lock, owner: owner, lease: .seconds(3600)))
        let task = Task { try await locks.withLock("k", wait: .seconds(60)) { _ in } }
        var pauses: [Duration] = []
        while pauses.count < 100 {
            // The pause is over, the next has not begun: its sleeper is the only one there is.
            try await self.clock.waitForSleepers()
            guard let next = self.clock.nextDeadline else { continue }
            pauses.append(self.clock.now.duration(to: next))
            let calls = store.calls(.acquire)
            self.clock.advance(to: next)
            try await eventually("it asks again") { store.calls(.acquire) > calls }
        }
        #expect(pauses[0] <= .milliseconds(2))
        #expect(pauses.allSatisfy { $0 <= .milliseconds(50) })
        #expect(pauses.suffix(50).allSatisfy { $0 >= .milliseconds(25) })
        #expect(Set(pauses.suffix(50)).count > 25)
        _ = try await store.release(self.lock, owner: owner)
        try await eventually("nobody waits for the lock any more", advancing: self.clock, before: .seconds(60)) {
            locks.core.lines.count == 0
        }
        try await task.value
    }

    @Test func whatNobodyHoldsTakesNoMemory() async throws {
        for index in 0..<300 { try await self.locks.withLock("k\(index)") { _ in } }
        #expect(self.store.base.counts.locks == 0)
        // Holders that never come back are forgotten when others come.
        let space = self.store.open("ns")
        for index in 0..<5_000 {
            let request = LockRequest(LockResource(.lock, "k\(index)"), owner: .random(), lease: .milliseconds(10))
            _ = try await space.acquire(request)
            self.clock.advance(by: .milliseconds(1))
        }
        #expect(self.store.base.counts.locks <= 64)
    }
}
