extension Shard {
    /// Slots that each write looks at for expired entries.
    ///
    /// Two would do to see each slot once in the time in which writes fill half of them; four keep pace with entries
    /// that all expire at once.
    @inlinable static var sweepStep: UInt32 { 4 }
    /// Slots that a reader looks at now and then, and how many hits come between: a cache that is only read frees
    /// memory too.
    @inlinable static var readersStep: UInt32 { 32 }
    @inlinable static var readsBetweenSteps: Int { 64 }
    /// A read puts a sliding deadline off when that makes so much of a difference, in nanoseconds: many reads of a hot
    /// entry write once, and the deadline is exact to the millisecond.
    @inlinable static var slidingStep: Int64 { 500_000 }

    // MARK: Lifespans

    @inlinable
    func lifespan(_ slot: UInt32) -> Lifespan {
        let cell = self.slab.cells[slot]
        guard cell.isSliding else { return Lifespan(end: cell.deadline) }
        let slide = self.slides.slots[slot]
        return Lifespan(deadline: cell.deadline, idle: slide.idle, end: slide.end)
    }

    /// Gives the entry in a slot, which has got its stamp, its lifespan.
    @inlinable
    mutating func setLifespan(_ lifespan: Lifespan, of slot: UInt32) {
        let cell = self.slab.cells[slot]
        self.mortals &+= (lifespan.deadline == Lifespan.never ? 0 : 1) &- (cell.deadline == Lifespan.never ? 0 : 1)
        cell.deadline = lifespan.deadline
        if lifespan.isSliding { self.beginSliding(lifespan, slot) }
    }

    @usableFromInline
    mutating func beginSliding(_ lifespan: Lifespan, _ slot: UInt32) {
        // One that would only end in some centuries does not slide.
        guard lifespan.deadline != Lifespan.never else { return }
        let slide = Slide(idle: lifespan.idle, end: lifespan.end)
        self.slides.reserve(self.slab.capacity, initial: slide)
        self.slides.slots[slot] = slide
        self.slab.cells[slot].stamp |= Cell<Scheme.Stored, Value>.slidingMark
    }

    /// Puts the deadline of a sliding entry off that was asked for.
    @inlinable
    @inline(never)
    func slide(_ slot: UInt32, _ clock: CacheClock) {
        let cell = self.slab.cells[slot]
        let slide = self.slides.slots[slot]
        // The first read may come so late that the sum is out of range, and an entry counted as mortal stays so.
        let deadline = min(slide.end, Lifespan.sum(clock.nanoseconds, slide.idle), Lifespan.never &- 1)
        if deadline &- cell.deadline >= Self.slidingStep { cell.deadline = deadline }
    }

    // MARK: Sweeping

    /// Looks at the next few slots and removes what has expired.
    @inlinable
    @inline(__always)
    mutating func sweep(_ clock: CacheClock, _ discarded: inout Discards) {
        if self.mortals > 0 { self.sweep(Self.sweepStep, now: clock.coarseNanoseconds, &discarded) }
    }

    /// Whether a reader that has just had a hit should look at some slots.
    @inlinable
    @inline(__always)
    var isSweepDue: Bool {
        self.statistics.hits & (Self.readsBetweenSteps &- 1) == 0 && self.mortals > 0
    }

    /// Looks at the next slots and removes what has expired at `now`.
    ///
    /// - Returns: How many entries were removed.
    @inlinable
    @inline(never)
    @discardableResult
    mutating func sweep(_ steps: UInt32, now: Int64, _ discarded: inout Discards) -> Int {
        var removed = 0
        for _ in 0..<min(steps, self.slab.used) {
            if self.sweepHand >= self.slab.used { self.sweepHand = 0 }
            // A free cell's deadline is never.
            if self.slab.cells[self.sweepHand].deadline <= now {
                self.drop(self.sweepHand, as: .expired, &discarded)
                removed &+= 1
            }
            self.sweepHand &+= 1
        }
        return removed
    }
}
