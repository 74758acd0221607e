public import Hummingbird
public import Larder

/// Keeps what Hummingbird persists in a cache: in memory, on Redis, on disk, or on any other store of Larder's.
///
/// Everything that works on Hummingbird's `PersistDriver`, such as the sessions of `HummingbirdAuth`, works on it. For sessions of
/// Larder's own, which know users and lose no writes, see ``SessionMiddleware``.
///
/// The cache's own policies hold but for one: while its store is unavailable every call throws, since a value that is not there and
/// one that cannot be read are two things.
public struct LarderPersistDriver: PersistDriver {
    /// Where the values are.
    public let cache: Cache

    private let prefix: String
    private let freshness: ReadFreshness

    /// Keeps values in a cache.
    ///
    /// - Parameters:
    ///   - cache: Where they are kept. It stays its owner's: neither running nor shutting down the driver does the same to it.
    ///   - prefix: What the driver's keys begin with in the cache.
    ///   - freshness: Who may answer reads: the store itself, or the memory before it too.
    public init(_ cache: Cache, prefix: String = "persist:", freshness: ReadFreshness = .strict) {
        self.cache = cache
        self.prefix = prefix
        self.freshness = freshness
    }

    private func key<Value>(_ name: String, _ type: Value.Type) -> CacheKey<Value> { .init(self.prefix + name) }

    /// Stores a value where there is none.
    ///
    /// - Throws: `PersistError.duplicate` where there is one; `CacheError`.
    public func create<Object: Codable & Sendable>(key: String, value: Object, expires: Duration?) async throws {
        let isNew = try await self.cache.add(self.key(key, Object.self), value, ttl: expires.map { .duration($0) })
        guard isNew else { throw PersistError.duplicate }
    }

    /// Stores a value, in place of another one if there is one.
    ///
    /// Without a time it ends when that would have ended, or never.
    ///
    /// - Throws: `CacheError`.
    public func set<Object: Codable & Sendable>(key: String, value: Object, expires: Duration?) async throws {
        let key = self.key(key, Object.self)
        if let expires { return try await self.cache.set(key, to: value, ttl: .duration(expires)) }
        try await self.cache.update(key) { entry in
            if entry.timeLeft == nil { entry.set(value, ttl: nil) } else { entry.set(value) }
        }
    }

    /// Reads a value.
    ///
    /// - Throws: `PersistError.invalidConversion` where there is one of another type; `CacheError`.
    public func get<Object: Codable & Sendable>(key: String, as type: Object.Type) async throws -> Object? {
        try await self.getWithTTL(key: key, as: type)?.object
    }

    /// Reads a value, and how long it has left; `nil`, for ever.
    ///
    /// - Throws: As ``get(key:as:)``.
    public func getWithTTL<Object: Codable & Sendable>(
        key: String,
        as type: Object.Type
    ) async throws -> (object: Object, ttl: Duration?)? {
        let key = self.key(key, type)
        switch try await self.cache.lookup(key, freshness: self.freshness) {
        case .hit(let object, let info): return (object, info.timeLeft.duration)
        case .unavailable(let error): throw error
        case .stale, .miss:
            // What is there and is no miss is of another type.
            if try await self.cache.contains(key, freshness: self.freshness) { throw PersistError.invalidConversion }
            return nil
        }
    }

    /// Removes a value.
    ///
    /// - Throws: `CacheError`.
    public func remove(key: String) async throws {
        try await self.cache.remove(self.key(key, Never.self))
    }
}
