public import Larder
public import LarderRedisClient
public import Logging

/// Entries in Redis, shared by all processes that use the same server and namespace.
///
/// ```swift
/// let client = try RedisClient(url: "redis://localhost:6379/1")
/// let cache = Cache(.redis(client), namespace: "bookshop")
/// ```
///
/// A verb on entries is one round trip and one command or script, so no other client ever sees half of it. A read takes
/// a second one when it meets dead entries, which it removes, one for ever that this process has not met for a day,
/// whose end it puts off, or one whose tags this process does not know yet. Entries are plain strings named
/// `namespace:version:key`; the namespace itself has two keys more, `{@namespace}:stamp` and `{@namespace}:serial`, and one
/// for each tag that is in use, `{@namespace}:tag:tag`.
///
/// Invalidating tags is one script, however many entries they have. The end of a lease is published on the channel that
/// has the name of the lease's key.
///
/// Where the client spreads keys over several servers, as in a cluster, the namespace's own keys lie on one of them, and the
/// entries on all. Reading stays one round trip, and so does all that only concerns the namespace (`clear`, `invalidate`).
/// What changes entries takes two: it reads the generations, then does its work on each entry by itself.
///
/// The servers have to be able to evict entries without refusing writes (`maxmemory-policy allkeys-lru` or one of the others
/// but `noeviction`); losing a namespace's stamp or a tag's record makes their entries misses, never more.
public struct RedisStore: CacheStore {
    private let client: any RedisCommandSender
    private let isApart: Bool
    private let logger: Logger
    private let near: NearCache?

    /// Makes a store on a client, which stays its maker's to run and to shut down.
    ///
    /// - Parameters:
    ///   - client: The client, or a connection of one.
    ///   - logger: Where failures are reported that no caller hears of.
    public init(_ client: any RedisCommandSender, logger: Logger = Logger(label: "larder.redis")) {
        self.init(client, spreadsKeys: (client as? any RedisPlacement)?.spreadsKeys ?? false, logger: logger)
    }

    /// Makes a store that is told whether generations may lie on another server than entries.
    ///
    /// - Parameters:
    ///   - client: The client, or a connection of one.
    ///   - spreadsKeys: Whether they may. `true` is right everywhere, and costs more than it has to on one server.
    ///   - logger: Where failures are reported that no caller hears of.
    @_spi(Testing)
    public init(
        _ client: any RedisCommandSender,
        spreadsKeys: Bool,
        logger: Logger = Logger(label: "larder.redis")
    ) {
        self.client = client
        self.isApart = spreadsKeys
        self.logger = logger
        self.near = nil
    }

    /// Makes a store that keeps in this process's memory what it has read, as long as the server tells of its changes.
    ///
    /// See <doc:NearCache>.
    ///
    /// - Parameters:
    ///   - client: The client, which stays its maker's to run and to shut down.
    ///   - nearCache: How much is kept in memory, of all namespaces together.
    ///   - clock: What copies in memory age by.
    ///   - logger: Where failures are reported that no caller hears of.
    public init(
        _ client: RedisClient,
        nearCache: MemoryStore.Limit,
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder.redis")
    ) {
        // A copy of what a replica has would not be dropped when the primary tells of a change that came before it.
        let isPrimaryAsked = client.configuration.readPreference == .primary
        self.client = isPrimaryAsked ? client : client.reading(from: .primary)
        self.isApart = (client as any RedisCommandSender as? any RedisPlacement)?.spreadsKeys ?? false
        self.logger = logger
        self.near = NearCache(client, limit: nearCache, clock: clock, logger: logger)
    }

    /// `redis`.
    public var kind: String { "redis" }

    /// The part of the server that belongs to a namespace.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: What a cache reads and writes.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        let lower = { (remembered: RememberedGenerations?) in
            RedisNamespace(
                namespace,
                client: self.client,
                isApart: self.isApart,
                remembered: remembered,
                logger: self.logger
            )
        }
        return self.near?.open(namespace, over: lower) ?? lower(nil)
    }

    /// How the near cache is doing, for pages that people look at.
    ///
    /// - Parameter namespace: The namespace of a cache on this store.
    /// - Returns: What is known; `nil` without a near cache, or where no cache has opened the namespace on this store.
    public func nearCacheStatistics(of namespace: CacheNamespace) -> NearCacheStatistics? {
        self.near?.statistics(of: namespace)
    }

    /// Ends the near cache, if there is one; the client stays its maker's to shut down.
    public func shutdown() async { self.near?.shutdown() }
}

extension CacheStore where Self == RedisStore {
    /// Entries in Redis.
    ///
    /// - Parameter client: The client, which stays its maker's to run and to shut down.
    /// - Returns: The store.
    public static func redis(_ client: any RedisCommandSender) -> RedisStore {
        RedisStore(client)
    }

    /// Entries in Redis, and in this process's memory what it has read of them, as long as the server tells of changes.
    ///
    /// ```swift
    /// let cache = Cache(.redis(client, nearCache: .entries(100_000)), namespace: "bookshop")
    /// ```
    ///
    /// - Parameters:
    ///   - client: The client, which stays its maker's to run and to shut down.
    ///   - nearCache: How much is kept in memory, of all namespaces together.
    /// - Returns: The store.
    public static func redis(_ client: RedisClient, nearCache: MemoryStore.Limit) -> RedisStore {
        RedisStore(client, nearCache: nearCache)
    }
}
