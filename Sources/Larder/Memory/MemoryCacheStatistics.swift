/// What a memory cache has done since it was made.
///
/// Kept per shard as plain integers under the shard's lock, so that counting costs next to nothing. The sum over the
/// shards is not of one instant: what happens while it is taken may be in it or not.
public struct MemoryCacheStatistics: Sendable, Hashable {
    // MARK: Reads

    /// Reads that found a live entry.
    public var hits = 0
    /// Reads that found nothing, or an entry that had expired.
    public var misses = 0

    // MARK: Writes

    /// Entries stored under a key that had none.
    public var insertions = 0
    /// Values stored in the place of another.
    public var replacements = 0
    /// Values that were not stored because they cost more than the cache can hold.
    public var refusals = 0

    // MARK: Entries that left, by cause

    /// Entries dropped because the limit was reached.
    public var evictions = 0
    /// What the evicted entries cost together: their number, if the limit is one of entries.
    public var evictedCost = 0
    /// Entries dropped because their time was over.
    ///
    /// They are counted when their memory is freed.
    public var expirations = 0
    /// Entries removed by the program one by one or by a predicate.
    public var removals = 0
    /// Entries that `removeAll()` dropped.
    public var clearances = 0
    /// Entries dropped because the new value of their key was refused.
    public var refusalDrops = 0

    // MARK: Fills

    /// Fills that brought a value, whether or not it was stored.
    public var fills = 0
    /// Fills that threw, or that were cancelled because nobody waited for them any more.
    public var failedFills = 0
    /// How long the fills that brought a value took together.
    public var fillTime = Duration.zero

    @usableFromInline
    init() {}

    /// Reads.
    public var reads: Int { self.hits + self.misses }

    /// The share of reads that were hits, between 0 and 1; 0 before the first read.
    public var hitRatio: Double {
        self.reads == 0 ? 0 : Double(self.hits) / Double(self.reads)
    }

    /// How long a fill that brought a value took on average; zero before the first.
    public var meanFillTime: Duration {
        self.fills == 0 ? .zero : self.fillTime / self.fills
    }

    /// Entries that are no longer in the cache, whatever the cause; without those whose value was replaced.
    public var departures: Int {
        self.evictions + self.expirations + self.removals + self.clearances + self.refusalDrops
    }

    static func += (left: inout Self, right: Self) {
        left.hits += right.hits
        left.misses += right.misses
        left.insertions += right.insertions
        left.replacements += right.replacements
        left.refusals += right.refusals
        left.evictions += right.evictions
        left.evictedCost += right.evictedCost
        left.expirations += right.expirations
        left.removals += right.removals
        left.clearances += right.clearances
        left.refusalDrops += right.refusalDrops
        left.fills += right.fills
        left.failedFills += right.failedFills
        left.fillTime += right.fillTime
    }
}
