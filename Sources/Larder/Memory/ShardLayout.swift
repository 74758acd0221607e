#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Into how many shards a cache is divided.
package struct ShardLayout: Sendable {
    /// The number of shards, a power of two.
    package let shards: Int
    /// What all of them hold together at first; the limit may be changed later.
    package let capacity: Int
    /// Whether entries cost other than 1.
    package let isWeighted: Bool

    /// Enough that threads on all cores seldom meet.
    private static var shardsPerCore: Int { 8 }
    /// Fewer make the policy's queues so short that chance decides: 16 shards of 62 entries lost half a point of hit
    /// ratio, of 18 entries 2.7 points, of 190 nothing that could be measured.
    private static var fewestEntries: Int { 128 }
    /// The tables of a larger shard no longer lie in a processor's nearer caches.
    private static var mostEntries: Int { 1 << 16 }
    /// So that an entry that is small beside the limit fits in its shard's share.
    private static var leastCost: Int { 1 << 16 }
    /// Shards by cost are split further from here on, to keep their tables short: entries of 256 bytes are assumed.
    private static var mostCost: Int { 1 << 24 }
    /// The top 16 bits of the hash choose the shard.
    private static var mostShards: Int { 1 << 16 }

    package init(entries: Int, cores: Int = Self.cores) {
        self.init(
            capacity: entries,
            isWeighted: false,
            atMost: entries / Self.fewestEntries,
            wanted: max(cores * Self.shardsPerCore, entries / Self.mostEntries)
        )
    }

    package init(cost: Int, cores: Int = Self.cores) {
        self.init(
            capacity: cost,
            isWeighted: true,
            atMost: cost / Self.leastCost,
            wanted: max(cores * 2, cost / Self.mostCost)
        )
    }

    private init(capacity: Int, isWeighted: Bool, atMost: Int, wanted: Int) {
        self.capacity = max(0, capacity)
        self.isWeighted = isWeighted
        var shards = 1
        while shards < wanted, shards * 2 <= min(atMost, Self.mostShards) { shards *= 2 }
        self.shards = shards
    }

    /// The even share of the shard of this number.
    ///
    /// The sum over all is the capacity.
    package func capacity(of shard: Int) -> Int {
        self.share(of: shard, in: self.capacity)
    }

    /// What this shard's even share of another amount is.
    func share(of shard: Int, in amount: Int) -> Int {
        amount / self.shards + (shard < amount % self.shards ? 1 : 0)
    }

    package static var cores: Int {
        max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }
}
