import Synchronization

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
    /// Who is told of entries that leave; most caches tell nobody.
    @usableFromInline let removals: RemovalDelivery<Scheme, Value>?

    /// - Parameters:
    ///   - layout: The limit, and how it is divided.
    ///   - cost: What an entry costs, where that differs.
    ///   - clock: Where the time comes from.
    ///   - seed: What keys are hashed with; a random one by default.
    ///   - onRemoval: Told of every entry that leaves.
    package init(
        _ layout: ShardLayout,
        cost: (@Sendable (Key, Value) -> Int)? = nil,
        clock: CacheClock = .system,
        seed: HashSeed? = nil,
        onRemoval: (@Sendable (Key, Value, RemovalCause) -> Void)? = nil
    ) {
        self.layout = layout
        self.spare = SpareRoom(limit: layout.capacity)
        self.shards = ShardTable(layout, spare: self.spare)
        self.cost = cost
        self.clock = clock
        self.seed = seed ?? .random()
        self.removals = onRemoval.map { RemovalDelivery(shards: layout.shards, $0) }
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
            self.shards.lock(of: probe.hash).withLock { shard in
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
            self.shards.lock(of: probe.hash).withLock { shard -> ((value: Value, lifespan: Lifespan)?, Bool) in
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

    /// The value with its deadline, for whoever explains what there is.
    ///
    /// Counts as nothing, and leaves an entry whose time is over where it is.
    func peek(_ key: Scheme.Key) -> MemoryCacheEntry<Value>? {
        let found = Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).withLock { $0.entry(probe, self.clock) }
        }
        return found.map { MemoryCacheEntry($0.value, $0.lifespan, now: self.clock) }
    }

    @inlinable
    package func contains(_ key: Scheme.Key) -> Bool {
        Scheme.withProbe(key, seed: self.seed) { probe in
            self.shards.lock(of: probe.hash).withLock { $0.contains(probe, self.clock) }
        }
    }

    @inlinable
    @inline(never)
    func removeExpired(_ key: Scheme.Key) {
        self.change(key) { probe, shard, discarded in
            shard.removeExpired(probe, self.clock, &discarded)
        }
    }

    /// Looks for expired entries in the shard of a key that was read.
    @inlinable
    @inline(never)
    func sweep(besides key: Scheme.Key) {
        let now = self.clock.coarseNanoseconds
        self.change(key) { _, shard, discarded in
            _ = shard.sweep(Shard<Scheme, Value>.readersStep, now: now, &discarded)
        }
    }

    // MARK: Writing

    /// Changes the shard of a key under its lock, and lets go of what it discarded after that.
    @inlinable
    func change<Result: Sendable>(
        _ key: Scheme.Key,
        _ body: (Scheme.Probe, inout Shard<Scheme, Value>, inout Discarded<Scheme, Value>) -> Result
    ) -> Result {
        Scheme.withProbe(key, seed: self.seed) { probe in
            self.change(shard: self.shards.index(of: probe.hash), key: key) { body(probe, &$0, &$1) }
        }
    }

    /// The same for the shard of a number.
    @inlinable
    @inline(__always)
    func change<Result: Sendable>(
        shard index: Int,
        key: Scheme.Key? = nil,
        _ body: (inout Shard<Scheme, Value>, inout Discarded<Scheme, Value>) -> Result
    ) -> Result {
        var discarded = Discarded<Scheme, Value>()
        let result = self.shards.lock(index).withLock { shard in
            let result = body(&shard, &discarded)
            self.removals?.queue(&discarded, key: key, shard: index)
            return result
        }
        discarded.release()
        self.removals?.deliver(shard: index)
        return result
    }

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
        let result = self.change(key) { probe, shard, discarded in
            if !shard.fills.isEmpty { shard.fills.cutOff(key, hash: probe.hash) }
            let result = shard.insert(probe, value, lifespan, cost: cost, self.clock, &discarded)
            if self.removals != nil, case .replaced(let old) = result {
                discarded.append(key: nil, value: old, cause: .replaced)
            }
            return result
        }
        return result ?? self.storeHeavy(value, forKey: key, lifespan, cost: cost)
    }

    @inlinable
    @discardableResult
    package func removeValue(forKey key: Scheme.Key) -> Value? {
        self.change(key) { probe, shard, discarded in
            if !shard.fills.isEmpty { shard.fills.cutOff(key, hash: probe.hash) }
            return shard.remove(probe, self.clock, &discarded)
        }
    }
}
