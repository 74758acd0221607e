extension RedisRequest {
    /// Counts elements in, without keeping them.
    ///
    /// Sends `PFADD`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - elements: The elements.
    /// - Returns: Whether the estimate changed.
    @discardableResult
    public static func pfAdd<Argument: RedisArgument>(_ key: String, _ elements: [Argument]) -> RedisRequest<Bool> {
        .init(RedisCommand("PFADD", key, RedisArguments(elements)))
    }

    /// About how many different elements were counted in, under all of the keys together.
    ///
    /// Sends `PFCOUNT`.
    ///
    /// - Parameter keys: The keys, at least one.
    /// - Returns: The estimate, with a standard error of 0.81 %.
    public static func pfCount(_ keys: [String]) -> RedisRequest<Int> {
        .init(RedisCommand("PFCOUNT", arguments: keys))
    }

    /// Merges what was counted under several keys.
    ///
    /// Sends `PFMERGE`.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - destination: The key that takes the sum, its own included.
    /// - Returns: Nothing.
    public static func pfMerge(_ keys: [String], into destination: String) -> RedisRequest<Void> {
        .init(RedisCommand("PFMERGE", destination, RedisArguments(keys)))
    }
}
