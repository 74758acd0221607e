extension Shard {
    // MARK: Storing

    /// Stores a value, making room for it first.
    @inlinable
    mutating func insert(
        _ probe: Scheme.Probe,
        _ value: Value,
        deadline: Int64,
        cost: Int,
        _ clock: CacheClock,
        _ discarded: inout Discards
    ) -> InsertionResult<Value> {
        self.sweep(clock, &discarded)
        let slot = self.find(probe)
        if cost > self.policy.capacity {
            self.statistics.refusals &+= 1
            if slot != TagIndex.none {
                let wasOver = Self.isOver(self.slab.cells[slot].deadline, clock)
                self.drop(slot, as: wasOver ? .expired : .tooHeavy, &discarded)
            }
            return .tooHeavy
        }
        if slot == TagIndex.none {
            self.add(probe, value, deadline: deadline, cost: cost, clock, &discarded)
            return .inserted
        }
        let wasOver = Self.isOver(self.slab.cells[slot].deadline, clock)
        let old = self.replace(slot, value, deadline: deadline, cost: cost, clock, &discarded)
        if wasOver {
            self.statistics.expirations &+= 1
            self.statistics.insertions &+= 1
            discarded.append(key: nil, value: old, cause: .expired)
            return .inserted
        }
        self.statistics.replacements &+= 1
        return .replaced(old)
    }

    @inlinable
    mutating func add(
        _ probe: Scheme.Probe,
        _ value: Value,
        deadline: Int64,
        cost: Int,
        _ clock: CacheClock,
        _ discarded: inout Discards
    ) {
        let hash = UInt32(truncatingIfNeeded: probe.hash)
        let isRemembered = self.policy.remembers(hash)
        self.makeRoom(for: cost, keeping: TagIndex.none, clock, &discarded)
        let slot = self.slab.take()
        self.policy.reserve(slots: self.slab.capacity)
        let cells = self.slab.cells
        let cell = cells[slot]
        cell.hash = hash
        cell.initialize(key: probe.store(), value: value)
        self.stamp(cell)
        self.setDeadline(deadline, of: cell)
        if self.index.isFull {
            self.index.grow { cells[$0].hash }
        }
        self.index.insert(hash, slot: slot)
        self.policy.admit(slot, cost: cost, isRemembered: isRemembered)
        self.statistics.insertions &+= 1
    }

    /// Puts a value in the place of another, which it returns.
    @inlinable
    mutating func replace(
        _ slot: UInt32,
        _ value: Value,
        deadline: Int64,
        cost: Int,
        _ clock: CacheClock,
        _ discarded: inout Discards
    ) -> Value {
        self.policy.changeCost(of: slot, to: cost)
        self.makeRoom(for: 0, keeping: slot, clock, &discarded)
        self.policy.recordHit(slot)
        let cell = self.slab.cells[slot]
        let old = cell.moveValue()
        cell.value.initialize(to: value)
        self.stamp(cell)
        self.setDeadline(deadline, of: cell)
        return old
    }

    @inlinable
    mutating func stamp(_ cell: Cell<Scheme.Stored, Value>) {
        self.lastStamp = self.lastStamp == .max ? 1 : self.lastStamp &+ 1
        cell.stamp = self.lastStamp
    }

    @inlinable
    mutating func setDeadline(_ deadline: Int64, of cell: Cell<Scheme.Stored, Value>) {
        let never = Cell<Scheme.Stored, Value>.never
        self.mortals &+= (deadline == never ? 0 : 1) &- (cell.deadline == never ? 0 : 1)
        cell.deadline = deadline
    }

    /// Evicts until `cost` fits in beside what there is.
    @inlinable
    mutating func makeRoom(
        for cost: Int,
        keeping kept: UInt32,
        _ clock: CacheClock,
        _ discarded: inout Discards
    ) {
        while self.policy.cost > self.policy.capacity &- cost {
            let cells = self.slab.cells
            let anyMortal = self.mortals > 0
            var isOver = false
            let costBefore = self.policy.cost
            let victim = self.policy.evict(
                keeping: kept,
                hash: { cells[$0].hash },
                isExpired: { slot in
                    isOver = anyMortal && Self.isOver(cells[slot].deadline, clock)
                    return isOver
                }
            )
            guard let victim else { return }
            if isOver {
                self.statistics.expirations &+= 1
            } else {
                self.statistics.evictions &+= 1
                self.statistics.evictedCost &+= costBefore &- self.policy.cost
            }
            self.takeOut(victim, as: isOver ? .expired : .evicted, &discarded)
        }
    }

    // MARK: Removing

    /// Removes a key's entry and returns its value, or `nil` when there was none or its time was over.
    @inlinable
    mutating func remove(
        _ probe: Scheme.Probe,
        _ clock: CacheClock,
        _ discarded: inout Discards
    ) -> Value? {
        let slot = self.find(probe)
        guard slot != TagIndex.none else { return nil }
        let cell = self.slab.cells[slot]
        if Self.isOver(cell.deadline, clock) {
            self.drop(slot, as: .expired, &discarded)
            return nil
        }
        let value = cell.value.pointee
        self.drop(slot, as: .removed, &discarded)
        return value
    }

    /// Removes the entry of a key if its time is over.
    @inlinable
    mutating func removeExpired(
        _ probe: Scheme.Probe,
        _ clock: CacheClock,
        _ discarded: inout Discards
    ) {
        let slot = self.find(probe)
        if slot != TagIndex.none, Self.isOver(self.slab.cells[slot].deadline, clock) {
            self.drop(slot, as: .expired, &discarded)
        }
    }

    @inlinable
    mutating func drop(
        _ slot: UInt32,
        as cause: RemovalCause,
        _ discarded: inout Discards
    ) {
        switch cause {
        case .expired: self.statistics.expirations &+= 1
        case .tooHeavy: self.statistics.refusalDrops &+= 1
        default: self.statistics.removals &+= 1
        }
        self.policy.remove(slot)
        self.takeOut(slot, as: cause, &discarded)
    }

    /// Takes an entry that the policy has let go out of the index and the slab.
    @inlinable
    mutating func takeOut(_ slot: UInt32, as cause: RemovalCause, _ discarded: inout Discards) {
        let cell = self.slab.cells[slot]
        self.setDeadline(Cell<Scheme.Stored, Value>.never, of: cell)
        self.index.remove(cell.hash, slot: slot)
        discarded.append(key: cell.moveKey(), value: cell.moveValue(), cause: cause)
        self.slab.giveBack(slot)
    }

    // MARK: Expiry

    /// Looks at the next few slots and removes what has expired.
    @inlinable
    @inline(__always)
    mutating func sweep(_ clock: CacheClock, _ discarded: inout Discards) {
        if self.mortals > 0 { self.sweep(Self.sweepStep, clock, &discarded) }
    }

    @inlinable
    @inline(never)
    mutating func sweep(_ steps: UInt32, _ clock: CacheClock, _ discarded: inout Discards) {
        for _ in 0..<min(steps, self.slab.used) {
            if self.sweepHand >= self.slab.used { self.sweepHand = 0 }
            // A free cell's deadline is never.
            if Self.isOver(self.slab.cells[self.sweepHand].deadline, clock) {
                self.drop(self.sweepHand, as: .expired, &discarded)
            }
            self.sweepHand &+= 1
        }
    }
}
