public import Larder
import LarderRedisClient

/// Approximate counts as Redis' own HyperLogLog.
extension RedisCollections {
    /// See `DistinctCountStore`.
    public func countElements(
        _ elements: [[UInt8]],
        in key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        let arguments = elements.map { ScriptArgument.bytes($0) }
        return try await self.write("PFADD", key, arguments, lifetime, .elementsSum, as: Int.self) > 0
    }

    /// See `DistinctCountStore`.
    public func distinctCount(of keys: [CollectionKey]) async throws -> Int {
        let key = try self.together(keys)
        return try await self.send(RedisCommand("PFCOUNT", arguments: keys.map(\.text)), key, as: Int.self)
    }

    /// See `DistinctCountStore`.
    public func mergeCounts(
        _ keys: [CollectionKey],
        into key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws {
        let keys = [key] + keys
        _ = try self.together(keys)
        _ = try await self.run(
            Self.mergeScript,
            keys.map(\.text),
            key,
            Self.lifetime(lifetime),
            as: RESPValue.self
        )
    }

    private static let mergeScript = CollectionScripts.writing(
        """
        redis.call('PFMERGE', unpack(KEYS))
        live(KEYS[1])
        return 1
        """
    )
}
