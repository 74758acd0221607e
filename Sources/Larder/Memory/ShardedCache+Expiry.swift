import Synchronization

extension ShardedCache {
    /// Slots that are looked at under one lock when nobody waits for the one who looks.
    private static var portion: UInt32 { 1024 }

    @discardableResult
    package func removeExpired() -> Int {
        var count = 0
        for index in 0..<self.shards.count {
            var remaining = self.shards.lock(index).withLock { $0.mortals > 0 ? $0.slab.used : 0 }
            while remaining > 0 {
                // In portions, so that a million entries that expire together do not keep a lock.
                count += self.sweep(index, min(Self.portion, remaining))
                remaining -= min(Self.portion, remaining)
            }
        }
        return count
    }

    /// Looks at the next slots of a shard.
    private func sweep(_ index: Int, _ steps: UInt32) -> Int {
        let now = self.clock.nanoseconds
        return self.change(shard: index) { shard, discarded in shard.sweep(steps, now: now, &discarded) }
    }

    /// Frees what has expired until the task is cancelled.
    ///
    /// Each tick looks at a tenth of every shard's slots, and goes on where a quarter of a portion had expired: the
    /// proportions of Redis' active expiry. A tick costs nothing for a shard without entries that can expire.
    ///
    /// - Parameter interval: The time between two ticks.
    package func sweep(every interval: Duration) async {
        while !Task.isCancelled {
            do {
                try await self.clock.sleep(until: self.clock.now.advanced(by: interval))
            } catch {
                return
            }
            for index in 0..<self.shards.count {
                let (used, mortals) = self.shards.lock(index).withLock { ($0.slab.used, $0.mortals) }
                guard mortals > 0 else { continue }
                var remaining = used
                var steps = min(used, max(Self.portion, used / 10))
                while steps > 0, remaining > 0, !Task.isCancelled {
                    let portion = min(Self.portion, steps, remaining)
                    let removed = self.sweep(index, portion)
                    remaining -= portion
                    steps -= portion
                    if steps == 0, removed >= portion / 4, removed > 0 { steps = min(Self.portion, remaining) }
                    await Task.yield()
                }
            }
        }
    }
}
