import LarderTesting
import Testing

@testable import Larder

@Suite(.timeLimit(.minutes(10))) struct MemoryStreamTests {
    private let clock = ManualClock()
    private let store: MemoryCollections
    private let collections: Collections

    init() {
        self.store = MemoryCollections(clock: CacheClock(self.clock))
        self.collections = Collections(self.store, namespace: "shop")
    }

    @Test func idsAreTheTimeOfDayAndMoveWithTheStoresClock() async throws {
        let stream = self.collections.stream("s", of: Int.self)
        let first = try await stream.append(1)
        let now = UInt64(WallClock.now / 1_000_000)
        #expect(first.milliseconds <= now && first.milliseconds > now - 60_000)
        self.clock.advance(by: .seconds(5))
        let second = try await stream.append(2)
        #expect(second.milliseconds - first.milliseconds == 5_000)
    }

    @Test func messagesOlderThanTheLimitAreDroppedWithTheNextAppend() async throws {
        let stream = self.collections.stream("s", of: Int.self, limit: .age(.seconds(60)))
        try await stream.append(1)
        self.clock.advance(by: .seconds(30))
        try await stream.append(2)
        self.clock.advance(by: .milliseconds(30_001))
        let before = try await stream.count()
        try await stream.append(3)
        let left = try await stream.range().map { try $0.element }
        #expect(before == 2)
        #expect(left == [2, 3])
    }

    @Test func aWaitEndsWithItsTimeByTheStoresClock() async throws {
        let stream = self.collections.stream("s", of: Int.self)
        async let waiting = stream.group("g").read(as: "c", waitingAtMost: .seconds(60))
        // Only a task that sleeps until its deadline can be woken by the clock.
        try await self.clock.waitForSleepers(1)
        self.clock.advance(by: .seconds(60))
        let found = try await waiting
        #expect(found.isEmpty)
        #expect(self.clock.now.offset == .seconds(60))
    }

    @Test func onlyWhatWasLeftAloneForLongEnoughIsTakenOver() async throws {
        let stream = self.collections.stream("s", of: Int.self)
        let group = stream.group("g")
        let ids = try await stream.append(contentsOf: 0..<2)
        _ = try await group.read(as: "dead", limit: 1)
        self.clock.advance(by: .seconds(30))
        _ = try await group.read(as: "dead", limit: 1)
        self.clock.advance(by: .seconds(30))
        let idle = try await group.pending(limit: 9).map(\.idle)
        #expect(idle == [.seconds(60), .seconds(30)])
        let old = try await group.pending(limit: 9, idleFor: .seconds(60)).map(\.id)
        #expect(old == [ids[0]])
        let claim = try await group.claim(idleFor: .seconds(60), as: "heir")
        #expect(claim.messages.map(\.id) == [ids[0]])
        #expect(claim.position == nil)
        let consumers = try await group.consumers()
        let expected = [
            StreamConsumer(name: "dead", pending: 1, idle: .seconds(30)),
            StreamConsumer(name: "heir", pending: 1, idle: .zero),
        ]
        #expect(consumers == expected)
    }

    @Test func aLoopTakesOverWhatOthersLeaveWhileItWaits() async throws {
        let stream = self.collections.stream("s", of: Int.self)
        let group = stream.group("g")
        try await stream.append(7)
        _ = try await group.read(as: "dead")
        let clock = self.clock
        let found = try await withThrowingTaskGroup(of: Int?.self) { tasks in
            tasks.addTask {
                for try await message in group.messages(as: "heir", claimingAfter: .seconds(60)) {
                    return try message.element
                }
                return nil
            }
            for _ in 0..<2 {
                try await clock.waitForSleepers(1)
                clock.advance(by: .seconds(30))
            }
            return try await tasks.next() ?? nil
        }
        #expect(found == 7)
    }

    @Test func countsOfElementsDoNotDependOnTheProcessesOrder() async throws {
        let count = self.collections.distinctCount("c", of: [UInt8].self)
        try await count.add(contentsOf: [[], [0], [0, 0], [1]])
        let found = try await count.count()
        #expect(found == 4)
    }
}
