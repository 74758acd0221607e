import Synchronization

extension ShardedCache {
    /// What `project` makes of a key's value. Counts as a read.
    ///
    /// For values of several fields of which a reader needs one: what is not asked for is neither copied nor retained.
    ///
    /// - Parameter project: Gets the value with the shard locked, so it must be short.
    @inline(__always)
    func read<Part>(forKey key: Scheme.Key, _ project: (borrowing Value) -> Part) -> Part? {
        var isExpired = false
        let part = Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).pointee.withLock { shard -> Part? in
                let slot = shard.find(probe)
                guard slot != TagIndex.none, !Shard<Scheme, Value>.isOver(shard.slab.cells[slot].deadline, self.clock)
                else {
                    shard.statistics.misses &+= 1
                    isExpired = slot != TagIndex.none
                    return nil
                }
                shard.statistics.hits &+= 1
                shard.policy.recordHit(slot)
                return project(shard.slab.cells[slot].value.pointee)
            }
        }
        if isExpired { self.removeExpired(key) }
        return part
    }
}
