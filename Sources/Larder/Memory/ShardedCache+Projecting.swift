import Synchronization

extension ShardedCache {
    /// What `project` makes of the value that a probe finds; `nil` where there is none. Counts as a read.
    ///
    /// For values of several fields of which a reader needs one: what is not asked for is neither copied nor retained.
    ///
    /// - Parameters:
    ///   - isExpired: Set where there is an entry whose time is over, which should be removed.
    ///   - project: Gets the value with the shard locked, so it must be short.
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
