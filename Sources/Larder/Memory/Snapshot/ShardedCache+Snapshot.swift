import Synchronization

// A cache as a sequence of entries, the most valuable first, and back.
extension ShardedCache {
    /// Calls `body` with every live entry, the most valuable of all shards first.
    ///
    /// Each shard is asked once for its order, eight bytes an entry. Then portions of that are copied, all shards taking
    /// turns, so that never more than a portion of the entries is in memory twice and no lock is held for long. An entry
    /// that leaves meanwhile may be left out; one that gets another value comes with either.
    func forEachByWorth(_ body: (Key, Value, _ deadline: Int64) throws -> Void) rethrows {
        let orders = (0..<self.shards.count).map { index in
            self.shards.lock(index).withLock { $0.order() }
        }
        let longest = orders.map(\.count).max() ?? 0
        let rounds = max((longest + Self.portion - 1) / Self.portion, min(longest, Self.fewestRounds))
        for round in 0..<rounds {
            for (index, order) in orders.enumerated() {
                let part = order[order.count * round / rounds..<order.count * (round + 1) / rounds]
                let entries = self.shards.lock(index).withLock { $0.copies(part, self.clock) }
                for entry in entries { try body(entry.key, entry.value, entry.lifespan.deadline) }
            }
        }
    }

    /// Entries of a shard that are copied at a time, at most.
    private static var portion: Int { 128 }
    /// Into how many portions a shard is divided at least: so fine are the shards' orders merged.
    private static var fewestRounds: Int { 64 }

    /// Stores an entry if its key has none and none has to leave for it.
    ///
    /// A valuable one the policy is to take for one that has been asked for.
    func load(_ value: Value, forKey key: Key, nanoseconds deadline: Int64, isValuable: Bool) -> SnapshotLoading {
        let cost = self.cost(of: key, value)
        return self.change(key) { probe, shard, discarded in
            if shard.contains(probe, self.clock) || shard.arrivals.expects(probe.hash) { return .present }
            guard cost <= shard.policy.capacity - shard.policy.cost else { return .withoutRoom }
            let result = shard.insert(probe, value, Lifespan(end: deadline), cost: cost, self.clock, &discarded)
            guard case .inserted = result else { return .withoutRoom }
            let slot = shard.find(probe)
            if isValuable, slot != TagIndex.none {
                for _ in 0..<Self.readsOfValuable { shard.policy.recordHit(slot) }
            }
            return .loaded
        }
    }

    /// As many as convince every policy that an entry is more than a passer-by.
    private static var readsOfValuable: Int { 2 }

    /// Whether the shards together hold as much as they may.
    var isFull: Bool { self.totalCost >= self.limit }
}

/// What became of one entry of a snapshot.
enum SnapshotLoading: Sendable {
    case loaded
    /// Its key has a value already, which is newer.
    case present
    case withoutRoom
}

extension Shard {
    /// A slot and the hash of the key that was in it, by which it is known again.
    struct Ranked: Sendable {
        let slot: UInt32
        let hash: UInt32
    }

    /// All entries, the most valuable first.
    func order() -> [Ranked] {
        self.policy.order().map { Ranked(slot: $0, hash: self.slab.cells[$0].hash) }
    }

    /// Those of the entries that are still in their slots and live.
    func copies(_ entries: ArraySlice<Ranked>, _ clock: CacheClock) -> [Snapshot] {
        entries.compactMap { entry in
            guard entry.slot < self.slab.used else { return nil }
            let cell = self.slab.cells[entry.slot]
            guard cell.hash == entry.hash else { return nil }
            return self.snapshot(entry.slot, clock)
        }
    }
}
