/// What a memory cache has done since it was made.
///
/// Kept per shard as plain integers under the shard's lock, so that counting costs next to nothing.
public struct MemoryCacheStatistics: Sendable, Hashable {
    /// Reads that found a live entry.
    public var hits = 0
    /// Reads that found nothing, or an entry that had expired.
    public var misses = 0
    /// Entries stored under a key that had none.
    public var insertions = 0
    /// Values stored in the place of another.
    public var replacements = 0
    /// Entries dropped because the limit was reached.
    public var evictions = 0
    /// Entries dropped because their time was over.
    ///
    /// They are counted when their memory is freed.
    public var expirations = 0
    /// Entries removed by the program, `removeAll` included.
    public var removals = 0
    /// Values that were not stored because they cost more than the cache can hold.
    public var refusals = 0

    @usableFromInline
    init() {}

    /// The share of reads that were hits, between 0 and 1; 0 before the first read.
    public var hitRatio: Double {
        let reads = self.hits + self.misses
        return reads == 0 ? 0 : Double(self.hits) / Double(reads)
    }

    static func += (left: inout Self, right: Self) {
        left.hits += right.hits
        left.misses += right.misses
        left.insertions += right.insertions
        left.replacements += right.replacements
        left.evictions += right.evictions
        left.expirations += right.expirations
        left.removals += right.removals
        left.refusals += right.refusals
    }
}
