extension Cache {
    /// The value of a key, or what `fill` makes of it: get-or-set.
    ///
    /// However many tasks ask for a missing key, the fill runs once, in the whole fleet where the store knows leases, and
    /// all get its value. It runs in a task of its own: cancelling one caller cancels nobody else's value, and when the last
    /// caller leaves, the fill is cancelled. A value that was invalidated while its fill ran (by ``remove(_:)``,
    /// ``set(_:to:ttl:tags:)``, ``invalidate(tags:)``, ``removeAll(matching:)`` or ``clear()``, here or elsewhere) reaches
    /// those who asked before, and nobody who asks after; it is not stored.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - ttl: How long the value stays fresh. Left out, the policy's; `nil`, for ever; zero or less, not stored.
    ///   - tags: What the value depends on; see ``invalidate(tags:)``.
    ///   - policy: How fresh the value has to be, and how long to wait for it; `nil` takes the cache's.
    ///   - freshness: Who may answer: this process' memory too, or only the store; `nil` takes the cache's.
    ///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
    ///   - fill: Makes the value. What it throws, its callers throw, and nothing is stored.
    /// - Returns: The value.
    /// - Throws: What `fill` throws. ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/invalidTag``,
    ///   ``CacheError/Code/fillTimedOut``, ``CacheError/Code/fillReentered``, ``CacheError/Code/shutDown``,
    ///   ``CacheError/Code/encodingFailed`` where the store keeps bytes and the value cannot be encoded, or
    ///   ``CacheError/Code/unavailable`` under ``FailurePolicy/throwing``. `CancellationError`.
    public func fetch<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        ttl: TimeToLive? = .default,
        tags: [String] = [],
        policy: FetchPolicy? = nil,
        freshness: ReadFreshness? = nil,
        onFailure: FailurePolicy? = nil,
        _ fill: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let storeKey = try self.storeKey(key)
        let now = FetchRecorder.active == nil ? self.readNow(storeKey, freshness) : .unknown
        if !self.looksAtAge(policy), let box = self.hitAtOnce(now, storeKey, Value.self) {
            return box.content(as: Value.self)
        }
        return try await self.value(of: storeKey, after: now, ttl, tags, policy, freshness, onFailure) { _ in
            try await fill()
        }
    }

    /// The value of a key, or what `fill` makes of it, where the fill has something to say about how it is stored.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - ttl: How long the value stays fresh, unless the fill says otherwise.
    ///   - tags: What the value depends on, as far as it is known before the fill.
    ///   - policy: How fresh the value has to be, and how long to wait for it; `nil` takes the cache's.
    ///   - freshness: Who may answer: this process' memory too, or only the store; `nil` takes the cache's.
    ///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
    ///   - fill: Makes the value; its ``FillContext`` sets the time to live, adds tags or says that nothing is to be stored.
    /// - Returns: The value.
    /// - Throws: As ``fetch(_:ttl:tags:policy:freshness:onFailure:_:)-(_,_,_,_,_,_,()->Value)``.
    public func fetch<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        ttl: TimeToLive? = .default,
        tags: [String] = [],
        policy: FetchPolicy? = nil,
        freshness: ReadFreshness? = nil,
        onFailure: FailurePolicy? = nil,
        _ fill: @escaping @Sendable (FillContext) async throws -> Value
    ) async throws -> Value {
        let storeKey = try self.storeKey(key)
        let now = FetchRecorder.active == nil ? self.readNow(storeKey, freshness) : .unknown
        if !self.looksAtAge(policy), let box = self.hitAtOnce(now, storeKey, Value.self) {
            return box.content(as: Value.self)
        }
        return try await self.value(of: storeKey, after: now, ttl, tags, policy, freshness, onFailure, fill)
    }

    /// The value of a key, or what `fill` makes of it, together with where it came from and how long it stays fresh.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - ttl: How long the value stays fresh, unless the fill says otherwise.
    ///   - tags: What the value depends on, as far as it is known before the fill.
    ///   - policy: How fresh the value has to be, and how long to wait for it; `nil` takes the cache's.
    ///   - freshness: Who may answer: this process' memory too, or only the store; `nil` takes the cache's.
    ///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
    ///   - fill: Makes the value.
    /// - Returns: The value and its outcome.
    /// - Throws: As ``fetch(_:ttl:tags:policy:freshness:onFailure:_:)-(_,_,_,_,_,_,()->Value)``.
    public func fetchReportingOutcome<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        ttl: TimeToLive? = .default,
        tags: [String] = [],
        policy: FetchPolicy? = nil,
        freshness: ReadFreshness? = nil,
        onFailure: FailurePolicy? = nil,
        _ fill: @escaping @Sendable (FillContext) async throws -> Value
    ) async throws -> Fetched<Value> {
        let storeKey = try self.storeKey(key)
        return try await self.fetch(
            storeKey,
            after: .unknown,
            ttl,
            tags,
            policy,
            freshness,
            onFailure,
            wantsTimes: true,
            fill
        )
    }

    /// The values of several keys: one read for all, and for those that are missing one request for their leases, one fill,
    /// one commit.
    ///
    /// Keys that another call is filling already are waited for instead of being filled twice.
    ///
    /// - Parameters:
    ///   - keys: The keys; a key that is named twice is fetched once.
    ///   - ttl: How long the values stay fresh. Left out, the policy's; `nil`, for ever; zero or less, not stored.
    ///   - tags: What all of the values depend on.
    ///   - policy: How fresh the values have to be, and how long to wait for them; `nil` takes the cache's.
    ///   - freshness: Who may answer: this process' memory too, or only the store; `nil` takes the cache's.
    ///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
    ///   - fill: Makes the values of the keys that it is given. A key that it leaves out has no value; nothing is stored
    ///     for it. (To remember the absence, let the keys have an optional type and give `nil`.)
    /// - Returns: The values of all keys that have one.
    /// - Throws: As ``fetch(_:ttl:tags:policy:freshness:onFailure:_:)-(_,_,_,_,_,_,()->Value)``.
    public func fetchMany<Value: Codable & Sendable>(
        _ keys: some Sequence<CacheKey<Value>>,
        ttl: TimeToLive? = .default,
        tags: [String] = [],
        policy: FetchPolicy? = nil,
        freshness: ReadFreshness? = nil,
        onFailure: FailurePolicy? = nil,
        _ fill: @escaping @Sendable (_ missing: [CacheKey<Value>]) async throws -> [CacheKey<Value>: Value]
    ) async throws -> [CacheKey<Value>: Value] {
        try await self.fetchMany(
            keys,
            ttl: ttl,
            tags: tags,
            policy: policy,
            freshness: freshness,
            onFailure: onFailure
        ) { missing, _ in try await fill(missing) }
    }

    /// The values of several keys, where the fill has something to say about how they are stored.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - ttl: How long the values stay fresh.
    ///   - tags: What all of the values depend on.
    ///   - policy: How fresh the values have to be, and how long to wait for them.
    ///   - freshness: Who may answer.
    ///   - onFailure: What to do while the store is unavailable.
    ///   - fillsApart: Whether `fill` runs once for each missing key, all of them at the same time: each value has a time to
    ///     live and tags of its own then, and reaches those who wait for it when it is there. Fills that fetch keys which
    ///     others fill need that: two that hold several keys each could wait for each other.
    ///   - fill: Makes the values; ``FillContext/addTags(_:to:)`` puts single ones under tags.
    /// - Returns: The values of all keys that have one.
    /// - Throws: As the public form.
    package func fetchMany<Value: Codable & Sendable>(
        _ keys: some Sequence<CacheKey<Value>>,
        ttl: TimeToLive? = .default,
        tags: [String] = [],
        policy: FetchPolicy? = nil,
        freshness: ReadFreshness? = nil,
        onFailure: FailurePolicy? = nil,
        fillsApart: Bool = false,
        _ fill:
            @escaping @Sendable (_ missing: [CacheKey<Value>], FillContext) async throws -> [CacheKey<Value>: Value]
    ) async throws -> [CacheKey<Value>: Value] {
        let wishes = try self.distinct(keys)
        let keysByName = Dictionary(uniqueKeysWithValues: wishes.map { ($0.storeKey, $0.key) })
        var call: FetchCall<Value> = try self.call(tags, policy, ttl, freshness, onFailure) { missing, context in
            let values = try await fill(missing.compactMap { keysByName[$0] }, context)
            return Dictionary(
                uniqueKeysWithValues: missing.compactMap { key in
                    keysByName[key].flatMap { values[$0] }.map { (key, $0) }
                }
            )
        }
        let recorder = FetchRecorder.active
        call.fillsApart = fillsApart
        var results = try await self.firstRead(wishes.map(\.storeKey), &call, wantsTimes: recorder != nil)
        let missing = wishes.map(\.storeKey).filter { results[$0] == nil }
        results.merge(try await self.resolve(missing, call)) { _, filled in filled }
        if let recorder {
            for wish in wishes {
                let outcome = results[wish.storeKey]?.outcome ?? FetchReport.notStored
                recorder.note(outcome, wish.storeKey, foundStale: call.foundStale.contains(wish.storeKey))
            }
        }
        return Dictionary(
            uniqueKeysWithValues: wishes.compactMap { wish in
                results[wish.storeKey].map { (wish.key, $0.value) }
            }
        )
    }

    /// Whether an entry's age matters to a call while it is fresh.
    @inline(__always)
    private func looksAtAge(_ policy: FetchPolicy?) -> Bool {
        if let policy { policy.looksAtAge } else { self.defaultsLookAtAge }
    }

    /// Every fetch of one key's value but a hit in memory on a boxed value.
    ///
    /// A function of its own, so that a hit need not make room for what a fetch returns in full.
    @inline(never)
    private func value<Value: Codable & Sendable>(
        of key: StoreKey,
        after now: ImmediateLookup,
        _ ttl: TimeToLive?,
        _ tags: [String],
        _ policy: FetchPolicy?,
        _ freshness: ReadFreshness?,
        _ onFailure: FailurePolicy?,
        _ fill: @escaping @Sendable (FillContext) async throws -> Value
    ) async throws -> Value {
        try await self.fetch(key, after: now, ttl, tags, policy, freshness, onFailure, fill).value
    }

    /// Every fetch of one key but a hit in memory on a boxed value.
    private func fetch<Value: Codable & Sendable>(
        _ key: StoreKey,
        after now: ImmediateLookup,
        _ ttl: TimeToLive?,
        _ tags: [String],
        _ policy: FetchPolicy?,
        _ freshness: ReadFreshness?,
        _ onFailure: FailurePolicy?,
        wantsTimes: Bool = false,
        _ fill: @escaping @Sendable (FillContext) async throws -> Value
    ) async throws -> Fetched<Value> {
        let recorder = FetchRecorder.active
        var call = try self.call(tags, policy, ttl, freshness, onFailure) { _, context in [key: try await fill(context)]
        }
        let fetched = try await self.fetch(key, after: now, &call, wantsTimes: wantsTimes || recorder != nil)
        recorder?.note(fetched.outcome, key, foundStale: call.foundStale.contains(key))
        return fetched
    }

    private func fetch<Value: Codable & Sendable>(
        _ key: StoreKey,
        after now: ImmediateLookup,
        _ call: inout FetchCall<Value>,
        wantsTimes: Bool
    ) async throws -> Fetched<Value> {
        if !call.policy.looksAtAge, !wantsTimes {
            switch now {
            case .fresh(let entry):
                if let hit = self.hit(entry, Value.self, key) { return hit }
            case .tagged(let entry, let marks):
                if let hit = self.hit(entry, Value.self, key) {
                    self.handUp(marks)
                    return hit
                }
            case .absent, .unknown:
                break
            }
        }
        if case .absent = now {
            self.note(.miss, key)
        } else if let found = try await self.firstRead(key, &call, wantsTimes: wantsTimes) {
            return found
        }
        guard let result = try await self.resolve([key], call)[key] else {
            preconditionFailure("a fill of one key has a value or throws")
        }
        return result
    }

    /// A hit on what the store had at once, counted; `nil` where the entry is of another type, which is read again.
    private func hit<Value: Codable & Sendable>(
        _ entry: EntryValue,
        _ type: Value.Type,
        _ key: StoreKey
    ) -> Fetched<Value>? {
        guard let value = self.decoded(entry, type, key) else { return nil }
        self.note(.hit, key)
        let info = EntryInfo(timeLeft: .forever, age: nil, fillCost: nil)
        return Fetched(value: value, outcome: .hit(info))
    }
}
