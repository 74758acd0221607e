import LarderTesting
import Logging
import Testing

@testable import Larder

@Suite(.timeLimit(.minutes(10))) struct QueueLinesTests {
    private let clock = ManualClock()
    private let collections: Collections

    init() {
        self.collections = Collections(.memory(clock: CacheClock(self.clock)), namespace: "ns")
    }

    @Test func waitEndsWithItsTime() async throws {
        let queue = self.collections.queue("q", of: Int.self)
        async let element = queue.pop(waitingAtMost: .seconds(30))
        // One that waits, and one that fetches for it.
        try await self.clock.waitForSleepers(2)
        self.clock.advance(by: .seconds(30))
        #expect(try await element == nil)
    }

    @Test func waitersOfAProcessAreServedInTheOrderOfTheirComing() async throws {
        let queue = self.collections.queue("q", of: Int.self)
        let lines = self.collections.lines
        try await withThrowingTaskGroup(of: (Int, Int?).self) { group in
            for index in 0..<50 {
                group.addTask { (index, try await queue.pop(waitingAtMost: .seconds(30))) }
                try await eventually("the next one waits") { lines.waiterCount > index }
            }
            for index in 0..<50 { try await queue.push(index) }
            for try await (index, element) in group { #expect(element == index) }
        }
        #expect(lines.waiterCount == 0)
    }

    @Test func whoFetchesEndsSoonAfterTheLastWaiter() async throws {
        let queue = self.collections.queue("q", of: Int.self)
        let waiting = Task { try await queue.pop(waitingAtMost: .seconds(30)) }
        try await self.clock.waitForSleepers(2)
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        self.clock.advance(by: .seconds(1))
        try await eventually("nobody fetches any more") { self.collections.lines.isIdle }
        #expect(self.clock.sleeperCount == 0)
    }

    @Test func whoDoesNotWaitFindsWhatIsThereWhoeverWaitedBefore() async throws {
        let queue = self.collections.queue("q", of: Int.self)
        let waiting = Task { try await queue.pop(waitingAtMost: .seconds(30)) }
        try await self.clock.waitForSleepers(2)
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        // Who fetched for it has not looked since.
        let isIdle = self.collections.lines.isIdle
        #expect(!isIdle)
        try await queue.push(1)
        try await queue.push(2)
        let first = try await queue.pop()
        let second = try await queue.pop(waitingAtMost: .seconds(1))
        #expect([first, second].compactMap(\.self).sorted() == [1, 2])
    }

    private static let request = QueueLines.Request(
        key: CollectionKey("ns", .queue, "q"),
        reservation: nil,
        lifetime: .unlimited
    )

    private static func push(_ elements: [UInt8], to store: HeldQueues) async throws {
        _ = try await store.enqueue(elements.map { [$0] }, to: Self.request.key, limit: nil, .unlimited)
    }

    @Test func elementThatComesTooLateForAllGoesBackToTheFront() async throws {
        let store = HeldQueues()
        let lines = QueueLines(store, logger: Logger(label: "test"))
        let waiting = Task { try await lines.take(Self.request, waitingAtMost: .seconds(100)) }
        try await eventually("somebody waits") { lines.waiterCount != 0 }
        // The element is on its way to the one who waits, who leaves.
        store.hold()
        try await Self.push([1, 2], to: store)
        try await store.untilHeld()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(try await store.peek(Self.request.key, atMost: 9) == [[2]])
        store.release()
        try await eventually("both are put back") { try await store.counts(of: Self.request.key).waiting == 2 }
        #expect(try await store.peek(Self.request.key, atMost: 9) == [[1], [2]])
    }

    @Test func elementThatWasTakenIsReturnedToACallerThatWasCancelledMeanwhile() async throws {
        let store = HeldQueues()
        let lines = QueueLines(store, logger: Logger(label: "test"))
        try await Self.push([1], to: store)
        store.hold()
        let popping = Task { try await lines.take(Self.request, waitingAtMost: .zero) }
        try await store.untilHeld()
        popping.cancel()
        store.release()
        #expect(try await popping.value?.element == [1])
    }

    @Test func failureOfTheStoreReachesAllWhoWait() async throws {
        let store = HeldQueues()
        let lines = QueueLines(store, logger: Logger(label: "test"))
        let waiting = (0..<3).map { _ in
            Task { try await lines.take(Self.request, waitingAtMost: .seconds(100)) }
        }
        try await eventually("three wait") { lines.waiterCount >= 3 }
        store.fail()
        try await Self.push([1], to: store)
        for task in waiting {
            let error = await #expect(throws: CacheError.self) { try await task.value }
            #expect(error?.code == .unavailable)
        }
        #expect(lines.isIdle)
    }

    @Test func elementsThatCannotBePutBackAreLogged() async throws {
        let log = RecordingLog()
        let store = HeldQueues()
        let lines = QueueLines(store, logger: log.logger())
        let waiting = Task { try await lines.take(Self.request, waitingAtMost: .seconds(100)) }
        try await eventually("somebody waits") { lines.waiterCount != 0 }
        store.hold()
        store.failToPutBack()
        try await Self.push([1], to: store)
        try await store.untilHeld()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        store.release()
        try await eventually("something is logged") { !log.lines.isEmpty }
        #expect(log.lines.map(\.level) == [.warning])
        #expect(log.lines.first?.metadata["larder.collection"] == "@ns:queue:q")
        #expect(log.lines.first?.metadata["larder.elements"] == "1")
        try await Self.push([2], to: store)
        let next = try await lines.take(Self.request, waitingAtMost: .seconds(100))
        #expect(next?.element == [2])
    }

    @Test func whoCouldNotListenTriesAgain() async throws {
        let clock = ManualClock()
        let store = HeldQueues(clock: CacheClock(clock))
        let lines = QueueLines(store, logger: Logger(label: "test"))
        store.deafen(2)
        let waiting = Task { try await lines.take(Self.request, waitingAtMost: .seconds(1_000)) }
        // Pauses of 50 ms, and another attempt after each 32 of them.
        try await eventually("it has tried to listen often enough", advancing: clock, before: .seconds(5)) {
            store.deafness < 0
        }
        #expect(clock.now.offset >= .milliseconds(2 * 32 * 50))
        #expect(clock.now.offset < .seconds(5))
        try await Self.push([1], to: store)
        let element = try await waiting.value?.element
        #expect(element == [1])
    }
}
