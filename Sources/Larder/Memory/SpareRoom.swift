import Synchronization

/// The part of a cache's limit that belongs to no shard at the moment, and the limit.
///
/// Each shard has a *quota*, which is the capacity of its policy, and never holds more. The quotas and the spare room
/// together are never more than the limit, so neither is what the cache holds, though nobody ever locks two shards.
/// Room moves in two steps: a shard that needs less gives to the spare room, with its lock held; one that needs more
/// takes from there.
///
/// In rest every quota is the shard's even *share* and nothing is spare. An entry too heavy for its shard's share makes
/// the others give (`ShardedCache.storeHeavy`); when it has left, its shard gives back what is above its share, and the
/// others take that again as they need it.
// A class, since every shard refers to it. Nothing on the way of a hit does.
@usableFromInline
final class SpareRoom: Sendable {
    private let room = Atomic<Int>(0)
    private let total: Atomic<Int>
    private let sought = Atomic<Bool>(false)
    private let takings = Atomic<Int>(0)

    init(limit: Int) {
        self.total = Atomic(limit)
    }

    /// What the cache may hold.
    @usableFromInline
    var limit: Int { self.total.load(ordering: .acquiring) }

    /// The room that is in nobody's hands.
    var amount: Int { self.room.load(ordering: .acquiring) }

    /// How often room was taken.
    ///
    /// Who looks at one shard after another, and finds that it has not changed meanwhile, has seen no room twice.
    var timesTaken: Int { self.takings.load(ordering: .acquiring) }

    /// Whether somebody gathers room for a heavy entry: then shards take none for themselves.
    var isSought: Bool {
        get { self.sought.load(ordering: .sequentiallyConsistent) }
        set { self.sought.store(newValue, ordering: .sequentiallyConsistent) }
    }

    /// Takes up to so much for a shard, and returns how much.
    @usableFromInline
    func take(atMost wanted: Int) -> Int {
        self.isSought ? 0 : self.claim(atMost: wanted)
    }

    /// Takes up to so much, whoever else may be waiting for it.
    func claim(atMost wanted: Int) -> Int {
        var found = self.amount
        while found > 0, wanted > 0 {
            let part = min(found, wanted)
            let (exchanged, original) = self.room.weakCompareExchange(
                expected: found,
                desired: found - part,
                ordering: .acquiringAndReleasing
            )
            if exchanged {
                self.takings.add(1, ordering: .acquiringAndReleasing)
                return part
            }
            found = original
        }
        return 0
    }

    @usableFromInline
    func give(_ amount: Int) {
        self.room.add(amount, ordering: .acquiringAndReleasing)
    }

    /// Raises the limit; what is new is spare.
    func raiseLimit(to limit: Int) {
        let more = limit - self.limit
        self.total.store(limit, ordering: .releasing)
        self.give(more)
    }

    /// Lowers the limit by what is spare, at most to `limit`.
    ///
    /// - Returns: Whether it is there.
    func lowerLimit(to limit: Int) -> Bool {
        let old = self.limit
        let new = old - self.claim(atMost: old - limit)
        self.total.store(new, ordering: .releasing)
        return new == limit
    }
}
