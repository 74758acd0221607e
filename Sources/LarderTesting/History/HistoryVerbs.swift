import Larder

/// The verbs of `Cache` as histories call them: keys are names, values are text, times are whole milliseconds.
struct HistoryVerbs: Sendable {
    let cache: Cache

    private static func timeToLive(_ milliseconds: Int?) -> TimeToLive? {
        milliseconds.map { .milliseconds($0) }
    }

    func set(_ value: String, _ step: HistoryStep) async throws {
        let ttl = Self.timeToLive(step.ttl)
        try await self.cache.set(CacheKey(step.keys[0]), to: value, ttl: ttl, tags: step.tags)
    }

    func add(_ value: String, _ step: HistoryStep) async throws -> Bool {
        try await self.cache.add(CacheKey(step.keys[0]), value, ttl: Self.timeToLive(step.ttl), tags: step.tags)
    }

    func fetch(
        _ step: HistoryStep,
        _ fill: @escaping @Sendable (FillContext) async throws -> String
    ) async throws -> String {
        let ttl = Self.timeToLive(step.ttl)
        return try await self.cache.fetch(CacheKey(step.keys[0]), ttl: ttl, tags: step.tags, fill)
    }

    func fetchMany(
        _ step: HistoryStep,
        _ fill: @escaping @Sendable ([CacheKey<String>]) async throws -> [CacheKey<String>: String]
    ) async throws -> [CacheKey<String>: String] {
        let keys = step.keys.map { CacheKey<String>($0) }
        return try await self.cache.fetchMany(keys, ttl: Self.timeToLive(step.ttl), tags: step.tags, fill)
    }
}
