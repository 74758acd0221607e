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
    /// The client that the store was made with, for collections, limits and locks on the same connections; `nil` where it was made
    /// with something else that sends commands.
    ///
    /// It runs and ends with the store where a configuration has made both.
    public let client: RedisClient?

    private let sender: any RedisCommandSender
    private let isApart: Bool
    private let logger: Logger
    private let near: NearCache?
    private let safety: LossSafety
    /// The client, if it is to run and to end with the store.
    private let ownedClient: RedisClient?

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
        self.client = client as? RedisClient
        self.sender = client
        self.isApart = spreadsKeys
        self.logger = logger
        self.near = nil
        self.safety = LossSafety()
        self.ownedClient = nil
    }

    /// Makes a store that does more than the plain one: keep what it has read in this process's memory, as long as the server
    /// tells of its changes; make namespaces cold when a server may have forgotten something; wait for replicas.
    ///
    /// See <doc:NearCache> and ``RedisLossPolicy``.
    ///
    /// - Parameters:
    ///   - client: The client, which stays its maker's to run and to shut down.
    ///   - options: What it does.
    public init(_ client: RedisClient, _ options: RedisStoreOptions) {
        self.init(client, options, ownsClient: false)
    }

    /// Makes a store that may run its client, and shut it down.
    ///
    /// - Parameters:
    ///   - client: The client.
    ///   - options: What the store does.
    ///   - ownsClient: Whether the client runs and ends with the store.
    init(_ client: RedisClient, _ options: RedisStoreOptions, ownsClient: Bool) {
        self.client = client
        self.ownedClient = ownsClient ? client : nil
        // A copy of what a replica has would not be dropped when the primary tells of a change that came before it.
        let asksReplicas = options.nearCache != nil && client.configuration.readPreference != .primary
        self.sender = asksReplicas ? client.reading(from: .primary) : client
        self.isApart = client.spreadsKeys
        self.logger = options.logger
        self.near = options.nearCache.map {
            NearCache(client, limit: $0, clock: options.clock, logger: options.logger)
        }
        self.safety = LossSafety(
            policy: options.onLoss,
            acknowledging: options.acknowledgement.map { AcknowledgedSender(client: client, acknowledgement: $0) }
        )
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
                client: self.sender,
                isApart: self.isApart,
                remembered: remembered,
                safety: self.safety,
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

    /// Runs the client, where it was made together with the store; otherwise there is nothing to do.
    public func run() async throws { try await self.ownedClient?.run() }

    /// Ends the near cache, if there is one, and the client, where it was made together with the store; other clients stay their
    /// maker's to shut down.
    public func shutdown() async {
        self.near?.shutdown()
        await self.ownedClient?.shutdown()
    }
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
        RedisStore(client, RedisStoreOptions(nearCache: nearCache))
    }

    /// Entries in Redis, with options.
    ///
    /// ```swift
    /// let options = RedisStoreOptions(nearCache: .entries(100_000), onLoss: .coldAfterLoss)
    /// let cache = Cache(.redis(client, options), namespace: "bookshop")
    /// ```
    ///
    /// - Parameters:
    ///   - client: The client, which stays its maker's to run and to shut down.
    ///   - options: What the store does beside keeping entries.
    /// - Returns: The store.
    public static func redis(_ client: RedisClient, _ options: RedisStoreOptions) -> RedisStore {
        RedisStore(client, options)
    }
}

/// What a Redis store does beside keeping entries.
public struct RedisStoreOptions: Sendable {
    /// How much of what was read is kept in this process's memory, of all namespaces together; `nil`, nothing.
    public var nearCache: MemoryStore.Limit?

    /// What becomes of namespaces when a server may have forgotten writes.
    public var onLoss: RedisLossPolicy

    /// How many replicas have to have an invalidation before it returns; `nil`, nobody waits for them.
    ///
    /// Removing, invalidating and clearing take a connection of their own then, for as long as the replicas take. Where too
    /// few have it in time the call throws, although the primary has it: the cache's invalidation policy decides
    /// what becomes of it.
    public var acknowledgement: ReplicaAcknowledgement?

    /// What copies in memory age by.
    public var clock: CacheClock

    /// Where failures are reported that no caller hears of.
    public var logger: Logger

    /// Describes what the store does.
    ///
    /// - Parameters:
    ///   - nearCache: How much of what was read is kept in this process's memory; `nil`, nothing.
    ///   - onLoss: What becomes of namespaces when a server may have forgotten writes.
    ///   - acknowledgement: How many replicas have to have an invalidation; `nil`, nobody waits for them.
    ///   - clock: What copies in memory age by.
    ///   - logger: Where failures are reported that no caller hears of.
    public init(
        nearCache: MemoryStore.Limit? = nil,
        onLoss: RedisLossPolicy = .keep,
        acknowledgement: ReplicaAcknowledgement? = nil,
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder.redis")
    ) {
        self.nearCache = nearCache
        self.onLoss = onLoss
        self.acknowledgement = acknowledgement
        self.clock = clock
        self.logger = logger
    }
}
