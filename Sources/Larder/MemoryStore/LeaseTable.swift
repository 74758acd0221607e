import Synchronization

/// What a lease of a memory store is granted under.
struct LeaseTerms: Sendable {
    /// The state of the namespace.
    var stamp: NamespaceStamp
    /// How many times tags had been invalidated; read before the tags.
    var serial: UInt64
    /// The tags that the call named.
    var tags: EntryTags?
}

/// The leases of a memory store.
///
/// Granting, redeeming and ending are done while the key's shard is locked, so a lease and its entry change together.
/// Between the two locks the order is always this one: shard first, lease after. What ends under them goes to the
/// caller's `EndedLeases`.
final class LeaseTable: Sendable {
    private struct Record: Sendable {
        var token: LeaseToken
        var terms: LeaseTerms
        var deadline: CacheInstant

        func stands(under stamp: NamespaceStamp, at now: CacheInstant) -> Bool {
            self.terms.stamp == stamp && self.deadline > now && self.terms.tags?.isDead != true
        }
    }

    private struct Part: Sendable {
        var records: [NamespacedName: Record] = [:]
        var listeners: [NamespacedName: [MemoryLeaseSignal]] = [:]
        /// None has run out before this moment.
        var firstDeadline = CacheInstant.distantFuture

        mutating func remove(_ name: NamespacedName, _ ended: inout EndedLeases) -> Record? {
            guard let record = self.records.removeValue(forKey: name) else { return nil }
            self.note(record, name, &ended)
            return record
        }

        /// Removes leases that have run out.
        ///
        /// - Returns: How many.
        mutating func purge(at now: CacheInstant, _ ended: inout EndedLeases) -> Int {
            let over = self.records.filter { $0.value.deadline <= now }
            for name in over.keys { _ = self.remove(name, &ended) }
            self.firstDeadline = self.records.values.map(\.deadline).min() ?? .distantFuture
            return over.count
        }

        func note(_ record: Record, _ name: NamespacedName, _ ended: inout EndedLeases) {
            ended.keep(record.terms.tags)
            if !self.listeners.isEmpty, let signals = self.listeners[name] { ended.add(signals) }
        }
    }

    private final class Stripe: Sendable {
        let part = Mutex(Part())
    }

    private static let stripeCount = 16
    /// From so many leases on, those that have run out are looked for before another is granted.
    private static let purgeThreshold = 1_024

    private let stripes: [Stripe]
    private let clock: CacheClock
    /// How many leases there are.
    ///
    /// While it is zero, which is most of the time, writing asks no second lock.
    ///
    /// A lease on a key is granted under the key's shard lock, so whoever holds that lock sees its own key's lease counted.
    private let count = Atomic<Int>(0)
    /// How many signals there are.
    private let listening = Atomic<Int>(0)

    init(clock: CacheClock) {
        self.clock = clock
        self.stripes = (0..<Self.stripeCount).map { _ in Stripe() }
    }

    /// How many leases stand, those that have run out included.
    var standing: Int { self.count.load(ordering: .relaxed) }

    /// How many listen.
    var listeners: Int { self.listening.load(ordering: .relaxed) }

    private func stripe(_ name: NamespacedName) -> Stripe {
        self.stripes[Int(UInt(bitPattern: name.name.hashValue) % UInt(Self.stripeCount))]
    }

    /// Grants a lease, unless another stands.
    func acquire(
        _ name: NamespacedName,
        _ key: StoreKey,
        _ request: LeaseRequest,
        _ terms: LeaseTerms,
        _ ended: inout EndedLeases
    ) -> LeaseAnswer {
        let now = self.clock.now
        return self.stripe(name).part.withLock { part in
            if let held = part.records[name], held.stands(under: terms.stamp, at: now) {
                let timeLeft = now.duration(to: held.deadline)
                return .held(LeaseHolder(token: held.token, timeLeft: timeLeft, serial: terms.serial))
            }
            if part.records.count >= Self.purgeThreshold, part.firstDeadline <= now {
                self.count.subtract(part.purge(at: now, &ended), ordering: .relaxed)
            }
            let record = Record(token: request.token, terms: terms, deadline: now.advanced(by: request.duration))
            part.firstDeadline = min(part.firstDeadline, record.deadline)
            if let old = part.records.updateValue(record, forKey: name) {
                part.note(old, name, &ended)
            } else {
                self.count.add(1, ordering: .relaxed)
            }
            return .granted(
                Lease(
                    key: key,
                    token: request.token,
                    stamp: terms.stamp,
                    serial: terms.serial,
                    marks: terms.tags?.marks ?? []
                )
            )
        }
    }

    /// Ends a lease by using it.
    ///
    /// - Returns: What it was granted under, if it stood, under this stamp. Its tags may have been invalidated since.
    func redeem(
        _ name: NamespacedName,
        _ lease: Lease,
        _ stamp: NamespaceStamp,
        _ ended: inout EndedLeases
    ) -> LeaseTerms? {
        let now = self.clock.now
        return self.stripe(name).part.withLock { part in
            guard part.records[name]?.token == lease.token, let record = part.remove(name, &ended) else { return nil }
            self.count.subtract(1, ordering: .relaxed)
            let stands = record.terms.stamp == stamp && lease.stamp == stamp && record.deadline > now
            return stands ? record.terms : nil
        }
    }

    /// Ends whatever lease there is.
    func end(_ name: NamespacedName, _ ended: inout EndedLeases) {
        if self.count.load(ordering: .relaxed) == 0 { return }
        self.stripe(name).part.withLock { part in
            if part.remove(name, &ended) != nil { self.count.subtract(1, ordering: .relaxed) }
        }
    }

    /// Ends the lease of this token.
    func release(_ name: NamespacedName, _ token: LeaseToken, _ ended: inout EndedLeases) {
        self.stripe(name).part.withLock { part in
            guard part.records[name]?.token == token, part.remove(name, &ended) != nil else { return }
            self.count.subtract(1, ordering: .relaxed)
        }
    }

    /// Lets a lease stand for `duration` from now, if it stands.
    func renew(_ name: NamespacedName, _ lease: Lease, _ stamp: NamespaceStamp, for duration: Duration) -> Bool {
        let now = self.clock.now
        return self.stripe(name).part.withLock { part in
            guard let record = part.records[name], record.token == lease.token, lease.stamp == stamp,
                record.stands(under: stamp, at: now)
            else { return false }
            part.records[name]?.deadline = now.advanced(by: duration)
            return true
        }
    }

    /// Whose lease stands.
    func holder(_ name: NamespacedName, _ stamp: NamespaceStamp) -> EntryReport.Holder? {
        let now = self.clock.now
        return self.stripe(name).part.withLock { part in
            guard let record = part.records[name], record.stands(under: stamp, at: now) else { return nil }
            return EntryReport.Holder(token: record.token, timeLeft: now.duration(to: record.deadline))
        }
    }

    // MARK: Listening

    func listen(_ name: NamespacedName) -> MemoryLeaseSignal {
        let signal = MemoryLeaseSignal(name, in: self, clock: self.clock)
        self.listening.add(1, ordering: .relaxed)
        // See `wakeAll`.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        self.stripe(name).part.withLock { $0.listeners[name, default: []].append(signal) }
        return signal
    }

    func stopListening(_ signal: MemoryLeaseSignal) {
        let wasListening = self.stripe(signal.name).part.withLock { part in
            guard var signals = part.listeners[signal.name],
                let index = signals.firstIndex(where: { $0 === signal })
            else { return false }
            signals.remove(at: index)
            part.listeners[signal.name] = signals.isEmpty ? nil : signals
            return true
        }
        if wasListening { self.listening.subtract(1, ordering: .relaxed) }
    }

    /// Lets all who listen in a namespace look again: leases may have become void.
    ///
    /// Called after what makes them void is done. Whoever is not seen here as listening has begun to after that, by the
    /// two fences, and finds the lease void when it looks at its key.
    func wakeAll(of namespace: UInt32) {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if self.listening.load(ordering: .relaxed) == 0 { return }
        var ended = EndedLeases()
        for stripe in self.stripes {
            stripe.part.withLock { part in
                for (name, signals) in part.listeners where name.namespace == namespace { ended.add(signals) }
            }
        }
        ended.tell()
    }
}
