extension Cache {
    /// The value of a key, or what `fill` makes of it: get-or-set.
    ///
    /// However many tasks ask for a missing key, the fill runs once, and all get its value. It runs in a task of its own:
    /// cancelling one caller cancels nobody else's value, and when the last caller leaves, the fill is cancelled. A value
    /// that was invalidated while its fill ran (by ``remove(_:)``, ``set(_:to:ttl:)``, ``removeAll(matching:)`` or
    /// ``clear()``, here or elsewhere) reaches those who asked before, and is not stored.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - ttl: How long the value stays fresh. Left out, the cache's default; `nil`, for ever; zero or less, not stored.
    ///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
    ///   - fill: Makes the value. What it throws, its callers throw, and nothing is stored.
    /// - Returns: The value.
    /// - Throws: What `fill` throws. ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/fillTimedOut``,
    ///   ``CacheError/Code/fillReentered``, ``CacheError/Code/shutDown``, or ``CacheError/Code/unavailable`` under
    ///   ``FailurePolicy/throwing``. `CancellationError`.
    public func fetch<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        ttl: TimeToLive? = .default,
        onFailure: FailurePolicy? = nil,
        _ fill: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let storeKey = try self.storeKey(key)
        let now = self.space.readNow(storeKey)
        if case .fresh(.object(let box)) = now, box.holds(Value.self) {
            self.counterStorage.add(to: .hit)
            return box.content(as: Value.self)
        }
        return try await self.fetch(storeKey, after: now, ttl, onFailure) { _ in try await fill() }
    }

    /// The value of a key, or what `fill` makes of it, where the fill has something to say about how it is stored.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - ttl: How long the value stays fresh, unless the fill says otherwise.
    ///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
    ///   - fill: Makes the value; its ``FillContext`` sets the time to live or says that nothing is to be stored.
    /// - Returns: The value.
    /// - Throws: As ``fetch(_:ttl:onFailure:_:)-(_,_,_,()->Value)``.
    public func fetch<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        ttl: TimeToLive? = .default,
        onFailure: FailurePolicy? = nil,
        _ fill: @escaping @Sendable (FillContext) async throws -> Value
    ) async throws -> Value {
        let storeKey = try self.storeKey(key)
        let now = self.space.readNow(storeKey)
        if case .fresh(.object(let box)) = now, box.holds(Value.self) {
            self.counterStorage.add(to: .hit)
            return box.content(as: Value.self)
        }
        return try await self.fetch(storeKey, after: now, ttl, onFailure, fill)
    }

    /// The value of a key, or what `fill` makes of it, together with where it came from and how long it stays fresh.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - ttl: How long the value stays fresh, unless the fill says otherwise.
    ///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
    ///   - fill: Makes the value.
    /// - Returns: The value and its outcome.
    /// - Throws: As ``fetch(_:ttl:onFailure:_:)-(_,_,_,()->Value)``.
    public func fetchReportingOutcome<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        ttl: TimeToLive? = .default,
        onFailure: FailurePolicy? = nil,
        _ fill: @escaping @Sendable (FillContext) async throws -> Value
    ) async throws -> Fetched<Value> {
        let storeKey = try self.storeKey(key)
        let read = try await self.quickRead(storeKey, Value.self, onFailure, wantsTimes: true)
        if case .hit(let value, let info) = read { return Fetched(value: value, outcome: .hit(info)) }
        return try await self.fetchMissing(storeKey, after: read, ttl, onFailure, fill)
    }

    /// The values of several keys: one read for all, and for those that are missing one request for their leases, one fill,
    /// one commit.
    ///
    /// Keys that another call is filling already are waited for instead of being filled twice.
    ///
    /// - Parameters:
    ///   - keys: The keys; a key that is named twice is fetched once.
    ///   - ttl: How long the values stay fresh. Left out, the cache's default; `nil`, for ever; zero or less, not stored.
    ///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
    ///   - fill: Makes the values of the keys that it is given. A key that it leaves out has no value; nothing is stored
    ///     for it. (To remember the absence, let the keys have an optional type and give `nil`.)
    /// - Returns: The values of all keys that have one.
    /// - Throws: As ``fetch(_:ttl:onFailure:_:)-(_,_,_,()->Value)``.
    public func fetchMany<Value: Codable & Sendable>(
        _ keys: some Sequence<CacheKey<Value>>,
        ttl: TimeToLive? = .default,
        onFailure: FailurePolicy? = nil,
        _ fill: @escaping @Sendable (_ missing: [CacheKey<Value>]) async throws -> [CacheKey<Value>: Value]
    ) async throws -> [CacheKey<Value>: Value] {
        let wishes = try self.distinct(keys)
        let keysByName = Dictionary(uniqueKeysWithValues: wishes.map { ($0.storeKey, $0.key) })
        let read = try await self.readMany(wishes.map(\.storeKey), Value.self, onFailure)
        let filled = try await self.resolve(
            read.missing,
            as: Value.self,
            storeIsAvailable: read.storeIsAvailable,
            ttl: ttl,
            onFailure: onFailure
        ) { missing, _ in
            let values = try await fill(missing.compactMap { keysByName[$0] })
            return Dictionary(
                uniqueKeysWithValues: missing.compactMap { key in
                    keysByName[key].flatMap { values[$0] }.map { (key, $0) }
                }
            )
        }
        let values = read.values.merging(filled.mapValues(\.value)) { _, filled in filled }
        return Dictionary(
            uniqueKeysWithValues: wishes.compactMap { wish in
                values[wish.storeKey].map { (wish.key, $0) }
            }
        )
    }

    // MARK: The first read

    /// What a fetch found before it asked for a lease.
    ///
    /// It has been counted.
    private enum FirstRead<Value> {
        case hit(Value, EntryInfo)
        case missing
        case unavailable
    }

    /// Every `fetch` but a hit in memory on a boxed value.
    private func fetch<Value: Codable & Sendable>(
        _ key: StoreKey,
        after now: ImmediateLookup,
        _ ttl: TimeToLive?,
        _ onFailure: FailurePolicy?,
        _ fill: @escaping @Sendable (FillContext) async throws -> Value
    ) async throws -> Value {
        var read = FirstRead<Value>.missing
        if case .unknown = now {
            read = try await self.quickRead(key, Value.self, onFailure)
            if case .hit(let value, _) = read { return value }
        } else if let value = self.value(of: now, Value.self, key) {
            return value
        }
        return try await self.fetchMissing(key, after: read, ttl, onFailure, fill).value
    }

    /// The hit that most fetches are: read without a lease, so that it costs what `get` costs.
    private func quickRead<Value: Codable & Sendable>(
        _ key: StoreKey,
        _ type: Value.Type,
        _ onFailure: FailurePolicy?,
        wantsTimes: Bool = false
    ) async throws -> FirstRead<Value> {
        var found: StoredEntry?
        let options = ReadOptions(wantsTimes: wantsTimes, coder: self.coder(for: type))
        do {
            if case .found(let entry) = try await self.readOne(key, options) { found = entry }
        } catch {
            try self.tolerate(error, onFailure, keys: 1)
            return .unavailable
        }
        if let found, !found.isStale, let value = self.decoded(found.value, type, key) {
            self.counterStorage.add(to: .hit)
            return .hit(value, found.info)
        }
        self.counterStorage.add(to: found?.isStale == true ? .stale : .miss)
        return .missing
    }

    private func fetchMissing<Value: Codable & Sendable>(
        _ key: StoreKey,
        after read: FirstRead<Value>,
        _ ttl: TimeToLive?,
        _ onFailure: FailurePolicy?,
        _ fill: @escaping @Sendable (FillContext) async throws -> Value
    ) async throws -> Fetched<Value> {
        var storeIsAvailable = true
        if case .unavailable = read { storeIsAvailable = false }
        let fetched = try await self.resolve(
            [key],
            as: Value.self,
            storeIsAvailable: storeIsAvailable,
            ttl: ttl,
            onFailure: onFailure
        ) { _, context in
            [key: try await fill(context)]
        }
        guard let result = fetched[key] else { preconditionFailure("a fill of one key has a value or throws") }
        return result
    }

    private struct ManyRead<Value> {
        var values: [StoreKey: Value] = [:]
        var missing: [StoreKey] = []
        var storeIsAvailable = true
    }

    private func readMany<Value: Codable & Sendable>(
        _ keys: [StoreKey],
        _ type: Value.Type,
        _ onFailure: FailurePolicy?
    ) async throws -> ManyRead<Value> {
        var read = ManyRead<Value>()
        guard !keys.isEmpty else { return read }
        let found: [StoreLookup]
        do {
            found = try await self.readAll(keys, ReadOptions(coder: self.coder(for: type)))
        } catch {
            try self.tolerate(error, onFailure, keys: keys.count)
            return ManyRead(missing: keys, storeIsAvailable: false)
        }
        var stale = 0
        for (key, lookup) in zip(keys, found) {
            if case .found(let entry) = lookup {
                if entry.isStale {
                    stale += 1
                } else if let value = self.decoded(entry.value, type, key) {
                    read.values[key] = value
                    continue
                }
            }
            read.missing.append(key)
        }
        self.counterStorage.add(read.values.count, to: .hit)
        self.counterStorage.add(stale, to: .stale)
        self.counterStorage.add(read.missing.count - stale, to: .miss)
        return read
    }

    /// Counts and logs that the store is unavailable, and goes on if the policy is to do without it.
    ///
    /// - Throws: The error, where the policy is to throw or the error is of another kind.
    func tolerate(_ error: any Error, _ onFailure: FailurePolicy?, keys: Int) throws {
        let failure = self.failure(error, keys: keys)
        guard (failure as? CacheError)?.code == .unavailable,
            (onFailure ?? self.defaults.failurePolicy) == .missing
        else { throw failure }
    }
}
