// Steps that read and write a key with nothing in between. What they call runs with the key's shard locked.
extension ShardedCache {
    /// Reads and changes an entry in one step that no other operation on the key can come between.
    ///
    /// `body` runs with the shard locked: it must be short, and must not use the cache. When it throws, nothing changes.
    @inlinable
    @discardableResult
    package func update<Result, Failure: Error>(
        forKey key: Scheme.Key,
        _ body: (inout MemoryCacheEntry<Value>?) throws(Failure) -> Result
    ) throws(Failure) -> UpdateResult<Result> {
        let now = self.clock.nanoseconds
        var result: Swift.Result<Result, Failure>?
        var arrival: Arrival?
        let outcome = self.change(key) { probe, shard, discarded -> UpdateOutcome in
            // The slot's own reference keeps the old value alive while `body` runs, and `discarded` after that.
            let old = shard.entry(probe, self.clock)
            var entry = old.map { MemoryCacheEntry($0.value, $0.lifespan, at: now) }
            do throws(Failure) {
                result = .success(try body(&entry))
            } catch {
                result = .failure(error)
                if let entry { discarded.append(key: nil, value: entry.value, cause: nil) }
                return .absent
            }
            if !shard.fills.isEmpty { shard.fills.cutOff(key, hash: probe.hash) }
            guard let entry, let lifespan = entry.lifespanToStore(now: now) else {
                // What the closure has left is released without the lock, too.
                if let entry { discarded.append(key: nil, value: entry.value, cause: nil) }
                if let value = shard.remove(probe, self.clock, &discarded) {
                    discarded.append(key: nil, value: value, cause: nil)
                }
                return .absent
            }
            return self.store(entry.value, key, probe, lifespan, in: &shard, &discarded, &arrival)
        }
        guard let result else { preconditionFailure("The body of an update always has a result") }
        let landed = arrival.map { self.land($0, forKey: key) }
        return UpdateResult(result: try result.get(), outcome: landed ?? outcome)
    }

    /// The value of a key, or what `make` makes of it, which is stored in the same step.
    ///
    /// `make` runs with the shard locked: it must be short, and must not use the cache. When it throws, nothing changes.
    @inlinable
    package func value<Failure: Error>(
        forKey key: Scheme.Key,
        ttl: Duration?,
        orInsert make: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        if let value = self.value(forKey: key) { return value }
        var result: Swift.Result<Value, Failure>?
        var arrival: Arrival?
        self.change(key) { probe, shard, discarded in
            if let found = shard.entry(probe, self.clock) {
                result = .success(found.value)
                return
            }
            do throws(Failure) {
                let value = try make()
                result = .success(value)
                if let lifespan = self.lifespan(ttl: ttl) {
                    if !shard.fills.isEmpty { shard.fills.cutOff(key, hash: probe.hash) }
                    _ = self.store(value, key, probe, lifespan, in: &shard, &discarded, &arrival)
                }
            } catch {
                result = .failure(error)
            }
        }
        if let arrival { _ = self.land(arrival, forKey: key) }
        guard let result else { preconditionFailure("There is a value or an error") }
        return try result.get()
    }

    /// How long an entry lives that is stored now; `nil` if it is not to be stored.
    @inlinable
    func lifespan(ttl: Duration?) -> Lifespan? {
        guard let ttl else { return .forever }
        return ttl > .zero ? Lifespan(end: self.clock.nanoseconds(after: ttl)) : nil
    }

    /// Stores a value in a locked shard.
    ///
    /// What was replaced, and a value that was refused, go after the lock is free. A value for which room has to be made
    /// without the lock becomes an `arrival`, to be landed after it.
    @inlinable
    func store(
        _ value: Value,
        _ key: Scheme.Key,
        _ probe: Scheme.Probe,
        _ lifespan: Lifespan,
        in shard: inout Shard<Scheme, Value>,
        _ discarded: inout Discarded<Scheme, Value>,
        _ arrival: inout Arrival?
    ) -> UpdateOutcome {
        let cost = self.cost(of: key, value)
        switch shard.insert(probe, value, lifespan, cost: cost, self.clock, &discarded) {
        case .inserted:
            return .stored
        case .replaced(let old):
            discarded.append(key: nil, value: old, cause: .replaced)
            return .stored
        case .tooHeavy, .alreadyExpired:
            discarded.append(key: nil, value: value, cause: nil)
            return .tooHeavy
        case nil:
            // Until there is room the key has no entry: the old one is no longer true.
            let slot = shard.find(probe)
            if slot != TagIndex.none {
                let isOver = Shard<Scheme, Value>.isOver(shard.slab.cells[slot].deadline, self.clock)
                shard.drop(slot, as: isOver ? .expired : .replaced, &discarded)
            }
            let ticket = shard.arrivals.announce(probe.hash)
            arrival = Arrival(value: value, lifespan: lifespan, cost: cost, ticket: ticket)
            return .stored
        }
    }

    /// Stores a value for which room had to be made.
    @usableFromInline
    func land(_ arrival: Arrival, forKey key: Scheme.Key) -> UpdateOutcome {
        let result = self.storeHeavy(
            arrival.value,
            forKey: key,
            arrival.lifespan,
            cost: arrival.cost,
            ticket: arrival.ticket
        )
        if case .tooHeavy = result { return .tooHeavy }
        return .stored
    }
}
