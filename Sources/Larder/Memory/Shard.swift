/// One part of a cache: an index, a slab and a policy, which always agree.
///
/// Nothing in here locks, and nothing calls out: what leaves goes to the caller's `Discarded`, time is asked of the
/// clock that comes as an argument.
// Sendable: all that it refers to it owns, and not being copyable it shares it with nobody.
@usableFromInline
struct Shard<Scheme: KeyScheme, Value: Sendable>: ~Copyable, @unchecked Sendable {
    @usableFromInline typealias Discards = Discarded<Scheme, Value>

    @usableFromInline var index: TagIndex
    @usableFromInline var slab: Slab<Scheme, Value>
    @usableFromInline var policy: S3FIFO
    @usableFromInline var statistics = MemoryCacheStatistics()
    /// Entries that have a deadline.
    ///
    /// While there are none, nothing looks for expired ones.
    @usableFromInline var mortals = 0
    @usableFromInline var sweepHand: UInt32 = 0
    @usableFromInline var lastStamp: UInt32 = 0
    /// The fills under way for keys of this shard.
    ///
    /// Here, so that whether a fill's value may still be stored is decided under the lock under which keys are written.
    @usableFromInline var fills = FillTable<Scheme, Value>()

    /// Slots that each write looks at for expired entries.
    ///
    /// Two would do to see each slot once in the time in which writes fill half of them; four keep pace with entries
    /// that all expire at once.
    @inlinable static var sweepStep: UInt32 { 4 }

    @usableFromInline
    init(capacity: Int, isWeighted: Bool) {
        self.index = TagIndex()
        self.slab = Slab(slots: isWeighted ? .max : capacity)
        self.policy = S3FIFO(capacity: capacity, isWeighted: isWeighted)
    }

    @inlinable
    @inline(__always)
    func find(_ probe: Scheme.Probe) -> UInt32 {
        let hash = UInt32(truncatingIfNeeded: probe.hash)
        let cells = self.slab.cells
        return self.index.find(hash) { slot in
            let cell = cells[slot]
            return cell.hash == hash && probe.matches(cell.key)
        }
    }

    @inlinable
    @inline(__always)
    static func isOver(_ deadline: Int64, _ clock: CacheClock) -> Bool {
        deadline != Cell<Scheme.Stored, Value>.never && clock.hasPassed(nanoseconds: deadline)
    }

    // MARK: Reading

    @usableFromInline
    enum Read: Sendable {
        case hit(Value)
        case miss
        /// There is an entry, but its time is over: it should be removed.
        case expired
    }

    @inlinable
    @inline(__always)
    mutating func read(_ probe: Scheme.Probe, _ clock: CacheClock) -> Read {
        let slot = self.find(probe)
        if slot == TagIndex.none {
            self.statistics.misses &+= 1
            return .miss
        }
        let cell = self.slab.cells[slot]
        if Self.isOver(cell.deadline, clock) {
            self.statistics.misses &+= 1
            return .expired
        }
        self.statistics.hits &+= 1
        self.policy.recordHit(slot)
        return .hit(cell.value.pointee)
    }

    /// The live entry of a key, with its deadline, as `read` but without counting anything.
    @inlinable
    func entry(_ probe: Scheme.Probe, _ clock: CacheClock) -> (slot: UInt32, value: Value, deadline: Int64)? {
        let slot = self.find(probe)
        guard slot != TagIndex.none else { return nil }
        let cell = self.slab.cells[slot]
        let deadline = cell.deadline
        return Self.isOver(deadline, clock) ? nil : (slot, cell.value.pointee, deadline)
    }

    @inlinable
    func contains(_ probe: Scheme.Probe, _ clock: CacheClock) -> Bool {
        let slot = self.find(probe)
        return slot != TagIndex.none && !Self.isOver(self.slab.cells[slot].deadline, clock)
    }
}
