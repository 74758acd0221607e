/// Spreads keys over independent servers so that few keys move when a server comes or goes: consistent hashing (Karger
/// and others, 1997).
///
/// Each shard stands at 512 points on a ring of 64-bit numbers (times its weight), and a key belongs to the shard whose
/// point comes next after the key's own. The points follow from the shard's name alone: in whatever order and with
/// whatever others the shards are listed, every process puts a key on the same shard, and without one of them only its
/// own keys move. With fewer points the shards' shares would differ more: the differences shrink with the square root
/// of the number. With 512, shares are off by 4.4 % in the mean, and of 300 shares (30 rings of ten shards) that were
/// looked at, the worst was by 14.5 %.
///
/// Hashes are XXH64: a point is the hash of the name with the point's number as the seed, a key's place that of its hash
/// tag, or of the whole key if it has none, with seed 0. So keys that share a slot in a cluster share a shard here.
///
/// Changing any of this moves the keys of all users: a test holds it to what it was.
struct HashRing: Sendable {
    /// A server, or whatever else holds a share of the keys.
    struct Shard: Sendable, Hashable {
        /// The shard's identity: it decides which keys the shard gets.
        var name: String
        /// How many times the keys of a shard with weight 1 it gets, from 1 to 100.
        var weight = 1
    }

    /// How many points a shard of weight 1 has.
    static let pointsPerWeight = 512

    /// Five million points, 50 MB.
    static let maximumTotalWeight = 10_000

    /// The shards, in the order in which they were given.
    let shards: [Shard]
    /// The points, ascending, and beside each the index of its shard.
    private let points: [UInt64]
    private let owners: [UInt16]

    /// - Parameter shards: The shards, with different names.
    /// - Throws: `RedisError` with the code `.invalidConfiguration` if there are none, if two have one name or a name is
    ///   empty, if a weight is out of its range or if all together exceed 10,000.
    init(_ shards: [Shard]) throws(RedisError) {
        if let problem = Self.problem(of: shards) { throw .invalidShards(problem) }
        var points: [(place: UInt64, owner: UInt16)] = []
        for (index, shard) in shards.enumerated() {
            Array(shard.name.utf8).withUnsafeBytes { name in
                for number in 0..<shard.weight * Self.pointsPerWeight {
                    points.append((XXHash64.hash(name, seed: UInt64(number)), UInt16(index)))
                }
            }
        }
        // Where two points fall on one place, the names decide and not the order of the list.
        points.sort { left, right in
            left.place == right.place
                ? Array(shards[Int(left.owner)].name.utf8).lexicographicallyPrecedes(shards[Int(right.owner)].name.utf8)
                : left.place < right.place
        }
        self.shards = shards
        self.points = points.map(\.place)
        self.owners = points.map(\.owner)
    }

    /// What keeps shards from making a ring; nil if nothing does.
    static func problem(of shards: [Shard]) -> String? {
        if shards.isEmpty { return "there must be one at least" }
        if Set(shards.map(\.name)).count != shards.count || shards.contains(where: \.name.isEmpty) {
            return "each needs a name of its own"
        }
        if !shards.allSatisfy({ (1...100).contains($0.weight) }) { return "a weight is a number from 1 to 100" }
        if shards.reduce(0, { $0 + $1.weight }) > Self.maximumTotalWeight {
            return "all weights together may not exceed \(Self.maximumTotalWeight)"
        }
        return nil
    }

    /// The index in `shards` of the shard that has a key.
    func shard(of key: UnsafeRawBufferPointer) -> Int {
        let place = XXHash64.hash(KeySlot.hashedPart(of: key))
        // The first point at the place or after it.
        var low = 0
        var high = self.points.count
        while low < high {
            let middle = (low + high) >> 1
            if self.points[middle] < place { low = middle + 1 } else { high = middle }
        }
        return Int(self.owners[low == self.points.count ? 0 : low])
    }

    /// The index in `shards` of the shard that has a key.
    func shard(of key: String) -> Int {
        var key = key
        return key.withUTF8 { self.shard(of: UnsafeRawBufferPointer($0)) }
    }
}

extension RedisError {
    fileprivate static func invalidShards(_ problem: String) -> RedisError {
        RedisError(.invalidConfiguration, message: "shards: \(problem)")
    }
}
