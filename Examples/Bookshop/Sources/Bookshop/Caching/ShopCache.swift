import Larder
import LarderRedis
import LarderRedisClient
import Logging
import ServiceLifecycle

/// The shop's two caches on one store.
///
/// A new title changes one book and an unknown number of lists. So the books have a namespace of their own, in which
/// one key is removed, and the lists have another, which is cleared: that costs the same for ten lists or ten million.
struct ShopCache: Sendable {
    let books: Cache
    let lists: Cache

    /// What has to run while the caches are used, in the order of starting.
    let services: [any Service]

    /// How many entries are kept in memory; a whole shop of books, shelves and searches fits.
    private static let memoryEntries = 100_000

    /// How long a visitor waits for Redis before the database is asked instead.
    private static let patience = Duration.milliseconds(250)

    /// Opens the two caches on the store that the settings name.
    init(_ store: Settings.Store, logger: Logger) throws {
        switch store {
        case .memory:
            self.init(on: .memory(entries: Self.memoryEntries), logger: logger)
        case .redis(let url):
            var configuration = try RedisConfiguration(url: url)
            // The database answers within milliseconds, so nobody should wait seconds for its cache when that hangs.
            // `socket_timeout` in the URL overrules it.
            if configuration.commandTimeout == RedisConfiguration().commandTimeout {
                configuration.commandTimeout = Self.patience
            }
            let client = try RedisClient(configuration)
            self.init(on: .redis(client), services: [client], logger: logger)
        }
    }

    private init(on store: some CacheStore, services: [any Service] = [], logger: Logger) {
        self.books = Cache(store, namespace: "bookshop:books", defaults: Self.defaults, logger: logger)
        self.lists = Cache(store, namespace: "bookshop:lists", defaults: Self.defaults, logger: logger)
        self.services = services + [self.books, self.lists]
    }

    /// Five minutes, and a shop that stays open when the store does not answer.
    private static let defaults = CacheDefaults(ttl: .minutes(5), failurePolicy: .missing)

    /// Removes entries, whichever of the two caches they are in.
    func remove(named names: [String]) async throws {
        // Removing asks only for names; of which type the values are does not matter.
        let keys = names.map { CacheKey<Never>($0) }
        try await self.books.removeMany(keys)
        try await self.lists.removeMany(keys)
    }

    /// Removes everything.
    func clear() async throws {
        try await self.books.clear()
        try await self.lists.clear()
    }

    /// What the caches did since the start.
    func statistics() async -> CacheStatistics {
        let books = self.books.counters
        let lists = self.lists.counters
        return CacheStatistics(
            hits: books.hits + lists.hits,
            misses: books.misses + lists.misses,
            stale: books.stale + lists.stale,
            unavailable: books.unavailable + lists.unavailable,
            fills: books.fills + lists.fills,
            entries: await self.entryCount(),
            store: self.books.storeKind
        )
    }

    /// The number of entries; `nil` where the store cannot be asked, because statistics are wanted then most of all.
    private func entryCount() async -> Int? {
        do {
            return try await self.books.entryCount() + self.lists.entryCount()
        } catch {
            return nil
        }
    }
}

/// What the caches did since the start.
struct CacheStatistics: Encodable, Sendable, Equatable {
    let hits: Int
    let misses: Int
    let stale: Int
    /// Look-ups that the store did not answer.
    let unavailable: Int
    /// How often the database was asked instead.
    let fills: Int
    /// How many entries the store holds; `nil` where it cannot tell.
    let entries: Int?
    let store: String

    /// The share of look-ups that found a fresh entry, from 0 to 1; 0 before the first.
    var hitRatio: Double {
        let lookups = self.hits + self.misses + self.stale + self.unavailable
        return lookups == 0 ? 0 : Double(self.hits) / Double(lookups)
    }

    private enum CodingKeys: CodingKey {
        case hits, misses, stale, unavailable, fills, hitRatio, entries, store
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.hits, forKey: .hits)
        try container.encode(self.misses, forKey: .misses)
        try container.encode(self.stale, forKey: .stale)
        try container.encode(self.unavailable, forKey: .unavailable)
        try container.encode(self.fills, forKey: .fills)
        try container.encode(self.hitRatio, forKey: .hitRatio)
        // Unlike the synthesized code, this writes `null` rather than leave the key out.
        try container.encode(self.entries, forKey: .entries)
        try container.encode(self.store, forKey: .store)
    }
}
