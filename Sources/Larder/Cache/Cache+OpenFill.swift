/// A fill that runs where its caller is: for callers whose value comes in parts, such as a page that streams to the client who
/// asked for it.
///
/// ``Cache/fetch(_:ttl:tags:policy:freshness:onFailure:_:)-(_,_,_,_,_,_,()->Value)`` runs fills in tasks of its own and hands whole values on. This is its lease and its
/// capture of tags alone; who waits for whom is the caller's affair. One of ``commit(_:ttl:)``, ``giveUp()``
/// and ``abandon()`` ends it.
package struct OpenFill<Value: Codable & Sendable>: Sendable {
    /// What the value depends on, and what may still be said of it.
    package let context: FillContext

    private let cache: Cache
    private let lease: Lease
    private let scope: FillScope<StoreKey>
    private let start: CacheInstant

    init(_ cache: Cache, _ lease: Lease, _ duration: Duration) {
        let space = cache.space
        let context = FillContext(ttl: nil) { tags in try await space.marks(of: tags, for: duration) }
        self.context = context
        self.cache = cache
        self.lease = lease
        self.start = cache.clock.now
        self.scope = FillScope(
            ObjectIdentifier(cache),
            [lease.key],
            context: context,
            tokens: [lease.token],
            within: CurrentFill.scope
        )
    }

    /// Runs a part of the fill: what it fetches from the same cache, and what it says to depend on, become tags of the value.
    ///
    /// - Parameter body: The part.
    /// - Returns: What it returns.
    /// - Throws: What it throws.
    package func run<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        try await CurrentFill.$scope.withValue(self.scope) { try await body() }
    }

    /// Stores the value, unless its key or something that it depends on was invalidated since the fill began.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - ttl: How long it is kept; under a millisecond it is not stored.
    /// - Returns: Whether it was stored.
    /// - Throws: ``CacheError``: ``CacheError/Code/encodingFailed``, ``CacheError/Code/valueTooLarge`` or
    ///   ``CacheError/Code/unavailable``.
    package func commit(_ value: Value, ttl: Duration) async throws -> Bool {
        self.scope.end()
        let found = self.context.summary(of: self.lease.key)
        guard found.isComplete, ttl >= .milliseconds(1), TagRules.fit(self.lease.marks + found.marks, found.late) else {
            await self.giveUp()
            return false
        }
        let coder = self.cache.coder(for: Value.self)
        let write = EntryWrite(
            key: self.lease.key,
            value: coder.entry(for: value),
            coder: coder,
            lifetime: EntryLifetime(freshFor: ttl),
            fillCost: self.start.duration(to: self.cache.clock.now)
        )
        let commit = EntryCommit(write: write, lease: self.lease, marks: found.marks, lateTags: found.late)
        do {
            let isStored = try await self.cache.space.commit([commit]).contains(true)
            if isStored { self.cache.tell(.changed(keys: [self.lease.key.name])) }
            return isStored
        } catch {
            self.abandon()
            throw self.cache.failure(error)
        }
    }

    /// Ends the fill without a value; when this has returned, the next who misses the key fills it.
    ///
    /// The cancellation of the caller does not keep the lease from being given back.
    package func giveUp() async {
        await self.abandon().value
    }

    /// Ends the fill without a value and without waiting, where nobody can wait.
    ///
    /// - Returns: What gives the lease back; its cache owns it.
    @discardableResult
    package func abandon() -> Task<Void, Never> {
        self.scope.end()
        return self.cache.release([self.lease])
    }
}

/// What came of the wish to fill.
package enum FillOpening<Value: Codable & Sendable>: Sendable {
    /// The fill is the caller's.
    case opened(OpenFill<Value>)
    /// Somebody has filled the key meanwhile.
    case found
    /// Somebody else fills the key.
    case taken
    /// The store grants no leases.
    case refused
}

extension Cache {
    /// Takes the right to fill a key, from the moment of this call on.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - replaces: Whether to fill it although there is an entry, which stays until the commit.
    ///   - duration: How long the right stands; it is not renewed.
    ///   - tags: What the value depends on.
    /// - Returns: The fill, or why there is none.
    /// - Throws: ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/invalidTag``, ``CacheError/Code/unavailable``.
    package func openFill<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        replacing replaces: Bool,
        for duration: Duration,
        tags: [String] = []
    ) async throws -> FillOpening<Value> {
        let storeKey = try self.storeKey(key)
        let request = LeaseRequest(
            token: .random(),
            duration: duration,
            replacesEntry: replaces,
            tags: try TagRules.checked(tags)
        )
        let options = ReadOptions(lease: request, expectedTags: request.tags, coder: self.coder(for: Value.self))
        do {
            switch try await self.readOne(storeKey, options) {
            case .found: return .found
            case .absent(.granted(let lease)): return .opened(OpenFill(self, lease, duration))
            case .absent(.held): return .taken
            case .absent(.none): return .refused
            }
        } catch {
            // It may have been granted without our hearing of it.
            self.releaseUnknownLeases(on: [storeKey], request.token)
            throw self.failure(error)
        }
    }

    /// The value of a key, if it can be had without waiting for anything.
    ///
    /// - Parameter key: The key.
    /// - Returns: The value; `nil` says nothing of whether there is one.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey``.
    package func getAtOnce<Value: Codable & Sendable>(_ key: CacheKey<Value>) throws -> Value? {
        let storeKey = try self.storeKey(key)
        return self.hitAtOnce(self.readNow(storeKey, nil), storeKey, Value.self)?.content(as: Value.self)
    }

    /// A number that grows with every invalidation of tags, and every clearing, through this cache.
    ///
    /// Who lets callers join a fill that has no lease compares it with that of the fill's beginning.
    package var partingCount: UInt64 { self.flights.partingCount }
}
