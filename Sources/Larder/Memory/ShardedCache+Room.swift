import Synchronization

/// What whoever moves room between shards holds the lock of.
struct RoomMover: Sendable {
    /// Counts the calls of `setLimit`: a later one takes over from one that is still at work.
    var changes = 0
}

// Room moves in steps that lock one shard each, under the mover's lock. That is not held while values are released: their
// deinitialisers may store heavy entries themselves.
extension ShardedCache {
    /// What the cache may hold.
    package var limit: Int { self.spare.limit }

    /// A value that an update has decided on and that has not found room yet.
    @usableFromInline
    struct Arrival: Sendable {
        @usableFromInline let value: Value
        @usableFromInline let lifespan: Lifespan
        @usableFromInline let cost: Int
        @usableFromInline let ticket: UInt64

        @usableFromInline
        init(value: Value, lifespan: Lifespan, cost: Int, ticket: UInt64) {
            self.value = value
            self.lifespan = lifespan
            self.cost = cost
            self.ticket = ticket
        }
    }

    // MARK: Heavy entries

    /// Stores a value for which a shard had not enough room at once.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - key: Its key.
    ///   - lifespan: When it ends.
    ///   - cost: What it costs.
    ///   - ticket: What it has been announced by, if it has; the value is dropped when that has been cancelled.
    /// - Returns: What became of it.
    @usableFromInline
    @discardableResult
    func storeHeavy(
        _ value: Value,
        forKey key: Scheme.Key,
        _ lifespan: Lifespan,
        cost: Int,
        ticket: UInt64? = nil
    ) -> InsertionResult<Value> {
        var ticket = ticket

        /// Tries once; `nil` where there is still not enough room.
        func attempt(
            _ shard: inout Shard<Scheme, Value>,
            _ probe: Scheme.Probe,
            granted: Int,
            _ discarded: inout Discarded<Scheme, Value>
        ) -> InsertionResult<Value>? {
            if let ticket, !shard.arrivals.expects(probe.hash, ticket) {
                self.spare.give(granted)
                return .inserted
            }
            let result = shard.insert(
                probe,
                value,
                lifespan,
                cost: cost,
                granted: granted,
                hasArrived: true,
                self.clock,
                &discarded
            )
            if result != nil, !shard.fills.isEmpty { shard.fills.cutOff(key, hash: probe.hash) }
            if self.removals != nil, case .replaced(let old) = result {
                discarded.append(key: nil, value: old, cause: .replaced)
            }
            // It has cancelled what was announced.
            if result == nil, ticket != nil { ticket = shard.arrivals.announce(probe.hash) }
            return result
        }

        while true {
            var isHeavy = false
            var result = self.change(key) { probe, shard, discarded in
                let result = attempt(&shard, probe, granted: 0, &discarded)
                isHeavy = cost > shard.policy.capacity
                return result
            }
            if result == nil, isHeavy {
                var discarded = Discarded<Scheme, Value>()
                result = Scheme.withProbe(key, seed: self.seed) { probe in
                    self.mover.withLock { _ in
                        guard self.gather(cost, for: probe.hash, &discarded) else { return nil }
                        return self.changeQuietly(self.shards.index(of: probe.hash), key: key, &discarded) {
                            attempt(&$0, probe, granted: cost, &$1)
                        }
                    }
                }
                discarded.release()
                self.deliverRemovals()
            }
            if let result { return result }
        }
    }

    /// Changes a shard while the mover's lock is held: what is discarded is released, and listeners are told, when it is
    /// not.
    private func changeQuietly<Result: Sendable>(
        _ index: Int,
        key: Scheme.Key? = nil,
        _ discarded: inout Discarded<Scheme, Value>,
        _ body: (inout Shard<Scheme, Value>, inout Discarded<Scheme, Value>) -> Result
    ) -> Result {
        var own = Discarded<Scheme, Value>()
        let result = self.shards.lock(index).withLock { shard in
            let result = body(&shard, &own)
            self.removals?.queue(&own, key: key, shard: index)
            return result
        }
        discarded.absorb(own)
        return result
    }

    private func deliverRemovals() {
        guard let removals = self.removals else { return }
        for index in 0..<self.shards.count { removals.deliver(shard: index) }
    }

    /// How much the shards give for a heavy entry, from the first to the last resort.
    private enum Sacrifice: CaseIterable {
        /// All the same, but those that hold heavy entries.
        case evenly
        /// All but those that hold heavy entries, more than half.
        case half
        /// All the same.
        case everyone
    }

    /// Takes room from all shards, by evicting where necessary.
    ///
    /// The caller holds the mover's lock.
    ///
    /// - Returns: Whether so much room is the caller's now; `false` where it is more than the limit.
    private func gather(_ cost: Int, for hash: UInt64, _ discarded: inout Discarded<Scheme, Value>) -> Bool {
        let limit = self.limit
        guard cost <= limit else { return false }
        // From here on no shard takes room for itself. One that has looked before holds its lock until it has it.
        self.spare.isSought = true
        defer { self.spare.isSought = false }
        for sacrifice in Sacrifice.allCases {
            for step in 1...self.shards.count {
                if self.spare.amount >= cost { return self.claim(cost) }
                let index = (self.shards.index(of: hash) + step) % self.shards.count
                let part = self.layout.share(of: index, in: limit - cost)
                let target = sacrifice == .half ? part / 2 : part
                var isDone = false
                while !isDone {
                    isDone = self.changeQuietly(index, &discarded) { shard, discarded in
                        if sacrifice != .everyone, shard.policy.capacity > shard.share { return true }
                        return shard.shrink(to: target, self.clock, &discarded)
                    }
                }
            }
        }
        // All quotas together are at most the limit less the cost.
        return self.claim(cost)
    }

    private func claim(_ cost: Int) -> Bool {
        let found = self.spare.claim(atMost: cost)
        if found == cost { return true }
        self.spare.give(found)
        return false
    }

    // MARK: The limit

    /// Changes the limit, evicting what is too much in portions.
    ///
    /// - Parameter limit: What the cache may hold when the call returns, unless another call has changed it again.
    package func setLimit(to limit: Int) {
        let limit = max(0, limit)
        let change = self.mover.withLock { mover in
            mover.changes += 1
            return mover.changes
        }
        var next = 0
        var isDone = false
        while !isDone {
            var discarded = Discarded<Scheme, Value>()
            isDone = self.mover.withLock { mover in
                if mover.changes != change { return true }
                if limit > self.limit { self.spare.raiseLimit(to: limit) }
                return self.divide(limit, from: &next, &discarded)
            }
            discarded.release()
            self.deliverRemovals()
        }
    }

    /// Gives the next shard its share of a new limit.
    ///
    /// - Returns: Whether all have theirs, and the limit is reached.
    private func divide(_ limit: Int, from next: inout Int, _ discarded: inout Discarded<Scheme, Value>) -> Bool {
        // Another round where a heavy entry has come to a shard that had its share.
        if next == self.shards.count { next = 0 }
        let share = self.layout.share(of: next, in: limit)
        let isShrinking = limit < self.limit
        let isDone = self.changeQuietly(next, &discarded) { shard, discarded in
            shard.share = share
            if isShrinking { return shard.shrink(to: share, self.clock, &discarded) }
            shard.fillQuota()
            return true
        }
        if isDone { next += 1 }
        return self.spare.lowerLimit(to: limit) && next == self.shards.count
    }

    // MARK: Memory pressure

    /// Evicts the least valuable entries.
    ///
    /// - Parameter share: The part of the entries to keep, from 0 to 1.
    /// - Returns: How many were evicted, those included whose time was over.
    package func trim(toShare share: Double) -> Int {
        var count = 0
        for index in 0..<self.shards.count {
            let lock = self.shards.lock(index)
            let before = lock.withLock { Int($0.index.count) }
            let target = Int(Double(before) * min(1, max(0, share)))
            var isDone = false
            while !isDone {
                isDone = self.change(shard: index) { shard, discarded in
                    let before = shard.index.count
                    defer { count += Int(before - shard.index.count) }
                    return shard.shed(to: target, self.clock, &discarded)
                }
            }
        }
        return count
    }
}
