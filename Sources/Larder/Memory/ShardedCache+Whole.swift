import Synchronization

// What concerns all shards. They are looked at one after another: each is consistent, the whole need not be.
extension ShardedCache {
    package var count: Int {
        self.sum { Int($0.index.count) }
    }

    package var totalCost: Int {
        self.sum { $0.policy.cost }
    }

    /// The memory of the cache's tables in bytes, without what keys and values own elsewhere.
    package var bytes: Int {
        self.sum { $0.bytes } + self.shards.count * ShardTable<Scheme, Value>.stride
    }

    package var statistics: MemoryCacheStatistics {
        var statistics = MemoryCacheStatistics()
        for index in 0..<self.shards.count {
            statistics += self.shards.lock(index).withLock { $0.statistics }
        }
        return statistics
    }

    /// Adds up what the shards say, one after the other.
    ///
    /// Room that moves meanwhile from a shard that was asked to one that was not would be counted twice, so whoever has
    /// seen that happen asks again, in the end with shards kept from taking any.
    private func sum(_ part: (borrowing Shard<Scheme, Value>) -> Int) -> Int {
        for _ in 0..<3 {
            if let sum = self.sumAtRest(part) { return sum }
        }
        return self.mover.withLock { _ in
            self.spare.isSought = true
            defer { self.spare.isSought = false }
            while true {
                if let sum = self.sumAtRest(part) { return sum }
            }
        }
    }

    /// The sum, unless room was taken meanwhile.
    private func sumAtRest(_ part: (borrowing Shard<Scheme, Value>) -> Int) -> Int? {
        let taken = self.spare.timesTaken
        var sum = 0
        for index in 0..<self.shards.count {
            self.shards.lock(index).withLock { sum += part($0) }
        }
        return self.spare.timesTaken == taken ? sum : nil
    }

    package func removeAll() {
        for index in 0..<self.shards.count {
            // The fills under way go with it: none of them stores what it brings.
            if let removals = self.removals {
                let old = self.shards.lock(index).withLock { shard in
                    removals.queue(all: shard.takeAll(isWeighted: self.layout.isWeighted), shard: index)
                }
                removals.deliver(shard: index)
                _ = consume old
            } else {
                let old = self.shards.lock(index).withLock { $0.takeAll(isWeighted: self.layout.isWeighted) }
                // Dropped here, after the lock.
                _ = consume old
            }
        }
    }

    @discardableResult
    package func removeAll(where shouldBeRemoved: (Key, Value) throws -> Bool) rethrows -> Int {
        var count = 0
        for index in 0..<self.shards.count {
            // Whatever a fill brings, or is on its way into the shard, the predicate has not been asked about it.
            let entries = self.shards.lock(index).withLock { shard in
                shard.fills.cutOffAll()
                shard.arrivals.cancelAll()
                return shard.snapshot(self.clock)
            }
            for entry in entries where try shouldBeRemoved(entry.key, entry.value) {
                self.change(shard: index) { shard, discarded in
                    if shard.remove(slot: entry.slot, stamp: entry.stamp, &discarded) { count += 1 }
                }
            }
        }
        return count
    }

    package func forEach(_ body: (Key, Entry) throws -> Void) rethrows {
        for index in 0..<self.shards.count {
            let now = self.clock.nanoseconds
            for entry in self.snapshot(index) {
                try body(entry.key, Entry(entry.value, entry.lifespan, at: now))
            }
        }
    }

    private func snapshot(_ index: Int) -> [Shard<Scheme, Value>.Snapshot] {
        self.shards.lock(index).withLock { $0.snapshot(self.clock) }
    }

    /// What is wrong inside, one sentence each; empty when nothing is.
    ///
    /// - Complexity: O(*n*), with each shard locked in turn. For tests.
    package func checkInvariants() -> [String] {
        var violations: [String] = []
        for index in 0..<self.shards.count {
            violations += self.shards.lock(index).withLock { shard in
                shard.violations { key in
                    Scheme.withProbe(key, seed: self.seed) { UInt32(truncatingIfNeeded: $0.hash) }
                }
                .map { "shard \(index): \($0)" }
            }
        }
        let quotas = self.sum { $0.policy.capacity }
        if quotas + self.spare.amount > self.limit {
            violations.append("quotas of \(quotas) and \(self.spare.amount) spare are more than \(self.limit)")
        }
        return violations
    }
}
