import LarderTesting
import Testing

@testable import Larder

/// A memory store's namespace, and what is inside.
struct MemorySpace {
    let clock = ManualClock()
    let store: MemoryStore
    let space: MemoryNamespace

    init(entries: Int = 10_000) throws {
        self.store = MemoryStore(limit: .entries(entries), clock: CacheClock(self.clock))
        self.space = try #require(self.store.open("ns") as? MemoryNamespace)
    }

    var tags: TagTable { self.space.state.tags }

    static func key(_ name: String) -> StoreKey { StoreKey(version: 1, name: name) }

    /// Nothing is ever encoded in these tests.
    private struct NoCoder: EntryCoder {
        func encode(_ box: ValueBox) throws -> EncodedValue { throw CacheError(.encodingFailed, "not to be encoded") }

        func decode(_ encoded: EncodedValue) throws -> EntryValue {
            throw CacheError(.decodingFailed, "not to be decoded")
        }
    }

    static let coder: any EntryCoder = NoCoder()

    static func write(_ name: String, _ value: Int64, _ tags: [String], grace: Duration = .zero) -> EntryWrite {
        EntryWrite(
            key: Self.key(name),
            value: .integer(value),
            coder: Self.coder,
            lifetime: EntryLifetime(freshFor: .seconds(60), grace: grace),
            tags: tags
        )
    }

    func set(_ name: String, _ value: Int64, _ tags: [String], grace: Duration = .zero) async throws {
        _ = try await self.space.write([Self.write(name, value, tags, grace: grace)], .always)
    }

    func ask(_ name: String, _ tags: [String] = []) async throws -> StoreLookup? {
        let request = LeaseRequest(token: .random(), duration: .seconds(30), tags: tags)
        return try await self.space.read([Self.key(name)], ReadOptions(lease: request, coder: Self.coder)).first
    }

    func take(_ name: String, _ tags: [String] = []) async throws -> Lease? {
        guard case .absent(.granted(let lease)) = try await self.ask(name, tags) else { return nil }
        return lease
    }

    func remove(_ name: String) async throws {
        _ = try await self.space.remove([Self.key(name)])
    }
}

@Suite(.timeLimit(.minutes(10))) struct TagTests {
    private let subject: MemorySpace

    init() throws {
        self.subject = try MemorySpace(entries: 1_000)
    }

    @Test func noTagOutlivesItsUse() async throws {
        for number in 0..<100_000 {
            if number.isMultiple(of: 100) { await Task.yield() }
            let tags = ["tag\(number)", "shelf\(number / 7)"]
            switch number % 4 {
            case 0, 1: try await self.subject.set("k\(number)", 1, tags)
            case 2: _ = try await self.subject.space.marks(of: tags, for: .seconds(60))
            default:
                let lease = try #require(await self.subject.take("l\(number)", tags))
                try await self.subject.space.release([lease])
            }
        }
        // The store holds a thousand entries with two tags at most.
        #expect(self.subject.tags.count <= 2_000)
        #expect(self.subject.tags.count > 100)
        _ = try await self.subject.space.removeAll(matching: "*")
        #expect(self.subject.tags.count == 0)
    }

    @Test func tagLivesAsLongAsAnEntryALeaseOrAMarkHoldsIt() async throws {
        let subject = self.subject
        try await subject.set("k", 1, ["t"])
        #expect(subject.tags.count == 1)
        try await subject.set("k", 1, [])
        #expect(subject.tags.count == 0)
        var lease = try await subject.take("l", ["t"])
        #expect(subject.tags.count == 1)
        lease = nil
        #expect(subject.tags.count == 1)
        try await subject.remove("l")
        #expect(subject.tags.count == 0)
        var marks = try await subject.space.marks(of: ["t"], for: .seconds(1))
        #expect(subject.tags.count == 1)
        #expect(marks.count == 1)
        marks = []
        #expect(subject.tags.count == 0)
        #expect(lease == nil)
    }

    @Test func tagIsForgottenWhenTheLeaseThatHeldItIsReplacedOrPurged() async throws {
        let subject = self.subject
        _ = try await subject.take("k", ["t"])
        subject.clock.advance(by: .seconds(30))
        _ = try await subject.take("k", [])
        #expect(subject.tags.count == 0)
        for number in 0..<20_000 { _ = try await subject.take("l\(number)", ["u\(number)"]) }
        subject.clock.advance(by: .seconds(30))
        for number in 0..<2_000 { _ = try await subject.take("m\(number)", []) }
        #expect(subject.tags.count == 0)
    }

    @Test func invalidatingMakesNoTag() async throws {
        try await self.subject.space.invalidate((0..<1_000).map { "t\($0)" }, .dead)
        #expect(self.subject.tags.count == 0)
        #expect(self.subject.tags.serial == 1)
    }

    @Test func taggedEntryIsReadAtOnceWithItsMarksUntilItsTagChanges() async throws {
        let subject = self.subject
        let key = MemorySpace.key("k")
        try await subject.set("k", 7, ["a", "b"])
        let marks = try await subject.space.marks(of: ["a", "b"], for: .seconds(1))
        guard case .tagged(.integer(7), marks) = subject.space.readNow(key) else {
            Issue.record("the entry is not read at once")
            return
        }
        try await subject.space.invalidate(["b"], .stale)
        guard case .unknown = subject.space.readNow(key) else {
            Issue.record("an entry stale by its tag is read at once")
            return
        }
        try await subject.space.invalidate(["a"], .dead)
        guard case .unknown = subject.space.readNow(key) else {
            Issue.record("an entry dead by its tag is read at once")
            return
        }
        try await subject.set("grace", 7, ["a"], grace: .seconds(5))
        guard case .tagged(.integer(7), _) = subject.space.readNow(MemorySpace.key("grace")) else {
            Issue.record("a fresh entry with a grace is not read at once")
            return
        }
    }

    @Test func deadEntryIsReapedByTheReadThatMeetsIt() async throws {
        try await self.subject.set("k", 1, ["t"])
        try await self.subject.set("l", 1, ["t"])
        try await self.subject.space.invalidate(["t"], .dead)
        #expect(self.subject.store.count == 2)
        let options = ReadOptions(coder: MemorySpace.coder)
        _ = try await self.subject.space.read([MemorySpace.key("k")], options)
        #expect(self.subject.store.count == 1)
        _ = try await self.subject.take("l")
        #expect(self.subject.store.count == 0)
        #expect(self.subject.tags.count == 0)
    }

    @Test func reportChangesNothingAndCountsAsNothing() async throws {
        let subject = self.subject
        try await subject.set("k", 1, ["t"], grace: .seconds(60))
        subject.clock.advance(by: .seconds(10))
        let before = subject.store.entries.statistics
        let fresh = try #require(await subject.space.report(on: MemorySpace.key("k")).first)
        #expect(fresh.tier == "memory")
        #expect(fresh.age == .seconds(10))
        #expect(fresh.timeLeft == .remaining(.seconds(50)))
        #expect(fresh.grace == .seconds(60))
        #expect(fresh.size == nil)
        #expect(fresh.codec == nil)
        try await subject.space.invalidate(["t"], .dead)
        for _ in 0..<3 {
            let report = try #require(await subject.space.report(on: MemorySpace.key("k")).first)
            #expect(report.state == .deadByTag("t"))
        }
        #expect(subject.store.count == 1)
        #expect(subject.store.entries.statistics.hits == before.hits)
        #expect(subject.store.entries.statistics.misses == before.misses)
        try await #expect(
            subject.space.report(on: MemorySpace.key("none")) == [EntryReport(tier: "memory", state: .absent)]
        )
    }

    @Test func marksOfAnotherStoreAreOfNoUse() async throws {
        let other = try MemorySpace()
        let foreign = try await other.space.marks(of: ["t"], for: .seconds(1))
        let own = try await self.subject.space.marks(of: ["t"], for: .seconds(1))
        for (marks, isGood) in [(foreign, false), (own, true)] {
            let lease = try #require(await self.subject.take("k"))
            let commit = EntryCommit(write: MemorySpace.write("k", 1, []), lease: lease, marks: marks)
            try await #expect(self.subject.space.commit([commit]) == [isGood])
        }
    }
}
