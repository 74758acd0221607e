import LarderTesting
import Testing

@testable import Larder

@Suite struct PendingInvalidationsTests {
    private func key(_ name: String) -> StoreKey { StoreKey(version: 1, name: name) }

    @Test func eachIsKeptOnceAndThoseOfAKindGoTogether() {
        let pending = Subject(limit: 100)
        for invalidation in [
            .key(self.key("a")), .tag("t", .dead), .key(self.key("b")), .key(self.key("a")), .tag("u", .stale),
            .tag("t", .stale), .pattern("x*"), .tag("v", .dead), .pattern("y*"), .pattern("x*"), .key(self.key("c")),
        ] as [Invalidation] {
            #expect(pending.keep([invalidation]))
        }
        #expect(pending.count == 8)
        #expect(
            pending.batches() == [
                .keys([self.key("a"), self.key("b"), self.key("c")]), .tags(["t", "v"], .dead), .tags(["u"], .stale),
                .pattern("x*"), .pattern("y*"),
            ]
        )
        #expect(pending.isEmpty)
    }

    @Test func clearTakesThePlaceOfAllOthers() {
        let pending = Subject(limit: 3)
        pending.keep([.key(self.key("a")), .tag("t", .dead), .pattern("*")])
        #expect(!pending.keep([.key(self.key("b"))]))
        #expect(pending.keep([.clear]))
        #expect(pending.keep([.key(self.key("b")), .tag("u", .dead)]))
        #expect(pending.news(in: [.clear]) == [])
        #expect(pending.batches() == [.clear])
    }

    @Test func callThatFindsNoRoomLeavesNothing() {
        let pending = Subject(limit: 3)
        #expect(pending.keep([.key(self.key("a")), .key(self.key("b"))]))
        #expect(!pending.keep([.key(self.key("c")), .key(self.key("d"))]))
        #expect(pending.count == 2)
        #expect(pending.keep([.key(self.key("c")), .key(self.key("a")), .key(self.key("c"))]))
        #expect(pending.count == 3)
    }

    @Test func whatIsUnderWayIsKeptAgainAndComesBackIfItFails() {
        let pending = Subject(limit: 3)
        pending.keep([.key(self.key("a")), .key(self.key("b"))])
        #expect(pending.takeBatch() == .keys([self.key("a"), self.key("b")]))
        #expect(pending.count == 2)
        #expect(pending.keep([.key(self.key("a"))]))
        #expect(!pending.keep([.key(self.key("c"))]))
        pending.batchEnded(isDone: true)
        #expect(pending.all == [.key(self.key("a"))])
        #expect(pending.takeBatch() == .keys([self.key("a")]))
        pending.keep([.tag("t", .dead), .key(self.key("a"))])
        pending.batchEnded(isDone: false)
        #expect(pending.all == [.key(self.key("a")), .tag("t", .dead)])
        #expect(pending.takeBatch() == .keys([self.key("a")]))
        pending.keep([.clear])
        pending.batchEnded(isDone: false)
        #expect(pending.batches() == [.clear])
    }

    @Test func callsHaveABoundedLength() {
        let pending = Subject(limit: 10_000)
        pending.keep((0..<2_500).map { .key(self.key("k\($0)")) })
        let lengths = pending.batches().map { batch in
            if case .keys(let keys) = batch { keys.count } else { 0 }
        }
        #expect(lengths == [1_000, 1_000, 500])
    }

    /// Whatever is kept is carried out after it was kept, however keeping, replays and failures follow one another.
    @Test(arguments: 0..<20 as Range<UInt64>) func nothingIsForgotten(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pending = Subject(limit: 50)
        var owed: Set<Invalidation> = []
        var underWay: (batch: InvalidationBatch, owedBefore: Set<Invalidation>)?
        for _ in 0..<2_000 {
            let number = Int.random(in: 0..<12, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let all: [Invalidation] = [
                    .key(self.key("\(number)")), .tag("\(number)", .dead), .tag("\(number)", .stale),
                    .pattern(GlobPattern("\(number)")),
                ]
                let invalidation = number == 0 ? .clear : all[Int.random(in: 0..<4, using: &random)]
                if pending.keep([invalidation]) { owed.insert(invalidation) }
                // What is kept while a batch is under way is owed after it.
                underWay?.owedBefore.remove(invalidation)
            case 6..<8 where underWay == nil:
                underWay = pending.takeBatch().map { ($0, owed) }
            default:
                guard let (batch, owedBefore) = underWay else { continue }
                let isDone = Bool.random(using: &random)
                pending.batchEnded(isDone: isDone)
                if isDone { owed.subtract(owedBefore.filter { $0.isCovered(by: batch) }) }
                underWay = nil
            }
            #expect(pending.count <= 51)
        }
        if underWay != nil { pending.batchEnded(isDone: false) }
        for batch in pending.batches() { owed = owed.filter { !$0.isCovered(by: batch) } }
        #expect(owed.isEmpty)
    }
}

extension Invalidation {
    /// Whether carrying out a batch carries out this one.
    fileprivate func isCovered(by batch: InvalidationBatch) -> Bool {
        switch (self, batch) {
        case (_, .clear): true
        case (.key(let key), .keys(let keys)): keys.contains(key)
        case (.tag(let tag, let manner), .tags(let tags, let sent)):
            tags.contains(tag) && (manner == sent || sent == .dead)
        case (.pattern(let one), .pattern(let two)): one == two
        default: false
        }
    }
}

/// Pending invalidations behind a reference: `#expect` takes no calls that change a value.
private final class Subject {
    private var pending: PendingInvalidations

    init(limit: Int) {
        self.pending = PendingInvalidations(limit: limit)
    }

    var count: Int { self.pending.count }
    var isEmpty: Bool { self.pending.isEmpty }
    var all: [Invalidation] { self.pending.all }

    /// Keeps invalidations as the log does.
    ///
    /// - Returns: Whether there was room.
    @discardableResult
    func keep(_ invalidations: [Invalidation]) -> Bool {
        guard let news = self.pending.news(in: invalidations) else { return false }
        for invalidation in news { self.pending.add(invalidation) }
        return true
    }

    func news(in invalidations: [Invalidation]) -> [Invalidation]? { self.pending.news(in: invalidations) }

    func takeBatch() -> InvalidationBatch? { self.pending.takeBatch() }

    func batchEnded(isDone: Bool) { self.pending.batchEnded(isDone: isDone) }

    /// Carries all out.
    func batches() -> [InvalidationBatch] {
        var batches: [InvalidationBatch] = []
        while let batch = self.takeBatch() {
            batches.append(batch)
            self.batchEnded(isDone: true)
        }
        return batches
    }
}
