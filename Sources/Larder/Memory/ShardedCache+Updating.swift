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
        let outcome = self.change(key) { probe, shard, discarded -> UpdateOutcome in
            // The slot's own reference keeps the old value alive while `body` runs, and `discarded` after that.
            let old = shard.entry(probe, self.clock)
            var entry = old.map { MemoryCacheEntry($0.value, nanoseconds: $0.deadline, at: now) }
            do throws(Failure) {
                result = .success(try body(&entry))
            } catch {
                result = .failure(error)
                return .absent
            }
            if !shard.fills.isEmpty { shard.fills.cutOff(key, hash: probe.hash) }
            guard let entry, let deadline = entry.deadlineToStore(now: now) else {
                if let value = shard.remove(probe, self.clock, &discarded) {
                    discarded.append(key: nil, value: value, cause: nil)
                }
                return .absent
            }
            return self.store(entry.value, key, probe, deadline: deadline, in: &shard, &discarded)
        }
        guard let result else { preconditionFailure("The body of an update always has a result") }
        return UpdateResult(result: try result.get(), outcome: outcome)
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
        self.change(key) { probe, shard, discarded in
            if let found = shard.entry(probe, self.clock) {
                result = .success(found.value)
                return
            }
            do throws(Failure) {
                let value = try make()
                result = .success(value)
                if let deadline = self.deadline(after: ttl) {
                    if !shard.fills.isEmpty { shard.fills.cutOff(key, hash: probe.hash) }
                    _ = self.store(value, key, probe, deadline: deadline, in: &shard, &discarded)
                }
            } catch {
                result = .failure(error)
            }
        }
        guard let result else { preconditionFailure("There is a value or an error") }
        return try result.get()
    }

    /// When an entry expires that is stored now; `nil` if it is not to be stored.
    @inlinable
    func deadline(after ttl: Duration?) -> Int64? {
        guard let ttl else { return Cell<Scheme.Stored, Value>.never }
        return ttl > .zero ? self.clock.nanoseconds(after: ttl) : nil
    }

    /// Stores a value in a locked shard.
    ///
    /// What was replaced, and a value that was refused, go after the lock is free.
    @inlinable
    func store(
        _ value: Value,
        _ key: Scheme.Key,
        _ probe: Scheme.Probe,
        deadline: Int64,
        in shard: inout Shard<Scheme, Value>,
        _ discarded: inout Discarded<Scheme, Value>
    ) -> UpdateOutcome {
        let cost = self.cost(of: key, value)
        switch shard.insert(probe, value, deadline: deadline, cost: cost, self.clock, &discarded) {
        case .inserted:
            return .stored
        case .replaced(let old):
            discarded.append(key: nil, value: old, cause: .replaced)
            return .stored
        case .tooHeavy, .alreadyExpired:
            discarded.append(key: nil, value: value, cause: nil)
            return .tooHeavy
        }
    }
}
