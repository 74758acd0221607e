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
    @usableFromInline var policy: EvictionPolicy
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
    /// How the deadlines of sliding entries move; empty until there is one.
    @usableFromInline var slides: SlotTable<Slide>
    /// The shard's even part of the limit.
    ///
    /// Its quota, `policy.capacity`, is above it while it holds a heavy entry, and below it while another shard does.
    @usableFromInline var share: Int
    @usableFromInline let spare: SpareRoom
    /// Heavy values on their way into the shard, by hash; see `ShardedCache.update`.
    @usableFromInline var arrivals = Arrivals()

    @usableFromInline
    init(share: Int, isWeighted: Bool, spare: SpareRoom) {
        self.index = TagIndex()
        self.slab = Slab(slots: isWeighted ? .max : share)
        let shift = self.slab.cells.shift
        self.policy = EvictionPolicy(capacity: share, isWeighted: isWeighted, shift: shift)
        self.slides = SlotTable(shift: shift)
        self.share = share
        self.spare = spare
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
        deadline != Lifespan.never && clock.hasPassed(nanoseconds: deadline)
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
        let deadline = cell.deadline
        if deadline != Lifespan.never {
            if clock.hasPassed(nanoseconds: deadline) {
                self.statistics.misses &+= 1
                return .expired
            }
            if cell.isSliding { self.slide(slot, clock) }
        }
        self.statistics.hits &+= 1
        self.policy.recordHit(slot)
        return .hit(cell.value.pointee)
    }

    /// The live entry of a key, with its lifespan, as `read` but without counting anything.
    @inlinable
    func entry(_ probe: Scheme.Probe, _ clock: CacheClock) -> (slot: UInt32, value: Value, lifespan: Lifespan)? {
        let slot = self.find(probe)
        guard slot != TagIndex.none else { return nil }
        let cell = self.slab.cells[slot]
        return Self.isOver(cell.deadline, clock) ? nil : (slot, cell.value.pointee, self.lifespan(slot))
    }

    @inlinable
    func contains(_ probe: Scheme.Probe, _ clock: CacheClock) -> Bool {
        let slot = self.find(probe)
        return slot != TagIndex.none && !Self.isOver(self.slab.cells[slot].deadline, clock)
    }
}
