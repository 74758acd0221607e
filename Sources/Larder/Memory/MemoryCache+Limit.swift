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
        /// The total is divided among the cache's shards, and an entry that is too heavy for the part of its shard makes
        /// all others give: an entry may cost as much as the limit. That is slower, as more has to leave, and no two such
        /// entries are stored at the same time; entries below a hundredth of the limit seldom need it.
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

    /// What the cache may hold: entries, or the sum of their costs.
    public var limit: Int {
        Key.self == String.self ? self.strings.limit : self.hashables.limit
    }

    /// Changes what the cache may hold, in the unit in which its limit was given.
    ///
    /// When the call returns the cache holds no more than that, and it will not until the limit is raised. Until then it
    /// never holds more than before. What is too much is evicted as if room were needed, in portions: nobody waits for
    /// all of it. Of two calls at the same time the later one counts, and the earlier may return before that is done.
    ///
    /// The number of shards is chosen for the first limit. One that is a hundred times larger makes writers meet more
    /// often, one that is a hundred times smaller costs some hit ratio.
    ///
    /// - Parameter limit: Entries, or the sum of costs. Zero or less holds nothing.
    /// - Complexity: O(the number of entries that leave).
    public func setLimit(_ limit: Int) {
        Key.self == String.self ? self.strings.setLimit(to: limit) : self.hashables.setLimit(to: limit)
    }

    /// Evicts the least valuable entries, to give memory back.
    ///
    /// The limit stays as it is. In portions, so that nobody waits for all of it.
    ///
    /// - Parameter share: The part of the entries to keep, from 0 to 1.
    /// - Returns: How many left, those included whose time was over.
    /// - Complexity: O(*n*).
    @discardableResult
    public func trim(toShare share: Double) -> Int {
        let expired = self.removeExpired()
        return expired
            + (Key.self == String.self ? self.strings.trim(toShare: share) : self.hashables.trim(toShare: share))
    }

    /// Frees the memory of entries whose time is over, until the task is cancelled.
    ///
    /// A cache that is read or written to frees it by itself, a little with each call. Run this in a task of your own for
    /// a cache that nobody may use for a while:
    ///
    /// ```swift
    /// try await withThrowingTaskGroup(of: Void.self) { group in
    ///     group.addTask { await sessions.sweep() }
    ///     try await serve()
    ///     group.cancelAll()
    /// }
    /// ```
    ///
    /// - Parameter interval: The time between two looks, each at a tenth of the cache, or at more while much of that has
    ///   expired.
    public func sweep(every interval: Duration = .seconds(1)) async {
        if Key.self == String.self {
            await self.strings.sweep(every: interval)
        } else {
            await self.hashables.sweep(every: interval)
        }
    }
}
