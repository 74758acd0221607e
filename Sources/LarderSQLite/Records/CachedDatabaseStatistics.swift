import Synchronization

/// What a ``CachedDatabase`` has counted since it was made.
public struct CachedDatabaseStatistics: Sendable, Hashable {
    /// Reads that were served from the cache.
    public var hits = 0
    /// Reads of the database whose value was handed to the cache.
    public var fills = 0
    /// Reads of the database because the cache's store had not heard yet of a change.
    public var passedBy = 0
    /// Reads of the database of which nobody can tell when they become untrue, so that they are not cached.
    public var unwatched = 0
    /// Transactions that were committed.
    public var commits = 0
    /// Tags and keys that they have changed.
    public var invalidations = 0
    /// Times that another connection was found to have written.
    public var foreignWrites = 0
    /// Tags and keys of which the cache's store has not heard.
    public var pending = 0

    /// Hits over all reads, from 0 to 1; 0 before the first.
    public var hitRatio: Double {
        let reads = self.hits + self.fills + self.passedBy + self.unwatched
        return reads == 0 ? 0 : Double(self.hits) / Double(reads)
    }
}

/// The counters of one cached database.
final class RecordCounters: Sendable {
    enum Event {
        case hit, fill, passedBy, unwatched, commit, invalidation, foreignWrite
    }

    private let hits = Atomic<Int>(0)
    private let fills = Atomic<Int>(0)
    private let passedBy = Atomic<Int>(0)
    private let unwatched = Atomic<Int>(0)
    private let commits = Atomic<Int>(0)
    private let invalidations = Atomic<Int>(0)
    private let foreignWrites = Atomic<Int>(0)

    func add(_ count: Int = 1, to event: Event) {
        switch event {
        case .hit: self.hits.add(count, ordering: .relaxed)
        case .fill: self.fills.add(count, ordering: .relaxed)
        case .passedBy: self.passedBy.add(count, ordering: .relaxed)
        case .unwatched: self.unwatched.add(count, ordering: .relaxed)
        case .commit: self.commits.add(count, ordering: .relaxed)
        case .invalidation: self.invalidations.add(count, ordering: .relaxed)
        case .foreignWrite: self.foreignWrites.add(count, ordering: .relaxed)
        }
    }

    var snapshot: CachedDatabaseStatistics {
        var statistics = CachedDatabaseStatistics()
        statistics.hits = self.hits.load(ordering: .relaxed)
        statistics.fills = self.fills.load(ordering: .relaxed)
        statistics.passedBy = self.passedBy.load(ordering: .relaxed)
        statistics.unwatched = self.unwatched.load(ordering: .relaxed)
        statistics.commits = self.commits.load(ordering: .relaxed)
        statistics.invalidations = self.invalidations.load(ordering: .relaxed)
        statistics.foreignWrites = self.foreignWrites.load(ordering: .relaxed)
        return statistics
    }
}
