import LarderTesting
import Testing

@testable import Larder

@Suite(.timeLimit(.minutes(10))) struct LeaseSignalTests {
    private let subject: MemorySpace

    init() throws {
        self.subject = try MemorySpace()
    }

    private func listen(_ name: String) async throws -> any LeaseSignal {
        try #require(await self.subject.space.listen(for: MemorySpace.key(name)))
    }

    /// Waits on a signal in a task of its own, which has reached its sleep when this returns.
    private func wait(on signal: any LeaseSignal, sleepers: Int = 1) async throws -> Task<Void, any Error> {
        let task = Task { try await signal.wait(atMost: .seconds(30)) }
        try await self.subject.clock.waitForSleepers(sleepers)
        return task
    }

    @Test func everyEndOfALeaseIsTold() async throws {
        let subject = self.subject
        let space = subject.space
        let key = MemorySpace.key("k")
        let ends: [(String, (Lease) async throws -> Void)] = [
            ("commit", { _ = try await space.commit([EntryCommit(write: MemorySpace.write("k", 1, []), lease: $0)]) }),
            (
                "refused commit",
                { lease in
                    let marks = [TagMark(name: "none", generation: 1, freshness: 1)]
                    let commit = EntryCommit(write: MemorySpace.write("k", 1, []), lease: lease, marks: marks)
                    try await #expect(space.commit([commit]) == [false])
                }
            ),
            ("release", { try await space.release([$0]) }),
            ("write", { _ in try await subject.set("k", 1, []) }),
            ("remove", { _ in try await subject.remove("k") }),
            (
                "increment",
                { _ in
                    _ = try await space.increment(key, by: 1, initial: MemorySpace.write("k", 1, []), within: 0...9)
                }
            ),
            ("removeAll", { _ in _ = try await space.removeAll(matching: "other") }),
            ("clear", { _ in try await space.clear() }),
            ("invalidate", { _ in try await space.invalidate(["t"], .dead) }),
        ]
        for (name, end) in ends {
            try await subject.remove("k")
            let lease = try #require(await subject.take("k", ["t"]))
            let signal = try await self.listen("k")
            let waiting = try await self.wait(on: signal)
            try await end(lease)
            try await waiting.value
            #expect(subject.clock.sleeperCount == 0, "after \(name)")
            signal.cancel()
        }
        #expect(subject.store.leases.listeners == 0)
    }

    @Test func leaseThatIsReplacedIsTold() async throws {
        let subject = self.subject
        let request = LeaseRequest(token: .random(), duration: .seconds(5))
        _ = try await subject.space.read([MemorySpace.key("k")], ReadOptions(lease: request, coder: MemorySpace.coder))
        let signal = try await self.listen("k")
        let waiting = try await self.wait(on: signal)
        subject.clock.advance(by: .seconds(5))
        #expect(subject.clock.sleeperCount == 1)
        _ = try #require(await subject.take("k"))
        try await waiting.value
        signal.cancel()
    }

    @Test func endBeforeTheWaitIsToldOnce() async throws {
        let signal = try await self.listen("k")
        let lease = try #require(await self.subject.take("k"))
        try await self.subject.space.release([lease])
        try await signal.wait(atMost: .seconds(30))
        let waiting = try await self.wait(on: signal)
        self.subject.clock.advance(by: .seconds(30))
        try await waiting.value
        signal.cancel()
    }

    @Test func waitEndsAfterItsTime() async throws {
        let signal = try await self.listen("k")
        let lease = try #require(await self.subject.take("k"))
        let waiting = try await self.wait(on: signal)
        self.subject.clock.advance(by: .milliseconds(29_999))
        #expect(self.subject.clock.sleeperCount == 1)
        self.subject.clock.advance(by: .milliseconds(1))
        try await waiting.value
        signal.cancel()
        try await self.subject.space.release([lease])
    }

    @Test func cancelledWaitThrows() async throws {
        let signal = try await self.listen("k")
        let waiting = try await self.wait(on: signal)
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(self.subject.clock.sleeperCount == 0)
        signal.cancel()
    }

    @Test func allWhoListenAreToldAndNobodyElse() async throws {
        let subject = self.subject
        let other = try #require(subject.store.open("other") as? MemoryNamespace)
        let lease = try #require(await subject.take("k"))
        let signals = [try await self.listen("k"), try await self.listen("k")]
        let strangers = [
            try await self.listen("l"), try #require(await other.listen(for: MemorySpace.key("k"))),
        ]
        #expect(subject.store.leases.listeners == 4)
        var waiting: [Task<Void, any Error>] = []
        for (index, signal) in (signals + strangers).enumerated() {
            waiting.append(try await self.wait(on: signal, sleepers: index + 1))
        }
        try await subject.space.release([lease])
        try await waiting[0].value
        try await waiting[1].value
        #expect(subject.clock.sleeperCount == 2)
        try await subject.space.clear()
        try await waiting[2].value
        #expect(subject.clock.sleeperCount == 1)
        try await other.invalidate(["t"], .stale)
        #expect(subject.clock.sleeperCount == 1)
        try await other.invalidate(["t"], .dead)
        try await waiting[3].value
        for signal in signals + strangers { signal.cancel() }
        #expect(subject.store.leases.listeners == 0)
    }

    @Test func cancellingTheSignalEndsItsWaits() async throws {
        let signal = try await self.listen("k")
        let waiting = try await self.wait(on: signal)
        signal.cancel()
        try await waiting.value
        #expect(self.subject.store.leases.listeners == 0)
    }
}
