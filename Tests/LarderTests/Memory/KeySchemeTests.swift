import Larder
import Testing

@testable import Larder

@Suite(.integrity) struct KeySchemeTests {
    @Test func stringsAreTheSameKeyWhenTheirBytesAre() {
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        #expect(composed == decomposed)
        let cache = MemoryCache<String, Int>.checked(limit: .entries(10))
        cache.insert(1, forKey: composed)
        #expect(cache.value(forKey: composed) == 1)
        #expect(cache.value(forKey: decomposed) == nil)
    }

    @Test func keysOfEveryLengthComeBackAsTheyWere() {
        let cache = MemoryCache<String, Int>.checked(limit: .entries(10_000))
        let keys = (0...100).map { String(repeating: "é", count: $0) + "x" } + ["", "\0", "\0\0", "😀"]
        for (number, key) in keys.enumerated() { cache.insert(number, forKey: key) }
        for (number, key) in keys.enumerated() { #expect(cache.value(forKey: key) == number) }
        var found: Set<String> = []
        cache.forEach { key, entry in
            #expect(keys[entry.value] == key)
            found.insert(key)
        }
        #expect(found == Set(keys))
    }

    @Test(arguments: 0...70)
    func oneChangedByteMakesAnotherKey(_ length: Int) {
        let bytes = (0..<length).map { UInt8($0 + 32) }
        let cache = MemoryCache<String, Int>.checked(limit: .entries(1_000))
        cache.insert(-1, forKey: String(decoding: bytes, as: UTF8.self))
        for position in 0..<length {
            var other = bytes
            other[position] ^= 1
            #expect(cache.value(forKey: String(decoding: other, as: UTF8.self)) == nil)
            bytes.withUnsafeBytes { left in
                other.withUnsafeBytes { right in
                    guard let left = left.baseAddress, let right = right.baseAddress else { return }
                    let stored = KeyBytes(left, count: length)
                    defer { stored.deallocate() }
                    withUnsafePointer(to: stored) { stored in
                        #expect(KeyBytes.matches(stored, left, count: length))
                        #expect(!KeyBytes.matches(stored, right, count: length))
                        #expect(!KeyBytes.matches(stored, left, count: length - 1))
                    }
                }
            }
        }
    }

    @Test func namesOfOtherNamespacesAndVersionsAreOtherKeys() {
        let cache = ShardedCache<NamespacedNameScheme, Int>(ShardLayout(entries: 1_000))
        var keys: [NamespacedName] = []
        for namespace in UInt32(0)..<5 {
            for version in -2..<3 {
                for name in ["a", "a name of more than fifteen bytes"] {
                    keys.append(NamespacedName(namespace: namespace, version: version, name: name))
                }
            }
        }
        for (number, key) in keys.enumerated() { cache.insert(number, forKey: key) }
        for (number, key) in keys.enumerated() { #expect(cache.value(forKey: key) == number) }
        cache.forEach { key, entry in #expect(keys[entry.value] == key) }
    }

    @Test func everyCacheHashesWithItsOwnSeed() {
        #expect(HashSeed.random() != HashSeed.random())
        let first = ShardedCache<StringScheme, Int>(ShardLayout(entries: 10))
        let second = ShardedCache<StringScheme, Int>(ShardLayout(entries: 10))
        #expect(first.seed != second.seed)
    }

    @Test func keysThatCollideUnderOneSeedDoNotUnderAnother() {
        // What an attacker would look for: keys that fall into the same place. Found under one seed, they must spread
        // under the next.
        let seeds = (0..<2).map { _ in HashSeed.random() }
        let colliding = (0..<200_000).filter { seeds[0].hash(UInt64($0)) & 0xFFF == 0 }
        #expect(colliding.count > 20)
        #expect(Set(colliding.map { seeds[1].hash(UInt64($0)) & 0xFFF }).count > colliding.count / 2)
    }

    @Test func hashesSpreadOverShardsAndPlaces() {
        let seed = HashSeed.random()
        for shift in [UInt64(0), 7, 20, 48, 56] {
            var counts = [Int](repeating: 0, count: 64)
            for number in 0..<64_000 { counts[Int((seed.hash(UInt64(number)) >> shift) & 63)] += 1 }
            // A thousand each on average, with a standard deviation of 31.
            #expect(counts.allSatisfy { (750...1_250).contains($0) })
        }
    }
}
