import LarderTesting
import Testing

@testable import Larder

/// Appending where the store's bytes are not the codec's: the whole is read and written, and nothing that comes between is lost.
@Suite(.timeLimit(.minutes(10))) struct LeasedAppendTests {
    /// What the appending caches do with bytes.
    enum Manner: CaseIterable, CustomTestStringConvertible {
        case compressed, sealed, both

        var testDescription: String { "\(self)" }

        var compression: EntryCompression? { self == .sealed ? nil : TransformedCaches.compression }

        var sealer: ChecksumSealer? { self == .compressed ? nil : ChecksumSealer() }
    }

    private static let key = CacheKey<String>("k")

    private let caches = TransformedCaches()

    private func cache(_ manner: Manner) -> Cache { self.caches.cache(manner.compression, manner.sealer) }

    @Test(arguments: Manner.allCases)
    func textAndBytesGrow(_ manner: Manner) async throws {
        let cache = self.cache(manner)
        try await #expect(cache.append(Self.key, "né") == 3)
        try await #expect(cache.append(Self.key, TransformedCaches.repetitive) == 203)
        try await #expect(cache.append(Self.key, "") == 203)
        try await #expect(cache.get(Self.key) == "né" + TransformedCaches.repetitive)
        let kept = try #require(try await self.caches.store.bytes(TransformedCaches.key("k")))
        #expect((kept.compression != .none) == (manner.compression != nil))
        #expect((kept.seal != .none) == (manner.sealer != nil))
        let bytes = CacheKey<[UInt8]>("bytes")
        try await #expect(cache.append(bytes, [1]) == 1)
        try await #expect(cache.append(bytes, [2, 3]) == 3)
        try await #expect(cache.get(bytes) == [1, 2, 3])
        self.caches.expectNoLeases()
    }

    @Test(arguments: Manner.allCases)
    func timeTagsAndCostStay(_ manner: Manner) async throws {
        let cache = self.cache(manner)
        try await cache.set(Self.key, to: "a", ttl: .seconds(100), tags: ["t"])
        self.caches.clock.advance(by: .seconds(40))
        try await cache.append(Self.key, "b", ttl: .seconds(1_000))
        // Less what passed between its reading and its writing, by the cache's clock.
        let left = try #require(await cache.ttl(of: Self.key)?.duration)
        #expect(left > .seconds(1) && left <= .seconds(60))
        try await cache.invalidate(tags: ["t"])
        try await #expect(cache.get(Self.key) == nil)
        try await #expect(cache.append(Self.key, "c", ttl: nil) == 1)
        try await #expect(cache.ttl(of: Self.key) == .forever)
        try await #expect(cache.append(Self.key, "d", ttl: .seconds(1)) == 2)
        try await #expect(cache.ttl(of: Self.key) == .forever)
    }

    @Test(arguments: Manner.allCases)
    func whatHasExpiredOrIsStaleIsBegunAnew(_ manner: Manner) async throws {
        let cache = self.cache(manner)
        try await cache.set(Self.key, to: "old", ttl: .seconds(10))
        self.caches.clock.advance(by: .seconds(11))
        try await #expect(cache.append(Self.key, "new", ttl: .seconds(20)) == 3)
        try await #expect(cache.get(Self.key) == "new")
        try await #expect(cache.ttl(of: Self.key) == .remaining(.seconds(20)))
        try await cache.set(Self.key, to: "old", tags: ["t"])
        try await cache.expire(tags: ["t"])
        try await #expect(cache.append(Self.key, "new") == 3)
        try await #expect(cache.get(Self.key) == "new")
        self.caches.expectNoLeases()
    }

    @Test(arguments: Manner.allCases)
    func entryOfAnotherKindStays(_ manner: Manner) async throws {
        let cache = self.cache(manner)
        try await cache.set(CacheKey<[Int]>("k"), to: [1, 2])
        await expectError(.appendFailed) { try await cache.append(Self.key, "x") }
        try await #expect(cache.get(CacheKey<[Int]>("k")) == [1, 2])
        try await cache.set(CacheKey<[UInt8]>("k"), to: [1])
        await expectError(.appendFailed) { try await cache.append(Self.key, "x") }
        try await #expect(cache.get(CacheKey<[UInt8]>("k")) == [1])
        await expectError(.invalidArgument) { try await cache.append(Self.key, "x", ttl: .seconds(0)) }
        self.caches.expectNoLeases()
    }

    @Test func entryThatDoesNotOpenIsNotAppendedTo() async throws {
        try await self.caches.cache().set(Self.key, to: "plain")
        let cache = self.cache(.both)
        await expectError(.appendFailed) { try await cache.append(Self.key, "x") }
        try await #expect(self.caches.cache().get(Self.key) == "plain")
        self.caches.expectNoLeases()
    }

    @Test(arguments: Manner.allCases)
    func noneOfManyAtOnceIsLost(_ manner: Manner) async throws {
        let all = [self.cache(manner), self.cache(manner)]
        let key = CacheKey<[UInt8]>("bytes")
        let lengths = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<24 as Range<UInt8> {
                group.addTask { try await all[Int(number) % 2].append(key, [number, number]) }
            }
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        // Each of them saw the whole at another length.
        #expect(lengths == Set((1...24).map { 2 * $0 }))
        let whole = try #require(try await all[0].get(key))
        #expect(Set(whole) == Set(0..<24))
        #expect(whole.count == 48)
        #expect(stride(from: 0, to: 48, by: 2).allSatisfy { whole[$0] == whole[$0 + 1] })
        self.caches.expectNoLeases()
    }

    @Test func fillThatIsUnderWayDoesNotOverwriteWhatWasAppended() async throws {
        let cache = self.cache(.both)
        let other = self.cache(.both)
        let fetched = try await other.fetchReportingOutcome(Self.key) { _ in
            try await cache.append(Self.key, "appended")
            return "filled"
        }
        #expect(fetched.value == "filled")
        try await #expect(cache.get(Self.key) == "appended")
        self.caches.expectNoLeases()
    }

    @Test func leaseThatSomebodyHoldsOnAnEntryForLongIsEnded() async throws {
        let cache = self.cache(.both)
        try await cache.set(Self.key, to: "a")
        let space = self.caches.store.open("ns")
        let request = LeaseRequest(token: .random(), duration: .seconds(1_000), replacesEntry: true)
        let options = ReadOptions(lease: request, coder: cache.coder(for: String.self))
        guard case .absent(.granted(let lease)) = try await space.read([TransformedCaches.key("k")], options).first
        else {
            Issue.record("the lease was not granted")
            return
        }
        try await #expect(cache.append(Self.key, "b") == 2)
        try await #expect(cache.get(Self.key) == "ab")
        let write = EntryWrite(
            key: lease.key,
            value: .object(.boxing("late")),
            coder: cache.coder(for: String.self),
            lifetime: EntryLifetime(freshFor: .seconds(10))
        )
        try await #expect(space.commit([EntryCommit(write: write, lease: lease)]) == [false])
        try await #expect(cache.get(Self.key) == "ab")
        self.caches.expectNoLeases()
    }

    @Test func storeThatGrantsNoLeasesTakesEveryAppend() async throws {
        let cache = Cache(.null, namespace: "ns", compression: TransformedCaches.compression)
        try await #expect(cache.append(Self.key, "abc") == 3)
    }
}
