import Synchronization

// A key's value, or what a fill makes of it that runs once for all who ask.
extension ShardedCache {
    /// The value of a key that a read has not found: of the fill that is under way, or of one of its own.
    ///
    /// - Throws: What `fill` throws. ``CacheError`` with ``CacheError/Code/fillReentered``. `CancellationError`.
    @usableFromInline
    package func fetchMissing(
        forKey key: Scheme.Key,
        ttl: Duration?,
        _ fill: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let hash = Scheme.withProbe(key, seed: self.seed) { $0.hash }
        let exact = ExactKey<Scheme>(key, hash: hash)
        try FillScope.check(ObjectIdentifier(self), [exact]) { "\($0.key)" }
        let (found, place) = self.valueOrPlace(exact)
        guard let place else {
            guard let found else { preconditionFailure("There is a value or a flight") }
            return found
        }
        if place.isLeader { self.begin(place.flight, exact, ttl: ttl, fill) }
        return try await place.flight.landing(in: place.seat)
    }

    /// The value, if one has been stored since it was missed, or else a place in the key's flight.
    private func valueOrPlace(_ exact: ExactKey<Scheme>) -> (Value?, FillTable<Scheme, Value>.Place?) {
        self.change(exact.key) { probe, shard, _ in
            if let found = shard.entry(probe, self.clock) { return (found.value, nil) }
            return (nil, shard.fills.joinOrMake(exact))
        }
    }

    private func begin(
        _ flight: Flight<Value>,
        _ exact: ExactKey<Scheme>,
        ttl: Duration?,
        _ fill: @escaping @Sendable () async throws -> Value
    ) {
        let task = FillTask(flights: 1)
        flight.begin { end in
            if end.isFailed {
                self.change(exact.key) { _, shard, _ in
                    shard.statistics.failedFills &+= 1
                    _ = shard.fills.remove(exact, flight)
                }
            }
            _ = task.flightEnded(isFailed: end.isFailed)
        }
        guard task.begin() else { return }
        // The flight owns the task: it is cancelled when the last one who waits has left.
        task.own([Task { await self.run(fill, for: flight, exact, ttl: ttl) }])
    }

    private func run(
        _ fill: @Sendable () async throws -> Value,
        for flight: Flight<Value>,
        _ exact: ExactKey<Scheme>,
        ttl: Duration?
    ) async {
        let scope = FillScope(ObjectIdentifier(self), [exact], within: CurrentFill.scope)
        let start = self.clock.now
        do {
            defer { scope.end() }
            let value = try await CurrentFill.$scope.withValue(scope) { try await fill() }
            guard flight.beginCommitting() else { return }
            self.commit(value, of: flight, exact, ttl: ttl, time: start.duration(to: self.clock.now))
            flight.end(.success(value))
        } catch {
            flight.end(.failure(error))
        }
    }

    /// Stores what a fill has brought, unless its key has been written or removed since it began.
    private func commit(
        _ value: Value,
        of flight: Flight<Value>,
        _ exact: ExactKey<Scheme>,
        ttl: Duration?,
        time: Duration
    ) {
        var arrival: Arrival?
        self.change(exact.key) { probe, shard, discarded in
            shard.statistics.fills &+= 1
            shard.statistics.fillTime += time
            guard shard.fills.remove(exact, flight), let lifespan = self.lifespan(ttl: ttl) else { return }
            _ = self.store(value, exact.key, probe, lifespan, in: &shard, &discarded, &arrival)
        }
        if let arrival { _ = self.land(arrival, forKey: exact.key) }
    }
}

extension ShardedCache {
    /// How many fills can be joined.
    ///
    /// For tests.
    var fillCount: Int {
        (0..<self.shards.count).reduce(0) { sum, index in
            sum + self.shards.lock(index).withLock { $0.fills.count }
        }
    }

    /// How many wait for the fill of a key.
    ///
    /// For tests.
    func seatCount(forKey key: Key) -> Int {
        self.change(key) { probe, shard, _ in shard.fills.seatCount(ExactKey(key, hash: probe.hash)) }
    }
}
