extension Cache {
    /// Changes an entry, atomically: what the change was shown is what the store had when it was written.
    ///
    /// Two who change one entry at the same time, in whichever processes, come one after the other, and neither loses what the
    /// other has written:
    ///
    /// ```swift
    /// try await cache.update(.cart(id)) { entry in
    ///     var cart = entry.value ?? Cart()
    ///     cart.add(book)
    ///     entry.set(cart)
    /// }
    /// ```
    ///
    /// The entry's lease is taken although there is an entry, the entry is then read from the store itself, changed, and written
    /// only while that lease stands. Whoever writes, removes or invalidates the entry meanwhile takes the lease away; then the
    /// entry is read again, and the change runs once more. So it must do nothing that cannot be done twice. The entry keeps its
    /// tags; one of them that is invalidated in between is no less invalidated after. Readers are not held up, but fetches that
    /// miss meanwhile wait.
    ///
    /// It costs three round trips, and those of every other who changes the same entry, one after the other.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - tags: What the value depends on, beside what the entry's tags say of it already.
    ///   - limit: How long to wait for others who change or fill the entry, and how often to try again, at most.
    ///   - change: Looks at the entry and sets what it is to be; what sets nothing leaves it as it is. It should take far less
    ///     than five seconds: after that its lease is over, and somebody else's turn.
    /// - Returns: What the change has returned when what it had set was written.
    /// - Throws: What the change throws; ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/invalidTag``,
    ///   ``CacheError/Code/encodingFailed``, ``CacheError/Code/valueTooLarge``, or ``CacheError/Code/unavailable``, also where
    ///   others kept the entry for too long. Nothing was written then, unless the store has failed in the middle of the write.
    public func update<Value: Codable & Sendable, Answer>(
        _ key: CacheKey<Value>,
        tags: [String] = [],
        atMost limit: Duration = .seconds(10),
        _ change: (inout EntryDraft<Value>) async throws -> Answer
    ) async throws -> Answer {
        let storeKey = try self.storeKey(key)
        let names = try TagRules.checked(tags)
        let deadline = self.clock.now.advanced(by: limit)
        while true {
            let request = LeaseRequest(token: .random(), duration: .seconds(5), replacesEntry: true, tags: names)
            do {
                switch try await self.take(storeKey, request, Value.self) {
                case .held(let holder):
                    try await self.waitForEnd(of: holder, on: storeKey, until: deadline)
                case .open(let lease, let entry):
                    if let answer = try await self.change(storeKey, lease, entry, change) { return answer.value }
                }
            } catch {
                // It may have been granted without our hearing of it.
                self.releaseUnknownLeases(on: [storeKey], request.token)
                throw self.failure(error)
            }
            guard self.clock.now < deadline else {
                throw CacheError(.unavailable, "others kept changing the entry that was to be changed", key: key.name)
            }
        }
    }

    /// What asking for the lease of an entry that is to be changed has come to.
    private enum Taken {
        /// Somebody else changes or fills it.
        case held(LeaseHolder)
        /// The lease is ours, if the store has any, and this is the entry.
        case open(Lease?, StoredEntry?)
    }

    /// Takes the lease of an entry, then reads the entry: what is read later than the lease was granted is what stands when a
    /// commit under that lease succeeds.
    private func take<Value: Codable & Sendable>(
        _ key: StoreKey,
        _ request: LeaseRequest,
        _ type: Value.Type
    ) async throws -> Taken {
        let coder = self.coder(for: type)
        let lease: Lease?
        switch try await self.readOne(key, ReadOptions(lease: request, coder: coder)) {
        case .absent(.held(let holder)): return .held(holder)
        case .absent(.granted(let granted)): lease = granted
        case .absent(.none): lease = nil
        case .found:
            throw CacheError(.unavailable, "the store gave no lease on an entry that is there", key: key.name)
        }
        let options = ReadOptions(wantsTimes: true, freshness: .strict, coder: coder)
        guard case .found(let entry) = try await self.readOne(key, options), !entry.isStale else {
            return .open(lease, nil)
        }
        return .open(lease, entry)
    }

    /// An answer in a box, since the answer itself may be `nil`.
    private struct Done<Answer> {
        var value: Answer
    }

    /// - Returns: `nil` where the lease was taken away, so that nothing was written.
    private func change<Value: Codable & Sendable, Answer>(
        _ key: StoreKey,
        _ lease: Lease?,
        _ entry: StoredEntry?,
        _ change: (inout EntryDraft<Value>) async throws -> Answer
    ) async throws -> Done<Answer>? {
        let read = self.clock.now
        let value = entry.flatMap { self.decoded($0.value, Value.self, key) }
        // What does not decode counts as absent, and what takes its place is bound to nothing that it was bound to.
        let old = value == nil ? nil : entry
        var draft = EntryDraft(value: value, timeLeft: entry?.info.timeLeft)
        let answer = try await change(&draft)
        guard let written = draft.written, let lifetime = self.lifetime(of: written, entry, since: read) else {
            if let lease { try await self.space.release([lease]) }
            return Done(value: answer)
        }
        let coder = self.coder(for: Value.self)
        let write = EntryWrite(key: key, value: coder.entry(for: written.value), coder: coder, lifetime: lifetime)
        self.flights.detach(CollectionOfOne(key))
        defer { self.flights.detach(CollectionOfOne(key)) }
        guard let lease else { return try await self.writeWithoutLease(write, over: entry) ? Done(value: answer) : nil }
        let commit = EntryCommit(write: write, lease: lease, marks: old?.marks ?? [])
        guard try await self.space.commit([commit]).contains(true) else { return nil }
        self.tell(.changed(keys: [key.name]))
        return Done(value: answer)
    }

    /// Writes where the store grants no leases: one that keeps nothing, or one that the current task bypasses.
    ///
    /// - Returns: Whether it was written, as far as such a store writes anything.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` where there is an entry: without a lease, nobody could say that it
    ///   is still the one that was changed.
    private func writeWithoutLease(_ write: EntryWrite, over entry: StoredEntry?) async throws -> Bool {
        if self.isBypassed {
            // What the store has is known to be untrue from now on.
            return try await self.space.write([write], .always).contains(true)
        }
        guard entry == nil else {
            throw CacheError(
                .unavailable,
                "the store grants no leases, so no entry can be changed",
                key: write.key.name
            )
        }
        return try await self.space.write([write], .ifAbsent).contains(true)
    }

    /// How long what was set is to live; `nil` where it is not to be stored.
    private func lifetime<Value>(
        of written: EntryDraft<Value>.Written,
        _ old: StoredEntry?,
        since read: CacheInstant
    ) -> EntryLifetime? {
        if let ttl = written.ttl { return EntryLifetime(ttl, defaults: self.defaults) }
        guard let old else { return EntryLifetime(.default, defaults: self.defaults) }
        // It ends when it would have ended: what passes until the commit is not given to it once more.
        let passed = read.duration(to: self.clock.now)
        let timeLeft = old.info.timeLeft.duration.map { max(.milliseconds(1), $0 - passed) }
        return EntryLifetime(freshFor: timeLeft, grace: old.grace)
    }

    /// Waits until somebody else's lease may have ended, or until the deadline; where the store cannot tell, for a moment.
    private func waitForEnd(of holder: LeaseHolder, on key: StoreKey, until deadline: CacheInstant) async throws {
        let patience = self.clock.now.duration(to: deadline)
        guard patience > .zero else { return }
        guard let signal = try await self.space.listen(for: key) else {
            let pause = min(patience, .milliseconds(20)) * Double.random(in: 0.25...1)
            return try await self.clock.sleep(until: self.clock.now.advanced(by: pause))
        }
        defer { signal.cancel() }
        // Looked at again now that its end would be heard.
        guard let left = try await self.timeLeft(of: holder, on: key) else { return }
        try await signal.wait(atMost: min(left + .milliseconds(5), patience))
    }
}
