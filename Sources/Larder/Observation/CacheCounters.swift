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

/// The counters of one cache: an atomic each, and the metric of the same name.
final class CounterStorage: Sendable {
    enum Event: Int, CaseIterable {
        case hit, miss, stale, unavailable, fill, failedFill, bytesRead, bytesWritten
    }

    private let hits = Atomic<Int>(0)
    private let misses = Atomic<Int>(0)
    private let stale = Atomic<Int>(0)
    private let unavailable = Atomic<Int>(0)
    private let fills = Atomic<Int>(0)
    private let failedFills = Atomic<Int>(0)
    private let bytesRead = Atomic<Int>(0)
    private let bytesWritten = Atomic<Int>(0)
    private let metrics: [Counter]

    /// - Parameters:
    ///   - cache: The cache's namespace, as a dimension of its metrics.
    ///   - store: The kind of its store, likewise.
    init(cache: String, store: String) {
        let dimensions = [("cache", cache), ("store", store)]
        func counter(_ label: String, _ outcome: String) -> Counter {
            Counter(label: label, dimensions: dimensions + [("outcome", outcome)])
        }
        self.metrics = Event.allCases.map { event in
            switch event {
            case .hit: counter("larder_reads", "hit")
            case .miss: counter("larder_reads", "miss")
            case .stale: counter("larder_reads", "stale")
            case .unavailable: counter("larder_reads", "unavailable")
            case .fill: counter("larder_fills", "begun")
            case .failedFill: counter("larder_fills", "failed")
            case .bytesRead: counter("larder_bytes", "read")
            case .bytesWritten: counter("larder_bytes", "written")
            }
        }
    }

    @inline(__always)
    func add(_ count: Int = 1, to event: Event) {
        self.atomic(event) { $0.add(count, ordering: .relaxed) }
        self.metrics[event.rawValue].increment(by: count)
    }

    @inline(__always)
    private func atomic(_ event: Event, _ body: (borrowing Atomic<Int>) -> Void) {
        switch event {
        case .hit: body(self.hits)
        case .miss: body(self.misses)
        case .stale: body(self.stale)
        case .unavailable: body(self.unavailable)
        case .fill: body(self.fills)
        case .failedFill: body(self.failedFills)
        case .bytesRead: body(self.bytesRead)
        case .bytesWritten: body(self.bytesWritten)
        }
    }

    var snapshot: CacheCounters {
        var counters = CacheCounters()
        counters.hits = self.hits.load(ordering: .relaxed)
        counters.misses = self.misses.load(ordering: .relaxed)
        counters.stale = self.stale.load(ordering: .relaxed)
        counters.unavailable = self.unavailable.load(ordering: .relaxed)
        counters.fills = self.fills.load(ordering: .relaxed)
        counters.failedFills = self.failedFills.load(ordering: .relaxed)
        counters.bytesRead = self.bytesRead.load(ordering: .relaxed)
        counters.bytesWritten = self.bytesWritten.load(ordering: .relaxed)
        return counters
    }
}
