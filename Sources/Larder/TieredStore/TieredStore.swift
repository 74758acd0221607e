/// Memory in front of any store: what this process reads often is answered from its own memory, everything else from the
/// store below.
///
/// ```swift
/// let cache = Cache(.tiered(upper: .memory(entries: 10_000), over: .redis(client), upperTTL: .seconds(30)))
/// ```
///
/// The lower tier has the truth: writes, leases, generations and walks are its own. The upper one holds copies of entries
/// that were read, as the Swift values that their bytes decode to. A copy ends with its entry's time to live at the latest,
/// with `upperTTL` if that is sooner, and as soon as its key is written or removed, one of its tags is invalidated or the
/// namespace is cleared through this store.
///
/// What other processes change is seen when the copy ends: `upperTTL` says how late that may be. So is an entry that
/// the lower store has evicted.
///
/// The lower tier can itself be tiered. Caches that are to see each other's changes at once share one tiered store, or at
/// least its upper tier; the same namespace of the upper tier is then left to them.
public struct TieredStore: CacheStore {
    private let upper: MemoryStore
    private let lower: any CacheStore
    private let upperTTL: Duration?
    /// By it the store knows its own copies, should two stores over different ones share their upper tier.
    private let owner = UInt64.random(in: .min ... .max)

    /// Puts memory in front of a store.
    ///
    /// - Parameters:
    ///   - upper: Where copies live.
    ///   - lower: Where entries live.
    ///   - upperTTL: How long a copy lives at most. Left out, as long as its entry, and an hour where that is for ever; zero
    ///     or less, nothing is copied.
    public init(upper: MemoryStore, lower: any CacheStore, upperTTL: Duration? = nil) {
        self.upper = upper
        self.lower = lower
        self.upperTTL = upperTTL
    }

    /// `tiered`.
    public var kind: String { "tiered" }

    /// What the lower tier says: misses and changes are its to answer.
    public var isLocal: Bool { self.lower.isLocal }

    /// The part of both tiers that belongs to a namespace.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: What a cache reads and writes.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        TieredNamespace(upper: self.upperTier(of: namespace), lower: self.lower.open(namespace))
    }

    /// The copies of a namespace, for whoever learns what other processes change.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: Its upper tier.
    package func upperTier(of namespace: CacheNamespace) -> UpperTier {
        UpperTier(self.upper.memory(of: namespace), owner: self.owner, longestLife: self.upperTTL)
    }

    /// Does the periodic work of both tiers.
    ///
    /// - Throws: What one of them throws; the other's work is cancelled then.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.upper.run() }
            group.addTask { try await self.lower.run() }
            for try await _ in group {}
        }
    }

    /// Shuts both tiers down, the lower first.
    public func shutdown() async {
        await self.lower.shutdown()
        await self.upper.shutdown()
    }
}

extension CacheStore where Self == TieredStore {
    /// Memory in front of another store.
    ///
    /// - Parameters:
    ///   - upper: Where copies live.
    ///   - lower: Where entries live.
    ///   - upperTTL: How long a copy lives at most. Left out, as long as its entry, and an hour where that is for ever; zero
    ///     or less, nothing is copied.
    /// - Returns: The store.
    public static func tiered(
        upper: MemoryStore,
        over lower: some CacheStore,
        upperTTL: Duration? = nil
    ) -> TieredStore {
        TieredStore(upper: upper, lower: lower, upperTTL: upperTTL)
    }
}
