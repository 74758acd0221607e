import LarderTesting
import Testing

@testable import Larder

/// Caches that compress and seal, on a store that keeps bytes.
struct TransformedCaches {
    let clock = ManualClock()
    let store: ByteStore
    let memory: MemoryStore

    init() {
        self.memory = MemoryStore(limit: .entries(10_000), clock: CacheClock(self.clock))
        self.store = ByteStore(self.memory)
    }

    static let compression = EntryCompression(RunLengthCompressor(), threshold: 0)
    static let repetitive = String(repeating: "a", count: 200)

    func cache(
        _ compression: EntryCompression? = nil,
        _ sealer: (any EntrySealer)? = nil,
        namespace: CacheNamespace = "ns",
        codec: any CacheCodec = JSONCodec(),
        defaults: CacheDefaults = CacheDefaults()
    ) -> Cache {
        // What waits in a cache waits for real: nobody moves this clock while it does.
        Cache(
            self.store,
            namespace: namespace,
            defaults: defaults,
            codec: codec,
            compression: compression,
            sealer: sealer
        )
    }

    static func key(_ name: String, version: Int = 1) -> StoreKey { StoreKey(version: version, name: name) }

    func expectNoLeases(_ location: SourceLocation = #_sourceLocation) {
        #expect(self.memory.leases.standing == 0, "leases", sourceLocation: location)
    }
}

@Suite(.timeLimit(.minutes(10))) struct TransformedCacheTests {
    private struct Book: Codable, Sendable, Equatable {
        var title: String
        var year: Int?
    }

    private let caches = TransformedCaches()

    @Test func sealedAbsencesLiveAsLongAsThePolicySays() async throws {
        let policy = try FetchPolicy(ttl: .seconds(1_000), negativeTTL: .seconds(30))
        let cache = self.caches.cache(nil, ChecksumSealer())
        let key = CacheKey<Book?>("nobody")
        let first = try await cache.fetch(key, policy: policy) { nil }
        #expect(first == nil)
        self.caches.clock.advance(by: .seconds(29))
        #expect(try await cache.contains(key))
        self.caches.clock.advance(by: .seconds(2))
        #expect(try await !cache.contains(key))
    }

    @Test func whatIsLargerThanTheLimitIsKeptAsItIs() async throws {
        let compression = EntryCompression(RunLengthCompressor(), threshold: 0, limit: 100)
        let cache = self.caches.cache(compression)
        let key = CacheKey<String>("long")
        try await cache.set(key, to: TransformedCaches.repetitive)
        #expect(try await cache.get(key) == TransformedCaches.repetitive)
    }

    @Test func valuesOfAllKindsComeBack() async throws {
        let cache = self.caches.cache(TransformedCaches.compression, ChecksumSealer())
        let text = TransformedCaches.repetitive
        try await cache.set(CacheKey<String>("text"), to: text)
        try await cache.set(CacheKey<[UInt8]>("bytes"), to: [UInt8](repeating: 0, count: 500))
        try await cache.set(CacheKey<Book>("book"), to: Book(title: text, year: 1815))
        try await cache.set(CacheKey<Int>("integer"), to: .min)
        try await cache.set(CacheKey<UInt64>("large"), to: .max)
        try await cache.set(CacheKey<Int?>("some"), to: 5)
        try await cache.set(CacheKey<Int?>("none"), to: nil)
        try await #expect(cache.get(CacheKey<String>("text")) == text)
        try await #expect(cache.get(CacheKey<[UInt8]>("bytes")) == [UInt8](repeating: 0, count: 500))
        try await #expect(cache.get(CacheKey<Book>("book")) == Book(title: text, year: 1815))
        try await #expect(cache.get(CacheKey<Int>("integer")) == .min)
        try await #expect(cache.get(CacheKey<UInt64>("large")) == .max)
        try await #expect(cache.get(CacheKey<Int?>("some")) == .some(5))
        try await #expect(cache.get(CacheKey<Int?>("none")) == .some(nil))
        try await #expect(cache.get(CacheKey<Int?>("absent")) == nil)
        // Optional and plain readers read each other's.
        try await #expect(cache.get(CacheKey<Int?>("integer")) == .some(.min))
        try await #expect(cache.get(CacheKey<Int>("none")) == nil)
        for name in ["text", "bytes", "book", "integer", "large", "some", "none"] {
            let kept = try #require(try await self.caches.store.bytes(TransformedCaches.key(name)))
            #expect(kept.seal == SealID(custom: 210), "\(name)")
        }
        let book = try #require(try await self.caches.store.bytes(TransformedCaches.key("book")))
        #expect(book.compression == CompressionID(custom: 200))
    }

    @Test func codecCanBeChangedWhileEntriesLive() async throws {
        let key = CacheKey<Book>("k")
        let codecs: [any CacheCodec] = [JSONCodec(), MessagePackCodec(), PropertyListCodec()]
        let all = codecs.map { self.caches.cache(TransformedCaches.compression, ChecksumSealer(), codec: $0) }
        for (writer, codec) in zip(all, codecs) {
            try await writer.set(key, to: Book(title: "by \(codec.id)"))
            let kept = try #require(try await self.caches.store.bytes(TransformedCaches.key("k")))
            #expect(kept.codec == codec.id)
            for reader in all { try await #expect(reader.get(key) == Book(title: "by \(codec.id)")) }
        }
    }

    @Test func compressorCanBeChangedWhileEntriesLive() async throws {
        let old = self.caches.cache(TransformedCaches.compression)
        let new = self.caches.cache(
            EntryCompression(
                RunLengthCompressor(id: CompressionID(custom: 222)),
                threshold: 0,
                alsoReading: [RunLengthCompressor()]
            )
        )
        let key = CacheKey<String>("k")
        try await old.set(key, to: TransformedCaches.repetitive)
        try await #expect(new.get(key) == TransformedCaches.repetitive)
        try await new.set(key, to: TransformedCaches.repetitive + "b")
        // The old one does not know it: a miss, which it fills over.
        try await #expect(old.get(key) == nil)
        try await #expect(old.fetch(key, filling: "filled") == "filled")
        try await #expect(new.get(key) == "filled")
        self.caches.expectNoLeases()
    }

    @Test func entryOfAnotherSealIsAMissAndIsFilledAnew() async throws {
        let key = CacheKey<String>("k")
        let cache = self.caches.cache(nil, ChecksumSealer())
        for other in [self.caches.cache(), self.caches.cache(nil, ChecksumSealer(key: 2))] {
            try await other.set(key, to: "theirs")
            try await #expect(cache.get(key) == nil)
            try await #expect(cache.fetch(key, filling: "ours") == "ours")
            try await #expect(cache.get(key) == "ours")
            try await #expect(other.get(key) == nil)
        }
        self.caches.expectNoLeases()
    }

    @Test func whatSomebodyPutsThereUnsealedIsAMiss() async throws {
        let cache = self.caches.cache(nil, ChecksumSealer())
        var stripped = EncodedValue(codec: .json, bytes: Array("5".utf8))
        let forged: [EntryValue] = [.integer(5), .null, .encoded(stripped)]
        for value in forged {
            try await self.caches.store.put(value, TransformedCaches.key("k"))
            try await #expect(cache.get(CacheKey<Int?>("k")) == nil)
            try await #expect(cache.getMany([CacheKey<Int?>("k")]).isEmpty)
            try await #expect(cache.fetch(CacheKey<Int?>("k"), filling: 6) == 6)
        }
        // An entry that was sealed, without its seal's mark.
        try await cache.set(CacheKey<String>("k"), to: "text")
        let sealed = try #require(try await self.caches.store.bytes(TransformedCaches.key("k")))
        stripped = sealed
        stripped.seal = .none
        try await self.caches.store.put(.encoded(stripped), TransformedCaches.key("k"))
        try await #expect(cache.get(CacheKey<String>("k")) == nil)
        try await self.caches.store.put(.encoded(sealed), TransformedCaches.key("k"))
        try await #expect(cache.get(CacheKey<String>("k")) == "text")
    }

    @Test func entryThatIsCopiedToAnotherNameIsAMiss() async throws {
        let cache = self.caches.cache(nil, ChecksumSealer())
        try await cache.set(CacheKey<String>("mine"), to: "text")
        let sealed = try #require(try await self.caches.store.bytes(TransformedCaches.key("mine")))
        try await self.caches.store.put(.encoded(sealed), TransformedCaches.key("yours"))
        try await self.caches.store.put(.encoded(sealed), TransformedCaches.key("mine", version: 2))
        try await self.caches.store.put(.encoded(sealed), TransformedCaches.key("mine"), "other")
        try await #expect(cache.get(CacheKey<String>("yours")) == nil)
        try await #expect(cache.get(CacheKey<String>("mine", version: 2)) == nil)
        try await #expect(self.caches.cache(nil, ChecksumSealer(), namespace: "other").get("mine") as String? == nil)
        try await #expect(cache.get(CacheKey<String>("mine")) == "text")
    }

    @Test func movingToAnotherVersionSealsAnew() async throws {
        let cache = self.caches.cache(TransformedCaches.compression, ChecksumSealer())
        for name in ["text", "nil"] { try await cache.set(CacheKey<String?>(name), to: name == "nil" ? nil : name) }
        let before = try #require(try await self.caches.store.bytes(TransformedCaches.key("text")))
        try await #expect(cache.incrementVersion(of: CacheKey<String?>("text")) == 2)
        try await #expect(cache.incrementVersion(of: CacheKey<String?>("nil"), by: 4) == 5)
        try await #expect(cache.get(CacheKey<String?>("text", version: 2)) == .some("text"))
        try await #expect(cache.get(CacheKey<String?>("nil", version: 5)) == .some(nil))
        try await #expect(cache.get(CacheKey<String?>("text")) == nil)
        let after = try #require(try await self.caches.store.bytes(TransformedCaches.key("text", version: 2)))
        #expect(after.seal == before.seal)
        #expect(after.bytes != before.bytes)
        self.caches.expectNoLeases()
    }

    @Test func sealedIntegersAreNotAddedTo() async throws {
        let cache = self.caches.cache(nil, ChecksumSealer())
        let key = CacheKey<Int>("k")
        await expectError(.notAnInteger) { try await cache.increment(key, initial: 1) }
        try await #expect(cache.get(key) == nil)
        try await cache.set(key, to: 5)
        await expectError(.notAnInteger) { try await cache.increment(key) }
        await expectError(.notAnInteger) { try await cache.decrement(key) }
        // A cache without the sealer cannot either.
        await expectError(.notAnInteger) { try await self.caches.cache().increment(key) }
        try await #expect(cache.get(key) == 5)
        // Compression alone leaves integers to the store.
        let compressing = self.caches.cache(TransformedCaches.compression)
        try await #expect(compressing.increment(CacheKey<Int>("count"), by: 4, initial: 1) == 5)
    }

    @Test func upperTierHoldsOpenedValues() async throws {
        struct Text: Codable, Sendable, Equatable { var text: String }
        let upper = MemoryStore(limit: .entries(100), clock: CacheClock(self.caches.clock))
        let store = TieredStore(upper: upper, lower: self.caches.store)
        let cache = Cache(store, namespace: "ns", compression: TransformedCaches.compression, sealer: ChecksumSealer())
        let value = Text(text: TransformedCaches.repetitive)
        try await cache.set(CacheKey<Text>("text"), to: value)
        try await cache.set(CacheKey<Int>("integer"), to: 7)
        try await cache.set(CacheKey<Int?>("nil"), to: nil)
        for _ in 0..<3 {
            try await #expect(cache.get(CacheKey<Text>("text")) == value)
            try await #expect(cache.get(CacheKey<Int>("integer")) == 7)
            try await #expect(cache.get(CacheKey<Int?>("nil")) == .some(nil))
        }
        #expect(upper.count == 3)
        // Each was opened once.
        let sizes = try await ["text", "integer", "nil"].asyncSum { name in
            try await self.caches.store.bytes(TransformedCaches.key(name))?.bytes.count ?? 0
        }
        #expect(cache.counters.bytesRead == sizes)
        // A reader of another type asks below, and the copy stays what it was for the first.
        try await #expect(cache.get(CacheKey<Int?>("integer")) == .some(7))
        try await #expect(cache.get(CacheKey<Int>("integer")) == 7)
        try await #expect(cache.get(CacheKey<Int>("nil")) == nil)
        // What does not open is copied by nobody.
        try await cache.remove(CacheKey<Text>("text"))
        let forged = EncodedValue(codec: .json, bytes: Array(#"{"text":"forged"}"#.utf8))
        try await self.caches.store.put(.encoded(forged), TransformedCaches.key("text"))
        try await #expect(cache.get(CacheKey<Text>("text")) == nil)
        try await #expect(cache.fetch(CacheKey<Text>("text"), filling: value) == value)
        try await #expect(cache.get(CacheKey<Text>("text")) == value)
        #expect(upper.leases.standing == 0)
        self.caches.expectNoLeases()
    }
}

extension [String] {
    fileprivate func asyncSum(_ body: (String) async throws -> Int) async throws -> Int {
        var sum = 0
        for name in self { sum += try await body(name) }
        return sum
    }
}
