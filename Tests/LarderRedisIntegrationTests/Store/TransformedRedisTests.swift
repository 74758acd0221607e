import Larder
import LarderCompression
import LarderCrypto
import LarderRedis
import LarderTesting
import Testing

/// Entries in Redis that are compressed or sealed, and scripts that have to leave them alone.
@Suite(.timeLimit(.minutes(5))) struct TransformedRedisTests {
    private static let text = CacheKey<String>("text")
    private static let repetitive = String(repeating: "preserve ", count: 500)
    private static let compression = EntryCompression.zlib(threshold: 100)

    private static func sealer(_ number: UInt32 = 1) throws -> AESGCMSealer {
        AESGCMSealer(try SealingKey(number, bytes: [UInt8](repeating: UInt8(number), count: 32)))
    }

    private func cache(
        _ redis: RedisUnderTest,
        _ compression: EntryCompression? = nil,
        _ sealer: (any EntrySealer)? = nil
    ) -> Cache {
        Cache(
            redis.store,
            namespace: "ns",
            defaults: .init(failurePolicy: .throwing),
            compression: compression,
            sealer: sealer
        )
    }

    private func expect<Value>(_ code: CacheError.Code, _ body: () async throws -> Value) async {
        let error = await #expect(throws: CacheError.self) { _ = try await body() }
        #expect(error?.code == code)
    }

    /// The bytes of codec, compression, flags and seal.
    private func marks(_ redis: RedisUnderTest, _ name: String) async throws -> [UInt8] {
        let reply = try await redis.server.command("EVAL", Self.marksScript, "0", "ns:1:\(name)")
        let numbers = reply.split(whereSeparator: \.isNewline).dropFirst().first ?? ""
        return numbers.split(separator: " ").compactMap { UInt8($0) }
    }

    private static let marksScript =
        "local h = redis.call('GETRANGE', ARGV[1], 2, 5) return table.concat({ string.byte(h, 1, 4) }, ' ')"

    @Test(arguments: Manner.allCases)
    func valuesComeBackAndAreMarked(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let cache = self.cache(redis, Self.compression, try Self.sealer())
            try await cache.set(Self.text, to: Self.repetitive, tags: ["t"])
            try await cache.set(CacheKey<Int>("integer"), to: .min)
            try await cache.set(CacheKey<Int?>("nil"), to: nil)
            try await #expect(cache.get(Self.text) == Self.repetitive)
            try await #expect(cache.get(CacheKey<Int>("integer")) == .min)
            try await #expect(cache.get(CacheKey<Int?>("nil")) == .some(nil))
            try await #expect(self.marks(redis, "text") == [1, 1, 0, 1])
            try await #expect(self.marks(redis, "integer") == [3, 0, 0, 1])
            try await #expect(self.marks(redis, "nil") == [0, 0, 0, 1])
            // Others see no value, and may fill over it.
            let plain = self.cache(redis)
            try await #expect(plain.get(CacheKey<Int>("integer")) == nil)
            try await #expect(plain.get(CacheKey<Int?>("nil")) == nil)
            let other = self.cache(redis, Self.compression, try Self.sealer(2))
            try await #expect(other.get(Self.text) == nil)
            let filled = try await other.fetch(Self.text) { "filled" }
            #expect(filled == "filled")
            try await #expect(cache.get(Self.text) == nil)
        }
    }

    @Test(arguments: Manner.allCases)
    func scriptsLeaveCompressedAndSealedEntriesAlone(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let plain = self.cache(redis)
            for writer in [self.cache(redis, Self.compression), self.cache(redis, nil, try Self.sealer())] {
                try await writer.set(Self.text, to: Self.repetitive)
                await self.expect(.appendFailed) { try await plain.append(Self.text, "x") }
                try await #expect(writer.get(Self.text) == Self.repetitive)
            }
            let sealed = self.cache(redis, nil, try Self.sealer())
            let count = CacheKey<Int>("count")
            try await sealed.set(count, to: 5)
            await self.expect(.notAnInteger) { try await sealed.increment(count) }
            await self.expect(.notAnInteger) { try await plain.increment(count, initial: 1) }
            try await #expect(sealed.get(count) == 5)
            // With compression alone integers are the store's, as ever.
            let compressing = self.cache(redis, Self.compression)
            try await #expect(compressing.increment(CacheKey<Int>("other"), by: 2, initial: 1) == 3)
            try await #expect(plain.increment(CacheKey<Int>("other")) == 4)
        }
    }

    @Test(arguments: Manner.allCases)
    func textGrowsUnderALease(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let cache = self.cache(redis, Self.compression, try Self.sealer())
            try await #expect(cache.append(Self.text, "a", ttl: .seconds(100)) == 1)
            try await #expect(
                cache.append(Self.text, Self.repetitive, ttl: .seconds(9_000)) == 1 + Self.repetitive.utf8.count
            )
            try await #expect(cache.get(Self.text) == "a" + Self.repetitive)
            let left = try #require(try await cache.ttl(of: Self.text)?.duration)
            #expect(left <= .seconds(100))
            try await cache.set(CacheKey<[Int]>("text"), to: [1])
            await self.expect(.appendFailed) { try await cache.append(Self.text, "x") }
            // What was uncompressed before grows too.
            let compressing = self.cache(redis, Self.compression)
            try await self.cache(redis).set(Self.text, to: "plain")
            try await #expect(compressing.append(Self.text, "er") == 7)
            try await #expect(self.cache(redis).append(Self.text, "!") == 8)
            try await #expect(compressing.get(Self.text) == "plainer!")
        }
    }

    @Test(arguments: Manner.allCases)
    func noneOfManyAppendsAtOnceIsLost(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let caches = [
                self.cache(redis, Self.compression, try Self.sealer()),
                self.cache(redis, Self.compression, try Self.sealer()),
            ]
            let key = CacheKey<[UInt8]>("bytes")
            try await withThrowingTaskGroup { group in
                for number in 0..<16 as Range<UInt8> {
                    group.addTask { _ = try await caches[Int(number) % 2].append(key, [number]) }
                }
                try await group.waitForAll()
            }
            let whole = try #require(try await caches[0].get(key))
            #expect(whole.sorted() == Array(0..<16))
        }
    }

    @Test func movingToAnotherVersionSealsAnew() async throws {
        try await withRedis { redis in
            let cache = self.cache(redis, Self.compression, try Self.sealer())
            try await cache.set(Self.text, to: Self.repetitive)
            try await #expect(cache.incrementVersion(of: Self.text) == 2)
            try await #expect(cache.get(Self.text.version(2)) == Self.repetitive)
            // Copied behind the cache's back, it does not open.
            try await #expect(redis.server.command("COPY", "ns:2:text", "ns:1:text") == ":1\r\n")
            try await #expect(cache.get(Self.text) == nil)
        }
    }

    @Test func appendedTextIsCompressedOnceItIsLongEnough() async throws {
        try await withRedis { redis in
            let cache = self.cache(redis, Self.compression)
            try await cache.append(Self.text, "short")
            try await #expect(self.marks(redis, "text") == [1, 0, 0, 0])
            try await cache.append(Self.text, Self.repetitive)
            try await #expect(self.marks(redis, "text") == [1, 1, 0, 0])
            let length = try await redis.server.command("STRLEN", "ns:1:text")
            #expect((Int(length.dropFirst().filter { !$0.isNewline }) ?? .max) < 200)
        }
    }
}
