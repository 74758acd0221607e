// Written by scripts/generate-redis-methods.swift from RedisRequest+HyperLogLog.swift: change that file, then run the script.

extension RedisCommandSender {
    /// Counts elements in, without keeping them.
    ///
    /// Sends `PFADD`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - elements: The elements.
    /// - Returns: Whether the estimate changed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func pfAdd<Argument: RedisArgument>(_ key: String, _ elements: [Argument]) async throws -> Bool {
        try await self.send(.pfAdd(key, elements))
    }

    /// About how many different elements were counted in, under all of the keys together.
    ///
    /// Sends `PFCOUNT`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: The estimate, with a standard error of 0.81 %.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func pfCount(_ keys: [String]) async throws -> Int {
        try await self.send(.pfCount(keys))
    }

    /// Merges what was counted under several keys.
    ///
    /// Sends `PFMERGE`.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - destination: The key that takes the sum, its own included.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func pfMerge(_ keys: [String], into destination: String) async throws {
        try await self.send(.pfMerge(keys, into: destination))
    }
}
