import Metrics
import Synchronization

/// What a cache has counted since it was made.
public struct CacheCounters: Sendable, Hashable {
    /// Reads of single keys that found a fresh entry.
    public var hits = 0
    /// Reads of single keys that found nothing.
    public var misses = 0
    /// Reads of single keys that found an entry in its grace.
    public var stale = 0
    /// Keys that could not be read or written because the store was unavailable.
    public var unavailable = 0
    /// Fills that were begun.
    public var fills = 0
    /// Fills that threw, timed out or were cancelled.
    public var failedFills = 0
    /// Fills that were begun behind callers, who were served with what there was; counted among the fills too.
    public var refreshes = 0
    /// Reads that were served with a value past its time to live.
    public var staleServes = 0
    /// Bytes of values decoded, without headers; 0 in a store that keeps Swift values.
    public var bytesRead = 0
    /// Bytes of values encoded, without headers; 0 in a store that keeps Swift values.
    public var bytesWritten = 0

    /// Bytes of values decoded and encoded.
    public var bytes: Int { self.bytesRead + self.bytesWritten }

    /// Hits over all reads, from 0 to 1; 0 before the first read.
    public var hitRatio: Double {
        let reads = self.hits + self.misses + self.stale + self.unavailable
        return reads == 0 ? 0 : Double(self.hits) / Double(reads)
    }
}

/// One count: an atomic, and the metric of the same name.
private struct Tally: ~Copyable, Sendable {
    private let count = Atomic<Int>(0)
    private let metric: Counter

    init(_ label: String, _ outcome: String, _ dimensions: [(String, String)]) {
        self.metric = Counter(label: label, dimensions: dimensions + [("outcome", outcome)])
    }

    @inline(__always)
    func add(_ count: Int) {
        self.count.add(count, ordering: .relaxed)
        self.metric.increment(by: count)
    }

    var value: Int { self.count.load(ordering: .relaxed) }
}

/// The counters of one cache.
final class CounterStorage: Sendable {
    enum Event {
        case hit, miss, stale, unavailable, fill, failedFill, refresh, staleServe, bytesRead, bytesWritten
    }

    private let hits: Tally
    private let misses: Tally
    private let stale: Tally
    private let unavailable: Tally
    private let fills: Tally
    private let failedFills: Tally
    private let refreshes: Tally
    private let staleServes: Tally
    private let bytesRead: Tally
    private let bytesWritten: Tally

    /// - Parameters:
    ///   - cache: The cache's namespace, as a dimension of its metrics.
    ///   - store: The kind of its store, likewise.
    init(cache: String, store: String) {
        let dimensions = [("cache", cache), ("store", store)]
        self.hits = Tally("larder_reads", "hit", dimensions)
        self.misses = Tally("larder_reads", "miss", dimensions)
        self.stale = Tally("larder_reads", "stale", dimensions)
        self.unavailable = Tally("larder_reads", "unavailable", dimensions)
        self.fills = Tally("larder_fills", "begun", dimensions)
        self.failedFills = Tally("larder_fills", "failed", dimensions)
        self.refreshes = Tally("larder_fills", "behind", dimensions)
        self.staleServes = Tally("larder_serves", "stale", dimensions)
        self.bytesRead = Tally("larder_bytes", "read", dimensions)
        self.bytesWritten = Tally("larder_bytes", "written", dimensions)
    }

    @inline(__always)
    func add(_ count: Int = 1, to event: Event) {
        switch event {
        case .hit: self.hits.add(count)
        case .miss: self.misses.add(count)
        case .stale: self.stale.add(count)
        case .unavailable: self.unavailable.add(count)
        case .fill: self.fills.add(count)
        case .failedFill: self.failedFills.add(count)
        case .refresh: self.refreshes.add(count)
        case .staleServe: self.staleServes.add(count)
        case .bytesRead: self.bytesRead.add(count)
        case .bytesWritten: self.bytesWritten.add(count)
        }
    }

    var snapshot: CacheCounters {
        var counters = CacheCounters()
        counters.hits = self.hits.value
        counters.misses = self.misses.value
        counters.stale = self.stale.value
        counters.unavailable = self.unavailable.value
        counters.fills = self.fills.value
        counters.failedFills = self.failedFills.value
        counters.refreshes = self.refreshes.value
        counters.staleServes = self.staleServes.value
        counters.bytesRead = self.bytesRead.value
        counters.bytesWritten = self.bytesWritten.value
        return counters
    }
}
