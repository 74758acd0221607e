extension Shard {
    /// An entry as it was when the shard was looked at.
    struct Snapshot: Sendable {
        let slot: UInt32
        let stamp: UInt32
        let key: Scheme.Key
        let value: Value
        let lifespan: Lifespan
    }

    /// All live entries, in the order of their slots.
    ///
    /// - Complexity: O(*n*).
    func snapshot(_ clock: CacheClock) -> [Snapshot] {
        var entries: [Snapshot] = []
        entries.reserveCapacity(Int(self.index.count))
        for slot in 0..<self.slab.used {
            if let entry = self.snapshot(slot, clock) { entries.append(entry) }
        }
        return entries
    }

    /// The entry in a slot, if there is a live one.
    func snapshot(_ slot: UInt32, _ clock: CacheClock) -> Snapshot? {
        let cell = self.slab.cells[slot]
        guard cell.isLive, !Self.isOver(cell.deadline, clock) else { return nil }
        return Snapshot(
            slot: slot,
            stamp: cell.stamp,
            key: Scheme.key(of: cell.key.pointee),
            value: cell.value.pointee,
            lifespan: self.lifespan(slot)
        )
    }

    /// Calls `body` with every entry, those whose time is over included.
    func forEachEntry(_ body: (Scheme.Key, Value) -> Void) {
        for slot in 0..<self.slab.used {
            let cell = self.slab.cells[slot]
            if cell.isLive { body(Scheme.key(of: cell.key.pointee), cell.value.pointee) }
        }
    }

    /// Removes the entry of a snapshot, unless another value has been stored since.
    mutating func remove(slot: UInt32, stamp: UInt32, _ discarded: inout Discards) -> Bool {
        guard slot < self.slab.used, self.slab.cells[slot].stamp == stamp else { return false }
        self.drop(slot, as: .removed, &discarded)
        return true
    }

    /// Becomes empty, and returns what it was for the caller to drop.
    ///
    /// What was counted goes on.
    ///
    /// - Complexity: O(1).
    mutating func takeAll(isWeighted: Bool) -> Shard {
        var empty = Shard(share: self.share, isWeighted: isWeighted, spare: self.spare)
        empty.policy.capacity = self.policy.capacity
        empty.settle()
        empty.arrivals = self.arrivals
        // What was on its way when everything was removed does not come.
        empty.arrivals.cancelAll()
        empty.statistics = self.statistics
        empty.statistics.clearances += Int(self.index.count)
        empty.lastStamp = self.lastStamp
        swap(&self, &empty)
        return empty
    }

    /// The memory of the tables, without what keys and values own elsewhere.
    var bytes: Int {
        self.index.bytes + self.slab.bytes + self.policy.bytes + self.slides.bytes
    }

    /// What is wrong inside, one sentence each.
    func violations(hash: (Scheme.Key) -> UInt32) -> [String] {
        var violations: [String] = []
        var indexed: [UInt32] = []
        self.index.forEach { indexed.append($0) }
        if indexed.count != Int(self.index.count) {
            violations.append("the index counts \(self.index.count) entries and has \(indexed.count)")
        }
        if Set(indexed).count != indexed.count { violations.append("a slot is in the index twice") }
        var mortals = 0
        for slot in indexed {
            guard slot < self.slab.used, self.slab.cells[slot].isLive else {
                violations.append("slot \(slot) is in the index and free")
                continue
            }
            let cell = self.slab.cells[slot]
            if cell.deadline != Lifespan.never { mortals += 1 }
            if cell.isSliding, self.lifespan(slot).deadline > self.lifespan(slot).end {
                violations.append("slot \(slot) slides beyond its end")
            }
            if cell.hash != hash(Scheme.key(of: cell.key.pointee)) {
                violations.append("slot \(slot) has another hash than its key")
            }
            if self.index.find(cell.hash, where: { $0 == slot }) != slot {
                violations.append("slot \(slot) cannot be found by its hash")
            }
        }
        if mortals != self.mortals {
            violations.append("\(mortals) entries have a deadline, \(self.mortals) are counted")
        }
        let live = (0..<self.slab.used).filter { self.slab.cells[$0].isLive }
        if Set(live) != Set(indexed) { violations.append("the slab holds other entries than the index") }
        if live.count + self.slab.freeCount != Int(self.slab.used) {
            violations.append("\(Int(self.slab.used) - live.count - self.slab.freeCount) slots leaked")
        }
        return violations + self.policy.violations(live: live)
    }
}
