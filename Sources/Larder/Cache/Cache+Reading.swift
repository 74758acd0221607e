import Logging

extension Cache {
    /// The value of a key.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - freshness: Who may answer: this process' memory too, or only the store; `nil` takes the cache's.
    ///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
    /// - Returns: The value; `nil` where there is no fresh entry, or where the store is unavailable and the policy is
    ///   ``FailurePolicy/missing``. A cached `nil` of an optional type is a value: `.some(nil)`.
    /// - Throws: ``CacheError``: ``CacheError/Code/invalidKey``, or ``CacheError/Code/unavailable`` under
    ///   ``FailurePolicy/throwing``. `CancellationError` where the task is cancelled while it waits for the store.
    public func get<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        freshness: ReadFreshness? = nil,
        onFailure: FailurePolicy? = nil
    ) async throws -> Value? {
        let storeKey = try self.storeKey(key)
        let now = self.readNow(storeKey, freshness)
        if let box = self.hitAtOnce(now, storeKey, Value.self) { return box.content(as: Value.self) }
        return try await self.get(storeKey, after: now, freshness, onFailure)
    }

    /// Every `get` but a hit in memory on a boxed value.
    private func get<Value: Codable & Sendable>(
        _ key: StoreKey,
        after now: ImmediateLookup,
        _ freshness: ReadFreshness?,
        _ onFailure: FailurePolicy?
    ) async throws -> Value? {
        switch now {
        case .unknown:
            break
        case .absent:
            self.note(.miss, key)
            return nil
        case .fresh(let entry):
            if let value = self.decoded(entry, Value.self, key) {
                self.note(.hit, key)
                return value
            }
        case .tagged(let entry, let marks):
            if let value = self.decoded(entry, Value.self, key) {
                self.note(.hit, key)
                self.handUp(marks)
                return value
            }
        }
        // A copy of another type's reader tells nothing of the entry that it is a copy of.
        return try await self.lookup(key, Value.self, wantsTimes: false, freshness, onFailure).value
    }

    /// What reading a key finds: a hit, a stale entry, nothing, or an unavailable store.
    ///
    /// It tells apart what ``get(_:freshness:onFailure:)`` cannot, and brings age and time left with a hit.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - freshness: Who may answer: this process' memory too, or only the store; `nil` takes the cache's.
    /// - Returns: What was found.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey``; `CancellationError`.
    public func lookup<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        freshness: ReadFreshness? = nil
    ) async throws -> Lookup<Value> {
        try await self.lookup(self.storeKey(key), Value.self, wantsTimes: true, freshness, .missing)
    }

    private func lookup<Value: Codable & Sendable>(
        _ key: StoreKey,
        _ type: Value.Type,
        wantsTimes: Bool,
        _ freshness: ReadFreshness?,
        _ onFailure: FailurePolicy?
    ) async throws -> Lookup<Value> {
        let options = ReadOptions(
            wantsTimes: wantsTimes,
            freshness: self.resolved(freshness),
            coder: self.coder(for: type)
        )
        let found: StoreLookup
        do {
            found = try await self.readOne(key, options)
        } catch let error {
            guard let error = self.failure(error) as? CacheError, error.code == .unavailable else { throw error }
            guard (onFailure ?? self.defaults.failurePolicy) == .missing else { throw error }
            return .unavailable(error)
        }
        guard case .found(let entry) = found, let value = self.decoded(entry.value, type, key) else {
            self.note(.miss, key)
            return .miss
        }
        self.note(entry.isStale ? .stale : .hit, key)
        self.handUp(entry.marks)
        return entry.isStale ? .stale(value, entry.info) : .hit(value, entry.info)
    }

    /// The values of several keys, in one round trip.
    ///
    /// - Parameters:
    ///   - keys: The keys; a key that is named twice is read once.
    ///   - freshness: Who may answer: this process' memory too, or only the store; `nil` takes the cache's.
    ///   - onFailure: What to do while the store is unavailable; `nil` takes the cache's policy.
    /// - Returns: The values of those keys that have a fresh entry.
    /// - Throws: As ``get(_:freshness:onFailure:)``.
    public func getMany<Value: Codable & Sendable>(
        _ keys: some Sequence<CacheKey<Value>>,
        freshness: ReadFreshness? = nil,
        onFailure: FailurePolicy? = nil
    ) async throws -> [CacheKey<Value>: Value] {
        let wanted = try self.distinct(keys)
        guard !wanted.isEmpty else { return [:] }
        let found: [StoreLookup]
        do {
            let options = ReadOptions(freshness: self.resolved(freshness), coder: self.coder(for: Value.self))
            found = try await self.readAll(wanted.map(\.storeKey), options)
        } catch let error {
            guard let error = self.failure(error, keys: wanted.count) as? CacheError, error.code == .unavailable else {
                throw error
            }
            guard (onFailure ?? self.defaults.failurePolicy) == .missing else { throw error }
            return [:]
        }
        var values = [CacheKey<Value>: Value](minimumCapacity: wanted.count)
        for (wish, lookup) in zip(wanted, found) {
            guard case .found(let entry) = lookup, let value = self.decoded(entry.value, Value.self, wish.storeKey)
            else {
                self.note(.miss, wish.storeKey)
                continue
            }
            self.note(entry.isStale ? .stale : .hit, wish.storeKey)
            if !entry.isStale {
                self.handUp(entry.marks)
                values[wish.key] = value
            }
        }
        return values
    }

    /// Whether there is a fresh entry.
    ///
    /// Not counted as a read.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - freshness: Who may answer: this process' memory too, or only the store; `nil` takes the cache's.
    /// - Returns: Whether `get` would find one; it may hold another type than the key's.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey`` or ``CacheError/Code/unavailable``.
    public func contains<Value>(_ key: CacheKey<Value>, freshness: ReadFreshness? = nil) async throws -> Bool {
        try await self.freshEntry(key, wantsTimes: false, freshness) != nil
    }

    /// How long an entry has left, by the store's clock.
    ///
    /// Not counted as a read.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - freshness: Who may answer: this process' memory too, or only the store; `nil` takes the cache's.
    /// - Returns: The time; `nil` where there is no fresh entry.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey`` or ``CacheError/Code/unavailable``.
    public func ttl<Value>(of key: CacheKey<Value>, freshness: ReadFreshness? = nil) async throws -> TimeLeft? {
        try await self.freshEntry(key, wantsTimes: true, freshness)?.info.timeLeft
    }

    private func freshEntry<Value>(
        _ key: CacheKey<Value>,
        wantsTimes: Bool,
        _ freshness: ReadFreshness?
    ) async throws -> StoredEntry? {
        let storeKey = try self.storeKey(key)
        do {
            let options = ReadOptions(
                wantsTimes: wantsTimes,
                freshness: self.resolved(freshness),
                coder: UnreadCoder()
            )
            guard case .found(let entry) = try await self.readOne(storeKey, options) else { return nil }
            return entry.isStale ? nil : entry
        } catch {
            throw self.failure(error)
        }
    }

    // MARK: What reading verbs share

    /// What the store had at once, where it is boxed as just this type, as nearly all hits in memory are; counted, and with
    /// its tags handed up.
    @inline(__always)
    func hitAtOnce<Value: Sendable>(_ now: ImmediateLookup, _ key: StoreKey, _ type: Value.Type) -> ValueBox? {
        switch now {
        case .fresh(.object(let box)):
            guard box.holds(type) else { return nil }
            self.note(.hit, key)
            return box
        case .tagged(.object(let box), let marks):
            guard box.holds(type) else { return nil }
            self.note(.hit, key)
            self.handUp(marks)
            return box
        default:
            return nil
        }
    }

    func readOne(_ key: StoreKey, _ options: ReadOptions) async throws -> StoreLookup {
        let found = try await self.readAll([key], options)
        guard let first = found.first else { preconditionFailure("a read has an answer for each key") }
        return first
    }

    /// Reads keys, and holds the store to an answer for each: a store can be written by anyone.
    func readAll(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        let found = try await self.space.read(keys, options)
        guard found.count == keys.count else {
            throw CacheError(.unavailable, "the store answered \(found.count) of \(keys.count) keys")
        }
        return found
    }

    /// The value of an entry; `nil` where it is of another type, which counts as a miss: a deployment can change a type
    /// while its old entries live.
    func decoded<Value: Codable & Sendable>(
        _ entry: EntryValue,
        _ type: Value.Type,
        _ key: StoreKey
    ) -> Value? {
        do {
            return try self.coder(for: type).value(of: entry, at: key)
        } catch {
            self.logger.debug(
                "An entry could not be decoded and counts as a miss",
                metadata: ["larder.key": "\(key.name)", "larder.error": "\(error)"]
            )
            return nil
        }
    }

    struct Wish<Value> {
        var key: CacheKey<Value>
        var storeKey: StoreKey
    }

    /// The keys without repetitions, in order, each checked.
    func distinct<Value>(_ keys: some Sequence<CacheKey<Value>>) throws -> [Wish<Value>] {
        var seen = Set<StoreKey>()
        var wishes: [Wish<Value>] = []
        for key in keys {
            let storeKey = try self.storeKey(key)
            if seen.insert(storeKey).inserted { wishes.append(Wish(key: key, storeKey: storeKey)) }
        }
        return wishes
    }
}
