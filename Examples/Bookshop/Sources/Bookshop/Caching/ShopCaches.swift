import Foundation
import Larder
import LarderCompression
import LarderConfiguration
import LarderCrypto
import LarderFiles
import LarderMemcached
import LarderRedis
import LarderRedisClient
import LarderSQLite
import Logging

/// The shop's caches, as the configuration has them.
struct ShopCaches: Sendable {
    /// All of them: what runs their stores.
    let all: Caches
    /// Books, and which of them are in which list.
    let books: Cache
    /// Which books a search has found.
    let searches: Cache
    /// What was counted, for as long as a few seconds.
    let figures: Cache
    /// Who is signed in, and what visitors have looked at.
    ///
    /// These cannot be made anew, so no emptying of the caches takes them.
    let sessions: Cache

    /// The caches whose values can be made anew.
    private var renewable: [Cache] { [self.books, self.searches, self.figures] }

    /// What the configuration may choose of.
    private static let components = CacheComponents(
        stores: [.redis, .memcached, .sqlite, .files],
        compressors: Compressors.named,
        sealers: Sealers.named
    )

    /// Opens the caches.
    ///
    /// - Parameters:
    ///   - sources: Their settings; those that come first win.
    ///   - logger: Where an unavailable store is reported.
    ///   - clock: What values in memory get old by, and fills are timed by.
    /// - Throws: `ConfigurationError` for a setting that cannot be used.
    init(_ sources: [ConfigurationSource], logger: Logger, clock: CacheClock = .system) throws {
        self.all = try Caches(
            configuration: sources + [Self.bundled()],
            components: Self.components,
            clock: clock,
            logger: logger
        )
        self.books = try self.all["books"]
        self.searches = try self.all["searches"]
        self.figures = try self.all["figures"]
        self.sessions = try self.all["sessions"]
    }

    /// What is beneath the caches, in words.
    var place: String {
        let kinds = Set((self.renewable + [self.sessions]).map(\.storeKind)).sorted()
        let places = kinds.map { kind in
            switch kind {
            case "memory": "memory"
            case "redis": "Redis"
            case "sqlite": "SQLite"
            default: kind
            }
        }
        return "in \(places.joined(separator: ", "))"
    }

    /// The first Redis that one of the caches is in, in the order of their names; `nil` where none is.
    var redis: RedisStore? {
        self.all.names.lazy.compactMap { self.all.store(of: $0) as? RedisStore }.first
    }

    // MARK: From outside

    /// Makes what is in the caches absent, by key and by tag.
    func invalidate(keys: [String], tags: [String]) async throws {
        for cache in self.renewable {
            // The tags first: one that is none is refused before anything has happened.
            try await cache.invalidate(tags: tags)
            // Removing asks only for names; of which type the values are does not matter.
            try await cache.removeMany(keys.map { CacheKey<Never>($0) })
        }
    }

    /// Removes the fragments of pages, which are in the cache of what they show.
    ///
    /// They fall with the tags of what is on them. Of a key nobody knows which fragments it is in, so all have to go.
    func removeFragments() async throws {
        try await self.books.removeAll(matching: "template.cache.*")
    }

    /// Removes everything but the sessions.
    func clear() async throws {
        for cache in self.renewable { try await cache.clear() }
    }

    /// What there is of a key, and why it is or is not of use.
    func explain(key: String, in cache: String) async throws -> KeyExplanation {
        try await self.all[cache].explain(CacheKey<Never>(key))
    }
}

// MARK: Settings

extension ShopCaches {
    /// The settings that come with the shop are not among the resources.
    struct MissingConfiguration: Error, CustomStringConvertible {
        var description: String { "there is no caches.yaml among the resources" }
    }

    /// The settings that come with the shop.
    private static func bundled() throws -> ConfigurationSource {
        guard
            let url = Bundle.module.url(forResource: "caches", withExtension: "yaml", subdirectory: "configuration")
        else { throw MissingConfiguration() }
        return try .yaml(String(contentsOf: url, encoding: .utf8), named: "caches.yaml")
    }

    /// How long a visitor waits for Redis before the shop does without.
    ///
    /// The database answers within milliseconds, so nobody should wait seconds for its cache when that hangs.
    private static let patience = "250ms"

    /// All caches in one Redis.
    ///
    /// - Parameters:
    ///   - url: Its URL; `socket_timeout` in it overrules the shop's patience.
    ///   - nearCache: How many entries of it are kept in this process as well; 0 for none.
    ///   - others: What is said of single caches, which the URL must not say again.
    /// - Returns: The settings.
    /// - Throws: `SettingsError`, `ConfigurationError`, `EncodingError`.
    static func redis(
        _ url: String,
        nearCache: Int,
        besides others: [ConfigurationSource]
    ) throws -> ConfigurationSource {
        let caches = try ["books", "searches", "figures", "sessions"].map { cache in
            var options: [String] = []
            if cache != "sessions", try others.value("caches", cache, "nearCache") == nil {
                options.append("near_cache=\(nearCache)")
            }
            if !url.contains("socket_timeout="), try others.value("caches", cache, "timeouts", "command") == nil {
                options.append("timeout=\(Self.patience)")
            }
            let query = options.isEmpty ? "" : (url.contains("?") ? "&" : "?") + options.joined(separator: "&")
            return (cache, ["url": url + query])
        }
        let settings = try JSONEncoder().encode(["caches": Dictionary(uniqueKeysWithValues: caches)])
        return try .json(String(decoding: settings, as: UTF8.self), named: "REDIS_URL")
    }
}
