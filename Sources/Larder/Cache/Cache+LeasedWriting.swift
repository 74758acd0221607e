/// The right to fill one key, for those who cannot put their fill into a closure.
///
/// ``Cache/fetch(_:ttl:tags:policy:freshness:onFailure:_:)-(_,_,_,_,_,_,()->Value)`` does all of this by itself, and lets others wait;
/// take it where you can.
public struct FillLease<Value: Sendable>: Sendable {
    /// The key that may be filled.
    public let key: CacheKey<Value>

    let lease: Lease
}

/// What a read that asks for a lease has found.
public enum LeasedLookup<Value: Sendable>: Sendable {
    /// A fresh entry.
    case hit(Value)
    /// Nothing; the lease is the caller's, who reads the data and stores it with ``Cache/set(under:to:ttl:)``.
    case granted(FillLease<Value>)
    /// Nothing, and somebody else is filling the key; or the store grants no leases.
    case taken
}

extension Cache {
    /// The value of a key, or the lease to fill it.
    ///
    /// What is stored under the lease was read after this call, so an invalidation in between is not overwritten, as it would be by
    /// ``set(_:to:ttl:tags:)``. While the lease stands, others who fetch the key wait for it.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - duration: How long the lease stands; it is not renewed.
    ///   - tags: What the value to be stored depends on.
    ///   - freshness: Who may answer: this process' memory too, or only the store; `nil` takes the cache's.
    /// - Returns: What was found.
    /// - Throws: ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/invalidTag``,
    ///   ``CacheError/Code/invalidArgument`` where the duration is not positive, ``CacheError/Code/unavailable``.
    public func getOrLease<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        for duration: Duration = .seconds(10),
        tags: [String] = [],
        freshness: ReadFreshness? = nil
    ) async throws -> LeasedLookup<Value> {
        let storeKey = try self.storeKey(key)
        let names = try TagRules.checked(tags)
        guard duration > .zero else {
            throw CacheError(.invalidArgument, "a lease has to stand for more than no time", key: key.name)
        }
        var request = LeaseRequest(token: .random(), duration: duration, tags: names)
        do {
            // Once more, where there is an entry that is of no use.
            for replacesEntry in [false, true] {
                request.replacesEntry = replacesEntry
                let options = ReadOptions(
                    lease: request,
                    expectedTags: names,
                    freshness: self.resolved(freshness),
                    coder: self.coder(for: Value.self)
                )
                switch try await self.readOne(storeKey, options) {
                case .found(let entry):
                    guard !entry.isStale, let value = self.decoded(entry.value, Value.self, storeKey) else { continue }
                    self.note(.hit, storeKey)
                    self.handUp(entry.marks)
                    return .hit(value)
                case .absent(.granted(let lease)):
                    self.note(.miss, storeKey)
                    return .granted(FillLease(key: key, lease: lease))
                case .absent:
                    self.note(.miss, storeKey)
                    return .taken
                }
            }
            self.note(.miss, storeKey)
            return .taken
        } catch {
            // It may have been granted without our hearing of it.
            self.releaseUnknownLeases(on: [storeKey], request.token)
            throw self.failure(error)
        }
    }

    /// Stores a value under a lease, unless the key or one of the lease's tags was invalidated since it was granted.
    ///
    /// - Parameters:
    ///   - lease: The lease, which is used up.
    ///   - value: The value.
    ///   - ttl: How long it stays fresh, as in ``set(_:to:ttl:tags:)``.
    /// - Returns: Whether the value was stored.
    /// - Throws: ``CacheError``: ``CacheError/Code/encodingFailed``, ``CacheError/Code/valueTooLarge`` or
    ///   ``CacheError/Code/unavailable``.
    @discardableResult
    public func set<Value: Codable & Sendable>(
        under lease: FillLease<Value>,
        to value: Value,
        ttl: TimeToLive? = .default
    ) async throws -> Bool {
        guard let lifetime = EntryLifetime(ttl, defaults: self.defaults) else {
            try await self.giveBack(lease)
            return false
        }
        let coder = self.coder(for: Value.self)
        let write = EntryWrite(key: lease.lease.key, value: coder.entry(for: value), coder: coder, lifetime: lifetime)
        do {
            let isStored = try await self.space.commit([EntryCommit(write: write, lease: lease.lease)]).contains(true)
            if isStored { self.tell(.changed(keys: [lease.key.name])) }
            return isStored
        } catch {
            self.release([lease.lease])
            throw self.failure(error)
        }
    }

    /// Gives a lease back without storing anything, so that nobody has to wait until it runs out.
    ///
    /// - Parameter lease: The lease.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable``.
    public func giveBack<Value>(_ lease: FillLease<Value>) async throws {
        do {
            try await self.space.release([lease.lease])
        } catch {
            throw self.failure(error)
        }
    }
}
