extension MemoryCache {
    /// How much a cache holds at most.
    public struct Limit: Sendable {
        @usableFromInline
        enum Kind: Sendable {
            case entries(Int)
            case cost(Int, of: @Sendable (Key, Value) -> Int)
        }

        @usableFromInline let kind: Kind

        @usableFromInline
        init(kind: Kind) {
            self.kind = kind
        }

        /// At most this many entries; a limit of zero or less holds none.
        @inlinable
        public static func entries(_ count: Int) -> Self {
            Self(kind: .entries(count))
        }

        /// Entries that cost at most this much together, such as bytes.
        ///
        /// The total is divided among the cache's shards, each of which holds at least 65,536: an entry is refused that
        /// costs more than its shard's part (`MemoryCache.heaviestEntry`). Below a limit of 131,072 there is one shard,
        /// and an entry may cost as much as the limit.
        ///
        /// - Parameters:
        ///   - total: The sum of costs, in the unit of `cost`. Zero or less holds nothing.
        ///   - cost: What an entry costs. An answer below 1 counts as 1, so that the number of entries has a bound too.
        ///     Asked once for each value that is stored; during `update` with the shard locked, so it must not use the
        ///     cache.
        /// - Returns: The limit.
        @inlinable
        public static func cost(_ total: Int, of cost: @escaping @Sendable (Key, Value) -> Int) -> Self {
            Self(kind: .cost(total, of: cost))
        }
    }
}
