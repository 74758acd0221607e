extension Shard {
    /// How many entries one holder of the lock evicts at most.
    ///
    /// Some 50 µs; who needs more lets others in between, and releases what left meanwhile.
    @inlinable static var portion: Int { 512 }

    /// Evicts until a value fits in, beside what there is or in the place of one.
    ///
    /// - Parameters:
    ///   - cost: What the value costs.
    ///   - slot: The entry whose value it replaces, which stays; or `TagIndex.none`.
    ///   - clock: The cache's clock.
    ///   - discarded: Takes what is evicted.
    /// - Returns: Whether it fits in now. Where it is too heavy for the shard's quota, nothing has been evicted.
    @inlinable
    @inline(__always)
    mutating func makeRoom(
        for cost: Int,
        inPlaceOf slot: UInt32,
        _ clock: CacheClock,
        _ discarded: inout Discards
    ) -> Bool {
        let more = cost &- (slot == TagIndex.none ? 0 : self.policy.cost(of: slot))
        if more <= self.policy.capacity &- self.policy.cost { return true }
        return self.makeRoom(for: cost, more: more, keeping: slot, clock, &discarded)
    }

    @inlinable
    mutating func makeRoom(
        for cost: Int,
        more: Int,
        keeping slot: UInt32,
        _ clock: CacheClock,
        _ discarded: inout Discards
    ) -> Bool {
        if self.policy.capacity < self.share {
            let missing = more &- (self.policy.capacity &- self.policy.cost)
            self.policy.capacity += self.spare.take(atMost: min(missing, self.share &- self.policy.capacity))
        }
        guard cost <= self.policy.capacity else { return false }
        var left = Self.portion
        while more > self.policy.capacity &- self.policy.cost, left > 0 {
            guard self.evict(keeping: slot, clock, &discarded) else { break }
            left &-= 1
        }
        return more <= self.policy.capacity &- self.policy.cost
    }

    /// Evicts an entry.
    ///
    /// - Returns: Whether there was one but the one to keep.
    @inlinable
    mutating func evict(keeping kept: UInt32, _ clock: CacheClock, _ discarded: inout Discards) -> Bool {
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
        guard let victim else { return false }
        if isOver {
            self.statistics.expirations &+= 1
        } else {
            self.statistics.evictions &+= 1
            self.statistics.evictedCost &+= costBefore &- self.policy.cost
        }
        self.takeOut(victim, as: isOver ? .expired : .evicted, &discarded)
        return true
    }

    // MARK: Quotas

    /// Gives room back that a heavy entry had and that nothing needs any more.
    ///
    /// After a whole operation only: while an eviction makes room, what it frees is for the newcomer.
    @inlinable
    @inline(__always)
    mutating func settle() {
        if self.policy.capacity > self.share { self.lowerQuota(to: self.share) }
    }

    /// Makes the quota as low as it can be without evicting, but no lower than `least`.
    @usableFromInline
    mutating func lowerQuota(to least: Int) {
        let quota = max(least, self.policy.cost)
        guard quota < self.policy.capacity else { return }
        self.spare.give(self.policy.capacity - quota)
        self.policy.capacity = quota
    }

    /// Evicts a portion of what is above a quota, and gives the room away.
    ///
    /// - Returns: Whether the quota is no higher than `target` now.
    mutating func shrink(to target: Int, _ clock: CacheClock, _ discarded: inout Discards) -> Bool {
        let quota = self.policy.capacity
        guard quota > target else { return true }
        // So that the policy divides what will be left.
        self.policy.capacity = target
        var left = Self.portion
        while self.policy.cost > target, left > 0 {
            guard self.evict(keeping: TagIndex.none, clock, &discarded) else { break }
            left -= 1
        }
        self.policy.capacity = quota
        self.lowerQuota(to: target)
        return self.policy.capacity <= target
    }

    /// Takes spare room up to the shard's share.
    mutating func fillQuota() {
        guard self.policy.capacity < self.share else { return }
        self.policy.capacity += self.spare.take(atMost: self.share - self.policy.capacity)
    }

    /// Evicts a portion of the entries above a number.
    ///
    /// - Returns: Whether there are no more than `count` now.
    mutating func shed(to count: Int, _ clock: CacheClock, _ discarded: inout Discards) -> Bool {
        var left = Self.portion
        while Int(self.index.count) > count, left > 0 {
            guard self.evict(keeping: TagIndex.none, clock, &discarded) else { break }
            left -= 1
        }
        self.settle()
        return Int(self.index.count) <= count
    }
}

/// Heavy values that an update has decided on and for which room is still being made.
///
/// They are known by the hash of their key. Whatever is written under that hash comes later and is truer, so it cancels
/// the arrival.
@usableFromInline
struct Arrivals: Sendable {
    private var tickets: [UInt64: UInt64] = [:]
    private var lastTicket: UInt64 = 0
    @usableFromInline private(set) var isEmpty = true

    @usableFromInline
    mutating func announce(_ hash: UInt64) -> UInt64 {
        self.lastTicket += 1
        self.tickets[hash] = self.lastTicket
        self.isEmpty = false
        return self.lastTicket
    }

    func expects(_ hash: UInt64, _ ticket: UInt64) -> Bool {
        self.tickets[hash] == ticket
    }

    /// Whether anything is on its way under this hash.
    func expects(_ hash: UInt64) -> Bool {
        self.tickets[hash] != nil
    }

    mutating func cancelAll() {
        self.tickets = [:]
        self.isEmpty = true
    }

    @usableFromInline
    mutating func cancel(_ hash: UInt64) {
        self.tickets[hash] = nil
        self.isEmpty = self.tickets.isEmpty
    }
}
