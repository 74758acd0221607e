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
    ///   - isSweepDue: Set where the caller should call `sweep(besides:)`.
    ///   - project: Gets the value with the shard locked, so it must be short.
    /// - Returns: What `project` returns; `nil` where there is no live entry.
    @inline(__always)
    func read<Part>(
        _ probe: Scheme.Probe,
        isExpired: inout Bool,
        isSweepDue: inout Bool,
        _ project: (borrowing Value) -> Part
    ) -> Part? {
        self.shards.lock(of: probe.hash).withLock { shard -> Part? in
            let slot = shard.find(probe)
            guard slot != TagIndex.none else {
                shard.statistics.misses &+= 1
                return nil
            }
            let cell = shard.slab.cells[slot]
            if cell.deadline != Lifespan.never {
                guard !self.clock.hasPassed(nanoseconds: cell.deadline) else {
                    shard.statistics.misses &+= 1
                    isExpired = true
                    return nil
                }
                if cell.isSliding { shard.slide(slot, self.clock) }
            }
            shard.statistics.hits &+= 1
            shard.policy.recordHit(slot)
            isSweepDue = shard.isSweepDue
            return project(cell.value.pointee)
        }
    }
}
