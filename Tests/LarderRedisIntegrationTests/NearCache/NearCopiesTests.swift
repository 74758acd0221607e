import LarderRedisClient
import LarderTesting
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Larder
@testable import LarderRedis

/// What a near cache makes of what it is told, the feed driven by hand and a lower tier at which a test can come between.
@Suite(.timeLimit(.minutes(1))) struct NearCopiesTests {
    /// A near cache over a store in memory that stands for the server.
    struct Near: Sendable {
        let clock = ManualClock()
        let server: MemoryStore
        let lower: FaultyStore
        let copies: NearCopies
        let space: any NamespaceStore
        /// Another process, whose changes nobody tells of but the test.
        let other: any NamespaceStore

        init(limit: MemoryStore.Limit = .entries(1_000), witness: (@Sendable () -> UInt64)? = nil) {
            let clock = CacheClock(self.clock)
            self.server = MemoryStore(limit: .entries(1_000), clock: clock)
            self.lower = FaultyStore(self.server)
            let gate = CopyGate(witness: witness)
            let memory = MemoryStore(limit: limit, clock: clock)
            let upper = UpperTier(in: memory, of: "ns", gate: gate)
            self.copies = NearCopies(
                upper,
                gate: gate,
                generations: RememberedGenerations(gate),
                keys: EntryKeys("ns"),
                logger: Logger(label: "test")
            )
            self.space = upper.over(self.lower.open("ns"))
            self.other = self.server.open("ns")
        }

        static func entry(_ value: Int64, _ name: String = "k", ttl: Duration? = .seconds(60), tags: [String] = [])
            -> EntryWrite
        {
            TagSpace.integer(name, value, tags: tags, ttl: ttl)
        }

        /// What another process writes.
        func write(_ value: Int64, _ name: String = "k", ttl: Duration? = .seconds(60), tags: [String] = [])
            async throws
        {
            _ = try await self.other.write([Self.entry(value, name, ttl: ttl, tags: tags)], .always)
        }

        func read(_ name: String = "k") async throws -> Int64? {
            let options = ReadOptions(coder: PlainTextCoder())
            let answer = try await self.space.read([TagSpace.key(name)], options).first
            guard case .found(let entry) = answer, case .integer(let value) = entry.value else { return nil }
            return value
        }

        /// The integer that memory would answer with.
        func copy(_ name: String = "k") -> Int64? {
            switch self.space.readNow(TagSpace.key(name)) {
            case .fresh(.integer(let value)), .tagged(.integer(let value), _): value
            default: nil
            }
        }

        /// Tells of changed keys, as the server would.
        func tell(_ names: String...) {
            self.copies.hear(.changed(names.map { ByteBuffer(string: $0) }))
        }

        /// Lets something happen once between what the server answers and what becomes of it here.
        func onceRead(_ body: @escaping @Sendable () async throws -> Void) {
            self.lower.intercept { [lower = self.lower] operation, moment in
                guard operation == .read, moment == .after else { return }
                lower.intercept(nil)
                try await body()
            }
        }

        static let lost = FeedEvent.lost(RedisError(.connectionClosed, message: "gone"))
        static let keys = EntryKeys("ns")
        static func name(_ key: String) -> String { Self.keys.entry(TagSpace.key(key)) }
    }

    // MARK: Covered or not

    @Test func kindsOfTroubleThatTakeTurnsAreNewsOnceUntilAllIsWell() {
        let tally = NearCacheTally()
        #expect(tally.note(trouble: .disconnected))
        #expect(tally.note(trouble: .refused))
        for trouble in [.disconnected, .refused, .disconnected] as [NearCacheStatistics.Trouble] {
            #expect(!tally.note(trouble: trouble))
            #expect(tally.statistics.trouble == trouble)
        }
        #expect(!tally.note(trouble: nil))
        #expect(tally.statistics.trouble == nil)
        #expect(tally.note(trouble: .refused))
    }

    @Test func nothingIsKeptBeforeTheFeedCoversAllPrimaries() async throws {
        let near = Near()
        try await near.write(1)
        #expect(try await near.read() == 1)
        #expect(near.copy() == nil)
        near.copies.hear(.covered)
        #expect(near.copy() == nil)
        #expect(try await near.read() == 1)
        #expect(near.copy() == 1)
    }

    @Test func copyIsServedUntilItsKeyIsTold() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1)
        try await near.write(5, "other")
        #expect(try await near.read() == 1)
        #expect(try await near.read("other") == 5)
        try await near.write(2)
        #expect(near.copy() == 1)
        near.tell(Near.name("k"))
        #expect(near.copy() == nil)
        #expect(near.copy("other") == 5)
        #expect(try await near.read() == 2)
        #expect(near.copy() == 2)
    }

    @Test func readThatIsUnderWayWhenItsPushComesIsNotKept() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1)
        near.onceRead {
            try await near.write(2)
            near.tell(Near.name("k"))
        }
        #expect(try await near.read() == 1, "the call had begun before the change")
        #expect(near.copy() == nil)
        #expect(try await near.read() == 2)
        #expect(near.copy() == 2)
    }

    @Test func readThatIsUnderWayWhenTheConnectionIsLostIsNotKept() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1)
        near.onceRead {
            near.copies.hear(Near.lost)
            try await near.write(2)
            near.copies.hear(.covered)
        }
        #expect(try await near.read() == 1)
        #expect(near.copy() == nil)
        #expect(try await near.read() == 2)
        #expect(near.copy() == 2)
    }

    @Test func readThatBeganWhileNobodyListenedIsNotKept() async throws {
        let near = Near()
        near.copies.hear(.covered)
        near.copies.hear(Near.lost)
        try await near.write(1)
        near.onceRead {
            try await near.write(2)
            near.copies.hear(.covered)
        }
        #expect(try await near.read() == 1)
        #expect(near.copy() == nil)
    }

    @Test func troubleIsOneOfAFewWordsWhateverTheErrorSays() {
        let near = Near()
        var trouble: NearCacheStatistics.Trouble? { near.copies.tally.statistics.trouble }
        func unreachable(_ code: RedisError.Code) -> FeedEvent {
            .unreachable(RedisError(code, message: "a long story", server: "10.0.0.7:6379"))
        }
        #expect(trouble == nil)
        near.copies.hear(.doubtful)
        #expect(trouble == .silent)
        near.copies.hear(.resumed)
        #expect(trouble == nil)
        for (event, kind) in [
            (Near.lost, .disconnected), (unreachable(.connectionFailed), .disconnected),
            (unreachable(.trackingUnavailable), .unsupported), (unreachable(.authenticationFailed), .refused),
            (unreachable(.tlsFailed), .refused),
        ] as [(FeedEvent, NearCacheStatistics.Trouble)] {
            near.copies.hear(event)
            #expect(trouble == kind)
            #expect(trouble?.description.contains("10.0.0.7") == false)
        }
        near.copies.hear(.covered)
        #expect(trouble == nil)
    }

    @Test func lostConnectionDropsEverythingForGood() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1, tags: ["t"])
        #expect(try await near.read() == 1)
        near.copies.hear(Near.lost)
        #expect(near.copy() == nil)
        try await near.write(2)
        #expect(try await near.read() == 2)
        #expect(near.copy() == nil, "whoever is deaf keeps nothing")
        near.copies.hear(.covered)
        #expect(near.copy() == nil)
        #expect(try await near.read() == 2)
        #expect(near.copy() == 2)
        #expect(near.copies.tally.statistics.timesEmptied == 1)
        #expect(near.copies.tally.statistics.lastEmptied == .connectionLost)
    }

    @Test func doubtHidesCopiesAndDropsNone() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1)
        try await near.write(5, "other")
        #expect(try await near.read() == 1)
        #expect(try await near.read("other") == 5)
        near.copies.hear(.doubtful)
        #expect(near.copy() == nil)
        try await near.write(2)
        #expect(try await near.read() == 2)
        // What was told late is heard before the doubt ends.
        near.tell(Near.name("k"))
        near.copies.hear(.resumed)
        #expect(near.copy() == nil)
        #expect(near.copy("other") == 5)
        #expect(try await near.read() == 2)
        #expect(near.copy() == 2)
    }

    @Test func readThatBeganInDoubtIsNotKept() async throws {
        let near = Near()
        near.copies.hear(.covered)
        near.copies.hear(.doubtful)
        try await near.write(1)
        near.onceRead {
            try await near.write(2)
            near.tell(Near.name("k"))
            near.copies.hear(.resumed)
        }
        #expect(try await near.read() == 1)
        #expect(near.copy() == nil)
    }

    @Test func flushDropsEverythingAndKeepsOldReadsOut() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1)
        #expect(try await near.read() == 1)
        near.copies.hear(.flushed)
        #expect(near.copy() == nil)
        near.onceRead { near.copies.hear(.flushed) }
        #expect(try await near.read() == 1)
        #expect(near.copy() == nil)
        #expect(near.copies.tally.statistics.lastEmptied == .flushed)
    }

    @Test func whatIsReadOverAnotherRouteIsNotKept() async throws {
        let route = ManualRoute()
        let near = Near { route.changes }
        near.copies.hear(.covered)
        try await near.write(1)
        near.onceRead { route.change() }
        #expect(try await near.read() == 1)
        #expect(near.copy() == nil)
        #expect(try await near.read() == 1)
        #expect(near.copy() == 1)
    }

    @Test func closedCopiesStayClosed() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1)
        #expect(try await near.read() == 1)
        near.copies.close()
        #expect(near.copy() == nil)
        #expect(try await near.read() == 1)
        #expect(near.copy() == nil)
    }

    // MARK: Names

    @Test func tagThatIsToldDropsItsEntriesOnly() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1, "a", tags: ["s", "t"])
        try await near.write(2, "b", tags: ["s"])
        #expect(try await near.read("a") == 1)
        #expect(try await near.read("b") == 2)
        near.tell(Near.keys.tag("t"))
        #expect(near.copy("a") == nil)
        #expect(near.copy("b") == 2)
        near.onceRead { near.tell(Near.keys.tag("t")) }
        #expect(try await near.read("a") == 1)
        #expect(near.copy("a") == nil, "the tag was told while its entry was read")
    }

    @Test func stampThatIsToldDropsEverything() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1)
        #expect(try await near.read() == 1)
        near.tell(Near.keys.stamp)
        #expect(near.copy() == nil)
        #expect(near.copies.tally.statistics.lastEmptied == .namespaceChanged)
    }

    @Test func namesSayWhatTheyStandFor() {
        let keys = Near.keys
        func tracked(_ name: String) -> TrackedName { keys.tracked(ByteBuffer(string: name)) }
        #expect(tracked("ns:1:k") == .entry(StoreKey(version: 1, name: "k")))
        #expect(tracked("ns:-3:a:b") == .entry(StoreKey(version: -3, name: "a:b")))
        #expect(tracked("ns:1:{x}k") == .entry(StoreKey(version: 1, name: "{x}k")))
        #expect(tracked("ns:1:{x}k:lease") == .other)
        #expect(tracked("ns:sub:1:k") == .other)
        #expect(tracked("ns:") == .other)
        #expect(tracked(keys.stamp) == .namespace)
        #expect(tracked(keys.serial) == .other)
        #expect(tracked(keys.tag("t")) == .tag("t"))
        #expect(tracked(keys.tag("a:b")) == .tag("a:b"))
        #expect(keys.tracked(ByteBuffer(bytes: Array("ns:1:".utf8) + [0xFF])) != .namespace, "any bytes can come")
        for name in keys.home + [keys.tag("t"), keys.entry(StoreKey(version: 1, name: "k"))] {
            #expect(keys.trackedPrefixes.contains { name.hasPrefix($0) }, "\(name)")
        }
    }

    // MARK: Bounds

    @Test func copyEndsWithItsEntry() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1, ttl: .seconds(10))
        near.clock.advance(by: .seconds(4))
        #expect(try await near.read() == 1)
        near.clock.advance(by: .seconds(6) - .nanoseconds(1))
        #expect(near.copy() == 1)
        near.clock.advance(by: .nanoseconds(1))
        #expect(near.copy() == nil)
    }

    @Test func memoryIsBounded() async throws {
        let near = Near(limit: .cost(10) { _, _ in 1 })
        near.copies.hear(.covered)
        for number in 0..<100 {
            try await near.write(Int64(number), "k\(number)")
            #expect(try await near.read("k\(number)") == Int64(number))
        }
        #expect((0..<100).count { near.copy("k\($0)") != nil } <= 10)
    }

    // MARK: This process's own changes

    @Test func ownChangesNeedNoPush() async throws {
        let near = Near()
        near.copies.hear(.covered)
        try await near.write(1, tags: ["t"])
        #expect(try await near.read() == 1)
        _ = try await near.space.write([Near.entry(2, tags: ["t"])], .always)
        #expect(try await near.read() == 2)
        try await near.space.invalidate(["t"], .dead)
        #expect(try await near.read() == nil)
        _ = try await near.space.write([Near.entry(3)], .always)
        #expect(try await near.read() == 3)
        try await near.space.clear()
        #expect(try await near.read() == nil)
    }
}

/// Counts changes of a route that a test makes.
private final class ManualRoute: Sendable {
    private let number = Atomic<UInt64>(0)

    var changes: UInt64 { self.number.load(ordering: .acquiring) }
    func change() { self.number.wrappingAdd(1, ordering: .acquiringAndReleasing) }
}
