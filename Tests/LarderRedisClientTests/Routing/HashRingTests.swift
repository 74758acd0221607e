import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct HashRingTests {
    @Test(
        arguments: [
            ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
            ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
        ] as [(String, UInt64)]
    )
    func hashesAreThoseOfXXH64(text: String, hash: UInt64) {
        #expect(Array(text.utf8).withUnsafeBytes { XXHash64.hash($0) } == hash)
    }

    static func ring(_ names: [String]) throws -> HashRing { try HashRing(names.map { HashRing.Shard(name: $0) }) }

    static let ten = (0..<10).map { "cache-\($0).internal:6379" }

    static func name(of key: String, on ring: HashRing) -> String { ring.shards[ring.shard(of: key)].name }

    /// Processes of different versions of this library have to agree.
    ///
    /// If this test fails, what was changed moves everybody's keys.
    @Test(arguments: [
        ("", 7), ("user:1", 0), ("user:2", 6), ("user:3", 1), ("session:8c1f", 3), ("größe", 1),
        ("a key that is longer than the thirty-two bytes of a lane", 9),
    ])
    func keysStayWhereTheyAlwaysWere(key: String, shard: Int) throws {
        #expect(try Self.ring(Self.ten).shard(of: key) == shard)
    }

    @Test func tenShardsHaveSharesWithin15Percent() throws {
        for names in [Self.ten, (1...10).map { "shard\($0)" }, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]] {
            let ring = try Self.ring(names)
            var counts = [Int](repeating: 0, count: 10)
            for key in 0..<200_000 { counts[ring.shard(of: "user:\(key):profile")] += 1 }
            #expect(counts.allSatisfy { abs($0 - 20_000) < 3000 }, "\(counts)")
        }
    }

    @Test func sharesFollowTheWeights() throws {
        let ring = try HashRing([.init(name: "small"), .init(name: "large", weight: 3)])
        let large = (0..<100_000).count { ring.shard(of: "key:\($0)") == 1 }
        #expect(abs(large - 75_000) < 5000)
    }

    @Test func aNewShardTakesItsShareAndNobodyElseMovesAnything() throws {
        let before = try Self.ring(Self.ten)
        let after = try Self.ring(Self.ten + ["another"])
        var moved = 0
        for key in 0..<100_000 {
            let (old, new) = (Self.name(of: "key:\(key)", on: before), Self.name(of: "key:\(key)", on: after))
            guard old != new else { continue }
            moved += 1
            #expect(new == "another")
        }
        // An eleventh of 100,000, give or take 15 %.
        #expect(moved > 7727 && moved < 10_455, "\(moved)")
    }

    @Test func withoutAShardOnlyItsKeysMoveWhateverTheOrderOfTheRest() throws {
        let before = try Self.ring(Self.ten)
        let gone = Self.ten[4]
        let after = try Self.ring(Self.ten.filter { $0 != gone }.reversed())
        for key in 0..<50_000 {
            let (old, new) = (Self.name(of: "key:\(key)", on: before), Self.name(of: "key:\(key)", on: after))
            #expect(old == new || old == gone)
        }
    }

    @Test func keysWithOneTagShareAShard() throws {
        let ring = try Self.ring(Self.ten)
        for user in 0..<1000 {
            let shard = ring.shard(of: "{user:\(user)}:entry")
            #expect(ring.shard(of: "{user:\(user)}:lease") == shard)
            #expect(ring.shard(of: "user:\(user)") == shard)
        }
    }

    @Test func oneShardHasEverything() throws {
        let ring = try Self.ring(["only"])
        #expect((0..<1000).allSatisfy { ring.shard(of: "key:\($0)") == 0 })
    }

    @Test(
        arguments: [
            [], [.init(name: "a"), .init(name: "a")], [.init(name: "")], [.init(name: "a", weight: 0)],
            [.init(name: "a", weight: 101)], (0..<101).map { .init(name: "\($0)", weight: 100) },
        ] as [[HashRing.Shard]]
    )
    func shardsThatMakeNoRingAreRefused(shards: [HashRing.Shard]) {
        #expect {
            _ = try HashRing(shards)
        } throws: {
            ($0 as? RedisError)?.code == .invalidConfiguration
        }
    }
}
