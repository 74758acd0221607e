import Synchronization

extension MemoryCache {
    /// What the cache is and how it does, in several lines: for debuggers and for people at three in the morning.
    ///
    /// ```
    /// MemoryCache<String, Page>: 9,120 of 10,000 entries, hit ratio 93.1 %
    /// ```
    ///
    /// The lines and their wording are not part of the interface. Neither keys nor values are in them.
    ///
    /// - Returns: The text, without a line break at its end.
    /// - Complexity: O(*n*), one shard locked at a time.
    public func describe() -> String {
        let overview = Key.self == String.self ? self.strings.overview() : self.hashables.overview()
        let statistics = self.statistics
        let fills = overview.fills.sorted()
        var lines = [
            self.description,
            "cost: \(overview.cost) of \(overview.capacity) in \(overview.count) entries; \(self.bytes) bytes of tables",
            "shards: \(fills.count), with \(fills.first ?? 0) to \(fills.last ?? 0) entries,"
                + " the median \(fills.isEmpty ? 0 : fills[fills.count / 2])",
            "policy: " + overview.policy.map { "\($0.name) \($0.number)" }.joined(separator: ", "),
            "reads: \(statistics.hits) hits, \(statistics.misses) misses",
            "writes: \(statistics.insertions) insertions, \(statistics.replacements) replacements,"
                + " \(statistics.refusals) refused",
            "left: \(statistics.evictions) evicted (cost \(statistics.evictedCost)), \(statistics.expirations) expired,"
                + " \(statistics.removals) removed, \(statistics.clearances) cleared, \(statistics.refusalDrops) too heavy",
            "fills: \(statistics.fills), \(statistics.meanFillTime) on average; \(statistics.failedFills) failed;"
                + " \(overview.fillsUnderWay) under way",
        ]
        var expiry = "expiry: \(overview.mortals) entries have a deadline"
        if let next = overview.nextDeadline, let last = overview.lastDeadline {
            func left(_ deadline: Int64) -> String { "\(Duration.nanoseconds(deadline - overview.now))" }
            expiry += ", the next in \(left(next)), the last in \(left(last))"
            if overview.over > 0 { expiry += "; \(overview.over) are over and still in memory" }
        }
        lines.append(expiry)
        return lines.joined(separator: "\n")
    }

    private var layout: ShardLayout {
        Key.self == String.self ? self.strings.layout : self.hashables.layout
    }
}

extension MemoryCache: CustomStringConvertible, CustomDebugStringConvertible {
    /// The type, how full the cache is, and its hit ratio, in one line and without keys or values.
    public var description: String {
        let layout = self.layout
        let fill =
            layout.isWeighted
            ? "cost \(self.cost) of \(layout.capacity)" : "\(self.count) of \(layout.capacity) entries"
        let permille = Int((self.statistics.hitRatio * 1_000).rounded())
        return "MemoryCache<\(Key.self), \(Value.self)>: \(fill), hit ratio \(permille / 10).\(permille % 10) %"
    }

    /// The same as `description`.
    public var debugDescription: String { self.description }
}

/// What there is to say about a cache at a glance.
struct CacheOverview: Sendable {
    var capacity = 0
    var count = 0
    var cost = 0
    /// The entries in each shard.
    var fills: [Int] = []
    var policy: [(name: String, number: Int)] = []
    var fillsUnderWay = 0
    var now: Int64 = 0
    var mortals = 0
    /// Entries whose time is over and whose memory is not freed yet.
    var over = 0
    /// Of those whose time is not over.
    var nextDeadline: Int64?
    var lastDeadline: Int64?
}

extension ShardedCache {
    /// Looks at one shard after another.
    func overview() -> CacheOverview {
        var overview = CacheOverview()
        overview.capacity = self.layout.capacity
        overview.now = self.clock.nanoseconds
        for index in 0..<self.shards.count {
            self.shards.lock(index).withLock { $0.add(to: &overview) }
        }
        return overview
    }
}

extension Shard {
    fileprivate func add(to overview: inout CacheOverview) {
        overview.count += Int(self.index.count)
        overview.cost += self.policy.cost
        overview.fills.append(Int(self.index.count))
        overview.fillsUnderWay += self.fills.count
        let summary = self.policy.summary
        if overview.policy.isEmpty {
            overview.policy = summary
        } else {
            for index in summary.indices { overview.policy[index].number += summary[index].number }
        }
        overview.mortals += self.mortals
        guard self.mortals > 0 else { return }
        for slot in 0..<self.slab.used {
            // A free cell's deadline is never.
            let deadline = self.slab.cells[slot].deadline
            if deadline == Lifespan.never { continue }
            if deadline <= overview.now {
                overview.over += 1
            } else {
                overview.nextDeadline = min(overview.nextDeadline ?? deadline, deadline)
                overview.lastDeadline = max(overview.lastDeadline ?? deadline, deadline)
            }
        }
    }
}
