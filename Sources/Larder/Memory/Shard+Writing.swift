extension Shard {
    // MARK: Storing

    /// Stores a value, making room for it first.
    ///
    /// - Parameters:
    ///   - probe: The key.
    ///   - value: The value.
    ///   - lifespan: When it ends.
    ///   - cost: What it costs.
    ///   - granted: Room for it that the caller has gathered, and that becomes part of the quota.
    ///   - hasArrived: Whether an attempt before this one has told the policy of the key.
    ///   - clock: The cache's clock.
    ///   - discarded: Takes what leaves.
    /// - Returns: `nil` where there is not enough room yet, though some may have been made: the value is too heavy for
    ///   the shard's quota, or more entries must leave than one holder of the lock should evict.
    @inlinable
    mutating func insert(
        _ probe: Scheme.Probe,
        _ value: Value,
        _ lifespan: Lifespan,
        cost: Int,
        granted: Int = 0,
        hasArrived: Bool = false,
        _ clock: CacheClock,
        _ discarded: inout Discards
    ) -> InsertionResult<Value>? {
        self.sweep(clock, &discarded)
        // Not before: what expires gives room back.
        self.policy.capacity &+= granted
        if !self.arrivals.isEmpty { self.arrivals.cancel(probe.hash) }
        let slot = self.find(probe)
        let hash = UInt32(truncatingIfNeeded: probe.hash)
        let cameBack = slot == TagIndex.none && !hasArrived && self.policy.arrive(hash, cost: cost)
        guard self.makeRoom(for: cost, inPlaceOf: slot, clock, &discarded) else {
            guard cost > self.spare.limit else { return nil }
            self.statistics.refusals &+= 1
            if slot != TagIndex.none {
                let wasOver = Self.isOver(self.slab.cells[slot].deadline, clock)
                self.drop(slot, as: wasOver ? .expired : .tooHeavy, &discarded)
            }
            return .tooHeavy
        }
        defer { self.settle() }
        if slot == TagIndex.none {
            self.add(probe, value, lifespan, cost: cost, cameBack: cameBack)
            return .inserted
        }
        let wasOver = Self.isOver(self.slab.cells[slot].deadline, clock)
        let old = self.replace(slot, value, lifespan, cost: cost)
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
        _ lifespan: Lifespan,
        cost: Int,
        cameBack: Bool
    ) {
        let hash = UInt32(truncatingIfNeeded: probe.hash)
        let slot = self.slab.take()
        self.policy.reserve(slots: self.slab.capacity)
        let cells = self.slab.cells
        let cell = cells[slot]
        cell.hash = hash
        cell.initialize(key: probe.store(), value: value)
        self.stamp(cell)
        self.setLifespan(lifespan, of: slot)
        if self.index.needsWork {
            self.index.makeReady(limit: self.policy.capacity) { cells[$0].hash }
        }
        self.index.insert(hash, slot: slot)
        self.policy.admit(slot, cost: cost, cameBack: cameBack)
        self.statistics.insertions &+= 1
    }

    /// Puts a value in the place of another, which it returns.
    ///
    /// There must be room for what it costs more.
    @inlinable
    mutating func replace(_ slot: UInt32, _ value: Value, _ lifespan: Lifespan, cost: Int) -> Value {
        self.policy.changeCost(of: slot, to: cost)
        self.policy.recordHit(slot)
        let cell = self.slab.cells[slot]
        let old = cell.moveValue()
        cell.value.initialize(to: value)
        self.stamp(cell)
        self.setLifespan(lifespan, of: slot)
        return old
    }

    @inlinable
    mutating func stamp(_ cell: Cell<Scheme.Stored, Value>) {
        let last = Cell<Scheme.Stored, Value>.slidingMark &- 1
        self.lastStamp = self.lastStamp == last ? 1 : self.lastStamp &+ 1
        cell.stamp = self.lastStamp
    }

    // MARK: Removing

    /// Removes a key's entry and returns its value, or `nil` when there was none or its time was over.
    @inlinable
    mutating func remove(
        _ probe: Scheme.Probe,
        _ clock: CacheClock,
        _ discarded: inout Discards
    ) -> Value? {
        if !self.arrivals.isEmpty { self.arrivals.cancel(probe.hash) }
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
        self.settle()
    }

    /// Takes an entry that the policy has let go out of the index and the slab.
    @inlinable
    mutating func takeOut(_ slot: UInt32, as cause: RemovalCause, _ discarded: inout Discards) {
        let cell = self.slab.cells[slot]
        if cell.deadline != Lifespan.never { self.mortals &-= 1 }
        self.index.remove(cell.hash, slot: slot)
        discarded.append(key: cell.moveKey(), value: cell.moveValue(), cause: cause)
        self.slab.giveBack(slot)
    }
}
