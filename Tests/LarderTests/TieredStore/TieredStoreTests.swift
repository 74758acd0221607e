import LarderTesting
import Logging
import Testing

@testable import Larder

/// What is copied, in which form, and for whom.
@Suite struct TieredStoreTests {
    private let tiers = TiersUnderTest()

    private func reads() -> Int { self.tiers.lower.calls[.read] ?? 0 }

    @Test func entryThatWasReadIsAnsweredFromMemory() async throws {
        let cache = Cache(self.tiers.store, namespace: "ns")
        try await cache.set("k", to: "text")
        #expect(!self.tiers.hasCopy(), "nobody has read it")
        #expect(try await cache.get("k") as String? == "text")
        #expect(self.tiers.hasCopy())
        let before = self.reads()
        #expect(try await cache.get("k") as String? == "text")
        #expect(try await cache.getMany(["k"] as [CacheKey<String>]) == ["k": "text"])
        #expect(try await cache.fetch("k", filling: "other") == "text")
        #expect(try await cache.contains(CacheKey<String>("k")))
        #expect(self.reads() == before)
        self.tiers.expectNoLeases()
    }

    @Test func keysWithoutCopiesAreReadTogether() async throws {
        for name in ["a", "b", "c"] { try await self.tiers.write(1, name) }
        _ = try await self.tiers.read("b")
        let keys = ["a", "b", "absent", "c", "a"].map(TiersUnderTest.key)
        let before = self.reads()
        let answers = try await self.tiers.space.read(keys, ReadOptions(coder: UnreadCoder()))
        #expect(self.reads() == before + 1)
        let found = answers.map { if case .found = $0 { true } else { false } }
        #expect(found == [true, true, false, true, true])
        #expect(["a", "b", "c"].allSatisfy { self.tiers.copy($0) == 1 })
        #expect(!self.tiers.hasCopy("absent"))
        self.tiers.expectNoLeases()
    }

    @Test func whatAFillBringsIsCopiedByTheNextRead() async throws {
        let cache = Cache(self.tiers.store, namespace: "ns")
        #expect(try await cache.fetch("k", filling: 1) == 1)
        #expect(!self.tiers.hasCopy())
        #expect(try await cache.fetch("k", filling: 2) == 1)
        #expect(self.tiers.copy() == 1)
    }

    @Test func leaseIsTheLowerTiersAndItsReadCopiesWhatItFinds() async throws {
        let lease = try await self.tiers.take()
        let other = self.tiers.lower.open("ns")
        let options = ReadOptions(
            lease: LeaseRequest(token: .random(), duration: .seconds(1)),
            coder: UnreadCoder()
        )
        guard case .absent(.held(let holder)) = try await other.read([lease.key], options).first else {
            Issue.record("another process does not see the lease")
            return
        }
        #expect(holder.token == lease.token)
        #expect(try await self.tiers.commit(3, under: lease))
        guard case .found = try await self.tiers.lookup(lease: options.lease) else {
            Issue.record("the entry is not found")
            return
        }
        #expect(self.tiers.copy() == 3)
        // From now on the copy answers.
        let before = self.reads()
        guard case .found = try await self.tiers.lookup(lease: options.lease) else {
            Issue.record("the copy is not found")
            return
        }
        #expect(self.reads() == before)
        // But a lease that replaces the entry is asked for below.
        #expect(try await self.tiers.take(replacesEntry: true).key == lease.key)
        self.tiers.expectNoLeases()
    }

    // MARK: Values

    @Test func bytesAreDecodedOnce() async throws {
        struct Book: Codable, Sendable, Equatable { var title: String }
        let store = TieredStore(upper: self.tiers.upper, lower: EncodingStore(self.tiers.lower))
        let cache = Cache(store, namespace: "ns")
        let key = CacheKey<Book>("book")
        try await cache.set(key, to: Book(title: "Dune"))
        for _ in 0..<5 { #expect(try await cache.get(key) == Book(title: "Dune")) }
        #expect(cache.counters.bytesRead == #"{"title":"Dune"}"#.utf8.count)
        #expect(cache.counters.hits == 5)
    }

    @Test func nilAndIntegersAreCopiedAsTheyAre() async throws {
        let cache = Cache(self.tiers.store, namespace: "ns")
        try await cache.set(CacheKey<String?>("nil"), to: nil)
        try await cache.set(CacheKey<Int>("integer"), to: .min)
        for _ in 0..<2 {
            #expect(try await cache.get(CacheKey<String?>("nil")) == .some(nil))
            #expect(try await cache.get(CacheKey<Int>("integer")) == .min)
        }
        #expect(self.tiers.hasCopy("nil"))
        #expect(self.tiers.copy("integer") == .min)
    }

    @Test func copyOfAnotherTypeSendsItsReaderBelow() async throws {
        let store = TieredStore(upper: self.tiers.upper, lower: EncodingStore(self.tiers.lower))
        let cache = Cache(store, namespace: "ns")
        try await cache.set(CacheKey<String>("k"), to: "text")
        #expect(try await cache.get(CacheKey<String>("k")) == "text")
        // The same bytes are an optional text, but the copy is none.
        guard case .hit("text", _) = try await cache.lookup(CacheKey<String?>("k")) else {
            Issue.record("the reader of another type got the copy")
            return
        }
        #expect(try await cache.fetch(CacheKey<String>("k"), filling: "filled") == "text")
        #expect(try await cache.get(CacheKey<String>("k")) == "text")
    }

    @Test func whoLooksAtNoValueCopiesNoBytes() async throws {
        let store = TieredStore(upper: self.tiers.upper, lower: EncodingStore(self.tiers.lower))
        let cache = Cache(store, namespace: "ns")
        // An array of numbers is one of bytes too, in JSON.
        let key = CacheKey<[Int]>("k")
        try await cache.set(key, to: [1, 2])
        #expect(try await cache.contains(key))
        #expect(try await cache.ttl(of: key) != nil)
        #expect(self.tiers.upper.count == 0)
        #expect(try await cache.get(key) == [1, 2])
        #expect(self.tiers.upper.count == 1)
        #expect(try await cache.contains(key))
        #expect(try await cache.get(key) == [1, 2])
        self.tiers.expectNoLeases()
    }

    @Test func costOfACopyIsThatOfItsValue() async throws {
        let seen = Box<[String]>()
        seen.value = []
        let limit = MemoryStore.Limit.cost(1_000) { key, value in
            seen.value?.append("\(key)=\(value.map { "\($0)" } ?? "nil")")
            return key == "heavy" ? 5_000 : 1
        }
        let tiers = TiersUnderTest(upperLimit: limit)
        let cache = Cache(tiers.store, namespace: "ns")
        try await cache.set("text", to: "a")
        try await cache.set(CacheKey<String?>("nil"), to: nil)
        try await cache.set("heavy", to: "b")
        for _ in 0..<2 {
            #expect(try await cache.get("text") as String? == "a")
            #expect(try await cache.get(CacheKey<String?>("nil")) == .some(nil))
            #expect(try await cache.get("heavy") as String? == "b")
        }
        #expect(Set(seen.value ?? []) == ["text=a", "nil=nil", "heavy=b"])
        #expect(!tiers.hasCopy("heavy"), "it is heavier than the upper tier takes")
        tiers.expectNoLeases()
    }

    @Test func storesOverDifferentOnesDoNotMixTheirCopies() async throws {
        let second = TieredStore(
            upper: self.tiers.upper,
            lower: FaultyStore(MemoryStore(limit: .entries(10), clock: CacheClock(self.tiers.clock)))
        )
        let caches = [Cache(self.tiers.store, namespace: "ns"), Cache(second, namespace: "ns")]
        for (index, cache) in caches.enumerated() { try await cache.set("k", to: index) }
        for _ in 0..<3 {
            for (index, cache) in caches.enumerated() { #expect(try await cache.get("k") as Int? == index) }
        }
        // Somebody else's entry, in the same place.
        let plain = Cache(self.tiers.upper, namespace: "ns")
        #expect(try await plain.get("k") as Int? == nil, "a copy is no entry")
        try await plain.set("k", to: 77)
        #expect(try await caches[0].get("k") as Int? == 0)
    }

    // MARK: When the lower tier is unavailable

    @Test func copiesAreServedWhileTheLowerTierIsUnavailable() async throws {
        try await self.tiers.write(1)
        #expect(try await self.tiers.integer() == 1)
        self.tiers.lower.fail()
        #expect(try await self.tiers.integer() == 1)
        await expectError(.unavailable) { try await self.tiers.read("absent") }
        await expectError(.unavailable) {
            try await self.tiers.space.read(
                [TiersUnderTest.key("k"), TiersUnderTest.key("absent")],
                ReadOptions(coder: UnreadCoder())
            )
        }
        self.tiers.expectNoLeases()
        let cache = Cache(self.tiers.store, namespace: "ns", defaults: .init(failurePolicy: .throwing))
        #expect(try await cache.fetch("k", filling: 2) == 1)
        await expectError(.unavailable) { try await cache.set("k", to: 3) }
        // What became of the write, nobody knows: the copy is gone.
        await expectError(.unavailable) { try await cache.get(CacheKey<Int>("k")) }
        self.tiers.lower.recover()
        #expect(try await cache.get("k") as Int? == 1)
    }

    @Test func readThatIsCancelledLeavesNoLease() async throws {
        self.tiers.lower.hang([.read])
        let task = Task { try await self.tiers.read() }
        try await eventually("the read hangs") { self.tiers.lower.hangingCalls == 1 }
        #expect(self.tiers.upper.leases.standing == 1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        self.tiers.expectNoLeases()
    }

    @Test func cancelledChangeDropsTheCopy() async throws {
        try await self.tiers.write(1)
        #expect(try await self.tiers.integer() == 1)
        self.tiers.lower.hang([.remove])
        let task = Task { _ = try await self.tiers.space.remove([TiersUnderTest.key("k")]) }
        try await eventually("the removal hangs") { self.tiers.lower.hangingCalls == 1 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!self.tiers.hasCopy())
    }

    // MARK: The store

    @Test func threeTiersCopyAndForgetTogether() async throws {
        let clock = CacheClock(self.tiers.clock)
        let top = MemoryStore(limit: .entries(100), clock: clock)
        let store = TieredStore(upper: top, lower: self.tiers.store)
        let space = store.open("ns")
        try await self.tiers.write(1)
        let options = ReadOptions(wantsTimes: true, coder: UnreadCoder())
        guard case .found(let entry) = try await space.read([TiersUnderTest.key("k")], options).first else {
            Issue.record("the entry is not found")
            return
        }
        #expect(entry.timeLeft == .remaining(.seconds(60)))
        #expect(top.count == 1)
        #expect(self.tiers.copy() == 1)
        self.tiers.once(.remove, .after) { throw Failure() }
        await #expect(throws: Failure()) { try await space.remove([TiersUnderTest.key("k")]) }
        #expect(top.count == 0)
        #expect(!self.tiers.hasCopy())
        #expect(top.leases.standing == 0)
        self.tiers.expectNoLeases()
    }

    @Test func storeSaysWhatItsLowerTierSays() async throws {
        let upper = MemoryStore(limit: .entries(10))
        #expect(TieredStore(upper: upper, lower: .memory(entries: 10)).isLocal)
        #expect(!self.tiers.store.isLocal)
        #expect(self.tiers.store.kind == "tiered")
        let local = TieredStore(upper: upper, lower: .memory(entries: 10)).open("ns")
        guard case .absent = local.readNow(TiersUnderTest.key("k")) else {
            Issue.record("two memories need no wait to know that there is nothing")
            return
        }
        _ = try await local.write([TiersUnderTest.entry(.integer(4))], .always)
        guard case .fresh(.integer(4)) = local.readNow(TiersUnderTest.key("k")) else {
            Issue.record("the lower tier did not answer at once")
            return
        }
    }

    @Test func workAndShutdownReachTheLowerTier() async throws {
        let lower = WorkingStore()
        let store = TieredStore(upper: self.tiers.upper, lower: lower)
        let task = Task { try await store.run() }
        try await eventually("the lower tier works") { lower.work.arrivals == 1 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await store.shutdown()
        #expect(lower.shutdowns.count == 1)
    }
}

/// A store with periodic work, which counts how often it is shut down.
private struct WorkingStore: CacheStore {
    let work = Gate()
    let shutdowns = Tally()

    var kind: String { "working" }

    func open(_ namespace: CacheNamespace) -> any NamespaceStore { NullStore().open(namespace) }

    func run() async throws { try await self.work.pass() }

    func shutdown() async { self.shutdowns.add() }
}
