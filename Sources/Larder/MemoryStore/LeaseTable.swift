import Synchronization

/// The leases of a memory store.
///
/// Each call is made while the key's shard is locked, so a lease and its entry change together. Between the two locks the
/// order is always this one: shard first, lease after.
final class LeaseTable: Sendable {
    private struct Record {
        var token: LeaseToken
        var stamp: NamespaceStamp
        var deadline: CacheInstant
    }

    private final class Stripe: Sendable {
        let records = Mutex<[NamespacedName: Record]>([:])
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

    init(clock: CacheClock) {
        self.clock = clock
        self.stripes = (0..<Self.stripeCount).map { _ in Stripe() }
    }

    /// How many leases stand, those that have run out included.
    var standing: Int { self.count.load(ordering: .relaxed) }

    private func stripe(_ name: NamespacedName) -> Stripe {
        self.stripes[Int(UInt(bitPattern: name.name.hashValue) % UInt(Self.stripeCount))]
    }

    /// Grants a lease, unless another stands.
    func acquire(_ name: NamespacedName, _ key: StoreKey, _ request: LeaseRequest, _ stamp: NamespaceStamp)
        -> LeaseAnswer
    {
        let now = self.clock.now
        return self.stripe(name).records.withLock { records in
            if let held = records[name], held.stamp == stamp, held.deadline > now {
                return .held(LeaseHolder(token: held.token, timeLeft: now.duration(to: held.deadline), serial: 0))
            }
            if records.count >= Self.purgeThreshold {
                let before = records.count
                records = records.filter { $0.value.deadline > now }
                self.count.subtract(before - records.count, ordering: .relaxed)
            }
            let record = Record(token: request.token, stamp: stamp, deadline: now.advanced(by: request.duration))
            if records.updateValue(record, forKey: name) == nil { self.count.add(1, ordering: .relaxed) }
            return .granted(Lease(key: key, token: request.token, stamp: stamp))
        }
    }

    /// Ends a lease by using it.
    ///
    /// - Returns: Whether it stood, under this stamp.
    func redeem(_ name: NamespacedName, _ lease: Lease, _ stamp: NamespaceStamp) -> Bool {
        let now = self.clock.now
        return self.stripe(name).records.withLock { records in
            guard let record = records[name], record.token == lease.token else { return false }
            records[name] = nil
            self.count.subtract(1, ordering: .relaxed)
            return record.stamp == stamp && lease.stamp == stamp && record.deadline > now
        }
    }

    /// Ends whatever lease there is.
    func end(_ name: NamespacedName) {
        if self.count.load(ordering: .relaxed) == 0 { return }
        self.stripe(name).records.withLock { records in
            if records.removeValue(forKey: name) != nil { self.count.subtract(1, ordering: .relaxed) }
        }
    }

    /// Ends the lease of this token.
    func release(_ name: NamespacedName, _ token: LeaseToken) {
        self.stripe(name).records.withLock { records in
            guard records[name]?.token == token else { return }
            records[name] = nil
            self.count.subtract(1, ordering: .relaxed)
        }
    }
}
