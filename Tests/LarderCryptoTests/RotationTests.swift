import Larder
import LarderCrypto
import LarderTesting
import Testing

/// Keys that change while a cache lives.
@Suite(.timeLimit(.minutes(2))) struct RotationTests {
    private static let key = CacheKey<String>("k")

    private let store = ByteStore(MemoryStore(limit: .entries(100)))

    private func cache(_ kind: SealerTests.Kind, _ numbers: [UInt32]) throws -> Cache {
        let ring = try KeyRing(numbers.map { try SealerTests.key($0) })
        return Cache(self.store, namespace: "ns", sealer: kind.sealer(ring))
    }

    private func number() async throws -> UInt8? {
        try await self.store.bytes(StoreKey(version: 1, name: "k"))?.bytes.first
    }

    @Test(arguments: SealerTests.Kind.allCases)
    func oldKeysOpenUntilTheyAreRemoved(_ kind: SealerTests.Kind) async throws {
        let before = try self.cache(kind, [1])
        let adding = try self.cache(kind, [1, 2])
        let turning = try self.cache(kind, [2, 1])
        let after = try self.cache(kind, [2])
        try await before.set(Self.key, to: "old")
        try await #expect(self.number() == 1)
        for cache in [before, adding, turning] { try await #expect(cache.get(Self.key) == "old") }
        try await #expect(after.get(Self.key) == nil)
        try await turning.set(Self.key, to: "new")
        try await #expect(self.number() == 2)
        for cache in [adding, turning, after] { try await #expect(cache.get(Self.key) == "new") }
        try await #expect(before.get(Self.key) == nil)
        // What does not open is filled anew.
        let filled = try await before.fetch(Self.key) { "filled" }
        #expect(filled == "filled")
        try await #expect(self.number() == 1)
        try await #expect(after.get(Self.key) == nil)
    }

    @Test func cachesOfDifferentSealersMissEachOther() async throws {
        let caches = try SealerTests.Kind.allCases.map { try self.cache($0, [1]) }
        for writer in caches.indices {
            try await caches[writer].set(Self.key, to: "\(writer)")
            for reader in caches.indices {
                let value = try await caches[reader].get(Self.key)
                #expect(value == (reader == writer ? "\(writer)" : nil))
            }
        }
    }
}
