import Larder

/// The verbs of `Cache` as histories call them.
struct HistoryVerbs: Sendable {
    static let knowsTags = false

    let cache: Cache

    func set(_ key: String, _ value: String, _ ttl: TimeToLive?, _ tags: [String]) async throws {
        try await self.cache.set(CacheKey(key), to: value, ttl: ttl)
    }

    func add(_ key: String, _ value: String, _ ttl: TimeToLive?, _ tags: [String]) async throws -> Bool {
        try await self.cache.add(CacheKey(key), value, ttl: ttl)
    }

    func fetch(
        _ key: String,
        _ ttl: TimeToLive?,
        _ tags: [String],
        _ fill: @escaping @Sendable (FillContext) async throws -> String
    ) async throws -> String {
        try await self.cache.fetch(CacheKey(key), ttl: ttl, fill)
    }

    func fetchMany(
        _ keys: [String],
        _ ttl: TimeToLive?,
        _ tags: [String],
        _ fill: @escaping @Sendable ([CacheKey<String>]) async throws -> [CacheKey<String>: String]
    ) async throws -> [CacheKey<String>: String] {
        try await self.cache.fetchMany(keys.map { CacheKey($0) }, ttl: ttl, fill)
    }

    func depends(_ context: FillContext?, on tags: [String]) async throws {}
    func addTags(_ context: FillContext, _ tags: [String]) throws {}
    func invalidate(_ tags: [String]) async throws {}
    func expire(_ tags: [String]) async throws {}
}
