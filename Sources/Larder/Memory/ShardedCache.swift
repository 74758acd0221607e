public import Synchronization

/// The cache itself, for any kind of key.
///
/// `MemoryCache` is its public face. Code in this package whose keys have a scheme of their own uses it directly; the
/// verbs mean the same.
///
/// Every operation does three things: it hashes the key, takes the lock of one shard for what is decided there, and
/// drops what left after the lock is free.
@usableFromInline
package final class ShardedCache<Scheme: KeyScheme, Value: Sendable>: Sendable {
    package typealias Key = Scheme.Key
    package typealias Entry = MemoryCacheEntry<Value>

    @usableFromInline let shards: ShardTable<Scheme, Value>
    @usableFromInline let seed: HashSeed
    @usableFromInline let clock: CacheClock
    @usableFromInline let cost: (@Sendable (Scheme.Key, Value) -> Int)?
    package let layout: ShardLayout
    /// What of the limit no shard has, and the limit.
    @usableFromInline let spare: SpareRoom
    /// Held by whoever moves room between shards, never by anyone who holds a shard's lock.
    let mover = Mutex(RoomMover())

    /// - Parameters:
    ///   - layout: The limit, and how it is divided.
    ///   - cost: What an entry costs, where that differs.
    ///   - clock: Where the time comes from.
    ///   - seed: What keys are hashed with; a random one by default.
    package init(
        _ layout: ShardLayout,
        cost: (@Sendable (Key, Value) -> Int)? = nil,
        clock: CacheClock = .system,
        seed: HashSeed? = nil
    ) {
        self.layout = layout
        self.spare = SpareRoom(limit: layout.capacity)
        self.shards = ShardTable(layout, spare: self.spare)
        self.cost = cost
        self.clock = clock
        self.seed = seed ?? .random()
    }

    @inlinable
    func cost(of key: Scheme.Key, _ value: Value) -> Int {
        guard let cost = self.cost else { return 1 }
        return max(1, cost(key, value))
    }

    // MARK: Reading

    @inlinable
    @inline(__always)
    package func value(forKey key: Scheme.Key) -> Value? {
        var isSweepDue = false
        let read = Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).pointee.withLock { shard in
                let read = shard.read(probe, self.clock)
                if case .hit = read { isSweepDue = shard.isSweepDue }
                return read
            }
        }
        if isSweepDue { self.sweep(besides: key) }
        switch read {
        case .hit(let value):
            return value
        case .miss:
            return nil
        case .expired:
            self.removeExpired(key)
            return nil
        }
    }

    /// The value with its deadline.
    ///
    /// Counts as a read.
    @inlinable
    package func entry(forKey key: Scheme.Key) -> MemoryCacheEntry<Value>? {
        let (found, isDead) = Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).pointee.withLock { shard -> ((value: Value, lifespan: Lifespan)?, Bool) in
                switch shard.read(probe, self.clock) {
                case .hit(let value): ((value, shard.lifespan(shard.find(probe))), false)
                case .miss: (nil, false)
                case .expired: (nil, true)
                }
            }
        }
        if isDead { self.removeExpired(key) }
        guard let found else { return nil }
        return MemoryCacheEntry(found.value, found.lifespan, now: self.clock)
    }

    @inlinable
    package func contains(_ key: Scheme.Key) -> Bool {
        Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).pointee.withLock { $0.contains(probe, self.clock) }
        }
    }

    @inlinable
    @inline(never)
    func removeExpired(_ key: Scheme.Key) {
        var discarded = Discarded<Scheme, Value>()
        Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).pointee.withLock { $0.removeExpired(probe, self.clock, &discarded) }
        }
        discarded.release()
    }

    /// Looks for expired entries in the shard of a key that was read.
    @inlinable
    @inline(never)
    func sweep(besides key: Scheme.Key) {
        var discarded = Discarded<Scheme, Value>()
        let now = self.clock.coarseNanoseconds
        Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).pointee.withLock { shard in
                _ = shard.sweep(Shard<Scheme, Value>.readersStep, now: now, &discarded)
            }
        }
        discarded.release()
    }

    // MARK: Writing

    @inlinable
    @discardableResult
    package func insert(_ value: Value, forKey key: Scheme.Key, ttl: Duration? = nil) -> InsertionResult<Value> {
        guard let ttl else {
            return self.insert(value, forKey: key, .forever)
        }
        guard ttl > .zero else {
            self.removeValue(forKey: key)
            return .alreadyExpired
        }
        return self.insert(value, forKey: key, Lifespan(end: self.clock.nanoseconds(after: ttl)))
    }

    /// Stores a value that ends when nobody has asked for it for `idle`, or after `ttl` in any case.
    @discardableResult
    package func insert(
        _ value: Value,
        forKey key: Scheme.Key,
        ttl: Duration?,
        idle: Duration
    ) -> InsertionResult<Value> {
        guard idle > .zero, (ttl ?? idle) > .zero else {
            self.removeValue(forKey: key)
            return .alreadyExpired
        }
        let now = self.clock.nanoseconds
        let end = ttl.map { CacheInstant(nanoseconds: now).advanced(by: $0).nanoseconds } ?? Lifespan.never
        return self.insert(value, forKey: key, Lifespan(end: end, idle: max(1, idle.wholeNanoseconds), now: now))
    }

    /// Stores a value until a moment of the cache's clock.
    @discardableResult
    package func insert(_ value: Value, forKey key: Scheme.Key, deadline: CacheInstant) -> InsertionResult<Value> {
        if deadline != .distantFuture, self.clock.hasPassed(deadline) {
            self.removeValue(forKey: key)
            return .alreadyExpired
        }
        return self.insert(value, forKey: key, Lifespan(end: deadline.nanoseconds))
    }

    @inlinable
    func insert(_ value: Value, forKey key: Scheme.Key, _ lifespan: Lifespan) -> InsertionResult<Value> {
        let cost = self.cost(of: key, value)
        var discarded = Discarded<Scheme, Value>()
        let result = Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).pointee.withLock {
                $0.insert(probe, value, lifespan, cost: cost, self.clock, &discarded)
            }
        }
        discarded.release()
        return result ?? self.storeHeavy(value, forKey: key, lifespan, cost: cost)
    }

    @inlinable
    @discardableResult
    package func removeValue(forKey key: Scheme.Key) -> Value? {
        var discarded = Discarded<Scheme, Value>()
        let value = Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).pointee.withLock { $0.remove(probe, self.clock, &discarded) }
        }
        discarded.release()
        return value
    }

    /// Reads and changes an entry in one step that no other operation on the key can come between.
    ///
    /// `body` runs with the shard locked: it must be short, and must not use the cache. When it throws, nothing changes.
    @inlinable
    @discardableResult
    package func update<Result, Failure: Error>(
        forKey key: Scheme.Key,
        _ body: (inout MemoryCacheEntry<Value>?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let now = self.clock.nanoseconds
        var discarded = Discarded<Scheme, Value>()
        var outcome: Swift.Result<Result, Failure>?
        var arrival: Arrival?
        Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).pointee.withLock { shard in
                // The slot's own reference keeps the old value alive while `body` runs, and `discarded` after that.
                let old = shard.entry(probe, self.clock)
                var entry = old.map { MemoryCacheEntry($0.value, $0.lifespan, at: now) }
                do throws(Failure) {
                    outcome = .success(try body(&entry))
                } catch {
                    outcome = .failure(error)
                    return
                }
                guard let entry, let lifespan = entry.lifespanToStore(now: now) else {
                    if let value = shard.remove(probe, self.clock, &discarded) {
                        discarded.append(key: nil, value: value)
                    }
                    return
                }
                let cost = self.cost(of: key, entry.value)
                let result = shard.insert(probe, entry.value, lifespan, cost: cost, self.clock, &discarded)
                // What was replaced, and a value that was refused, go after the lock is free.
                switch result {
                case .replaced(let value): discarded.append(key: nil, value: value)
                case .tooHeavy, .alreadyExpired: discarded.append(key: nil, value: entry.value)
                case .inserted: break
                case nil:
                    // Room has to be made without this lock. Until then the key has no entry: the old one is no longer
                    // true.
                    if let value = shard.remove(probe, self.clock, &discarded) {
                        discarded.append(key: nil, value: value)
                    }
                    arrival = Arrival(
                        value: entry.value,
                        lifespan: lifespan,
                        cost: cost,
                        ticket: shard.arrivals.announce(probe.hash)
                    )
                }
            }
        }
        discarded.release()
        if let arrival {
            self.storeHeavy(arrival.value, forKey: key, arrival.lifespan, cost: arrival.cost, ticket: arrival.ticket)
        }
        guard let outcome else { preconditionFailure("The body of an update always has an outcome") }
        return try outcome.get()
    }
}
