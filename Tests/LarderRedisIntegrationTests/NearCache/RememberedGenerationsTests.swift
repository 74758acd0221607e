import Larder
import Synchronization
import Testing

@testable import LarderRedis

/// What a process remembers of generations, and what it must not.
@Suite struct RememberedGenerationsTests {
    private static let stamp = NamespaceStamp(generation: 1, epoch: 2)

    private static func view(_ records: [(String, TagRecord?)], stamp: NamespaceStamp? = Self.stamp) -> GenerationView {
        GenerationView(stamp: stamp, names: records.map(\.0), records: records.map(\.1))
    }

    private static func record(_ generation: UInt64) -> TagRecord { TagRecord(generation: generation, freshness: 7) }

    private let gate = CopyGate()

    private func opened(limit: Int = 100) -> RememberedGenerations {
        self.gate.open()
        return RememberedGenerations(self.gate, limit: limit)
    }

    /// Reads tags, with something that happens between the question and the answer.
    private func learn(
        _ memory: RememberedGenerations,
        _ records: [(String, TagRecord?)],
        meanwhile: () -> Void = {}
    ) throws {
        let wait = try #require(memory.willRead(records.map(\.0), stamp: true))
        meanwhile()
        memory.keep(wait, from: Self.view(records))
    }

    @Test func whatWasReadIsKnownUntilItIsTold() throws {
        let memory = self.opened()
        #expect(memory.view(of: ["t"]) == nil)
        try self.learn(memory, [("t", Self.record(3)), ("none", nil)])
        let view = try #require(memory.view(of: ["t", "none", "other"]))
        #expect(view.stamp == Self.stamp)
        #expect(view.record(of: "t") == .some(Self.record(3)))
        #expect(view.record(of: "none") == .some(nil))
        #expect(view.record(of: "other") == nil)
        memory.forget(["t"])
        let rest = try #require(memory.view(of: ["t", "none"]))
        #expect(rest.record(of: "t") == nil)
        #expect(rest.record(of: "none") == .some(nil))
        memory.forgetAll()
        #expect(memory.view(of: ["none"]) == nil)
    }

    @Test func recordThatIsToldWhileItIsReadIsNotKept() throws {
        let memory = self.opened()
        try self.learn(memory, [("t", Self.record(3)), ("u", Self.record(4))]) { memory.forget(["t"]) }
        let view = try #require(memory.view(of: ["t", "u"]))
        #expect(view.record(of: "t") == nil)
        #expect(view.record(of: "u") == .some(Self.record(4)))
    }

    @Test func nothingThatWasAskedBeforeEverythingWasForgottenIsKept() throws {
        let memory = self.opened()
        try self.learn(memory, [("t", Self.record(3))]) { memory.forgetAll() }
        #expect(memory.view(of: ["t"]) == nil)
        // Nor by the wait of somebody who has asked since.
        let early = try #require(memory.willRead(["t"], stamp: true))
        memory.forgetAll()
        let late = try #require(memory.willRead(["t"], stamp: true))
        memory.keep(early, from: Self.view([("t", Self.record(3))]))
        #expect(memory.view(of: ["t"]) == nil)
        memory.keep(late, from: Self.view([("t", Self.record(5))]))
        #expect(memory.view(of: ["t"])?.record(of: "t") == .some(Self.record(5)))
    }

    @Test func stampThatWasKnownBeforeIsNotTakenForOneThatWasRead() throws {
        let memory = self.opened()
        try self.learn(memory, [])
        let known = try #require(memory.view(of: ["t"]))
        // The namespace is cleared between looking at what is known and asking for the rest.
        memory.forgetAll()
        let wait = try #require(memory.willRead(["t"], stamp: false))
        let stamp = try #require(known.stamp)
        memory.keep(wait, from: known.adding(stamp: stamp, ["t"], [Self.record(3)]))
        #expect(memory.view(of: ["t"]) == nil)
    }

    @Test func thoseWhoAskAtTheSameTimeWaitTogether() throws {
        let memory = self.opened()
        let first = try #require(memory.willRead(["t"], stamp: true))
        let second = try #require(memory.willRead(["t"], stamp: true))
        memory.keep(first, from: Self.view([("t", Self.record(3))]))
        #expect(memory.view(of: ["t"])?.record(of: "t") == .some(Self.record(3)))
        memory.forget(["t"])
        memory.keep(second, from: Self.view([("t", Self.record(3))]))
        let view = try #require(memory.view(of: ["t"]))
        #expect(view.record(of: "t") == nil, "it was told while the second was waiting")
    }

    @Test func whoeverIsDeafRemembersNothing() throws {
        let memory = RememberedGenerations(self.gate)
        #expect(memory.willRead(["t"], stamp: true) == nil)
        self.gate.open()
        try self.learn(memory, [("t", Self.record(3))]) {
            self.gate.close()
            memory.forgetAll()
            memory.forgetAll()
            self.gate.open()
        }
        #expect(memory.view(of: ["t"]) == nil)
        try self.learn(memory, [("t", Self.record(3))])
        self.gate.pause()
        #expect(memory.view(of: ["t"]) == nil)
        self.gate.open()
        #expect(memory.view(of: ["t"])?.record(of: "t") == .some(Self.record(3)))
    }

    @Test func whatWasReadOverAnotherRouteIsNotKept() throws {
        let route = Route()
        self.gate.open()
        let memory = RememberedGenerations(self.gate) { route.number.load(ordering: .acquiring) }
        try self.learn(memory, [("t", Self.record(3))]) { route.number.store(1, ordering: .releasing) }
        #expect(memory.view(of: ["t"]) == nil)
        try self.learn(memory, [("t", Self.record(3))])
        #expect(memory.view(of: ["t"])?.record(of: "t") == .some(Self.record(3)))
    }

    @Test func tagsThatLookAlikeAreTwo() throws {
        let memory = self.opened()
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        try self.learn(memory, [(composed, Self.record(3)), (decomposed, Self.record(4))])
        #expect(memory.view(of: [composed])?.record(of: composed) == .some(Self.record(3)))
        #expect(memory.view(of: [decomposed])?.record(of: decomposed) == .some(Self.record(4)))
        memory.forget([composed])
        #expect(memory.view(of: [decomposed])?.record(of: decomposed) == .some(Self.record(4)))
    }

    @Test func memoryForgetsTagsThatNobodyAsksFor() throws {
        let memory = self.opened(limit: 10)
        try self.learn(memory, [("often", Self.record(3))])
        for number in 0..<100 {
            try self.learn(memory, [("t\(number)", Self.record(4))])
            #expect(memory.view(of: ["often"])?.record(of: "often") == .some(Self.record(3)))
        }
        let names = (0..<100).map { "t\($0)" }
        let view = try #require(memory.view(of: names))
        #expect(names.count { view.record(of: $0) != nil } <= 10)
    }
}

/// A route that a test changes.
private final class Route: Sendable {
    let number = Atomic<UInt64>(0)
}
