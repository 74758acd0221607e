import HTTPTypes
import Hummingbird
import Logging

/// The cache, seen and emptied from outside.
struct CacheAPI: Sendable {
    /// The most keys that one call removes.
    private static let mostKeys = 1_000

    let cache: ShopCache

    func addReading(to group: RouterGroup<ShopContext>) {
        group.get("stats") { request, context in
            try await self.cache.statistics().response(from: request, context: context)
        }
    }

    func addWriting(to group: RouterGroup<ShopContext>) {
        group.post("cache/invalidate") { request, context in
            let wanted = try await request.json(
                as: Invalidation.self,
                expected: "{\"keys\": [\"book:42\"]} or {\"all\": true}"
            )
            do {
                switch (wanted.keys, wanted.all) {
                case (nil, true): try await self.cache.clear()
                case (let keys?, nil): try await self.cache.remove(named: Self.checked(keys))
                default: throw HTTPError(.badRequest, message: "Give either \"keys\" or \"all\": true.")
                }
            } catch let error as HTTPError {
                throw error
            } catch {
                context.logger.error("invalidation failed", metadata: ["error": "\(error)"])
                throw HTTPError(
                    .serviceUnavailable,
                    headers: [.retryAfter: "5"],
                    message: "The cache could not be told. Please send the same again."
                )
            }
            return try Done(invalidated: true).response(from: request, context: context)
        }
    }

    private static func checked(_ keys: [String]) throws -> [String] {
        guard (1...Self.mostKeys).contains(keys.count) else {
            throw HTTPError(.badRequest, message: "\"keys\" must hold 1 to \(Self.mostKeys) keys.")
        }
        for key in keys
        where key.isEmpty || key.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw HTTPError(.badRequest, message: "A key must not be empty or have control characters.")
        }
        return keys
    }
}

extension CacheStatistics: ResponseEncodable {}

private struct Invalidation: Decodable {
    let keys: [String]?
    let all: Bool?
}

private struct Done: ResponseEncodable {
    let invalidated: Bool
}
