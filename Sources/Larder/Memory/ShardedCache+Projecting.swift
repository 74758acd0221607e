import Synchronization

extension ShardedCache {
    /// What `project` makes of the value that a probe finds.
    ///
    /// For values of several fields of which a reader needs one: what is not asked for is neither copied nor retained.
    /// Counts as a read.
    ///
    /// - Parameters:
    ///   - probe: The key.
    ///   - isExpired: Set where there is an entry whose time is over, which should be removed.
    ///   - project: Gets the value with the shard locked, so it must be short.
    /// - Returns: What `project` returns; `nil` where there is no live entry.
    @inline(__always)
    func read<Part>(
        _ probe: Scheme.Probe,
        isExpired: inout Bool,
        _ project: (borrowing Value) -> Part
    ) -> Part? {
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
}
