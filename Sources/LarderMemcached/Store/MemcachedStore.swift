public import Larder
public import Logging

/// Entries in memcached, shared by all processes that use the same servers and namespace.
///
/// ```swift
/// let client = try MemcachedClient(MemcachedConfiguration(servers: [.init("10.0.0.1"), .init("10.0.0.2")]))
/// let cache = Cache(.memcached(client), namespace: "bookshop")
/// ```
///
/// An entry and the lease of its key are one item, named `namespace:version:key`; the namespace has an item more, and so has each tag in
/// use. memcached changes one item at a time, so a verb is one round trip or two: it reads the entry's item together with the
/// generations, and has the server change the item if it is still the one that was read. See <doc:LarderMemcached>.
///
/// The servers need memcached 1.6 or later. They evict by themselves; losing a namespace's item or a tag's makes their entries misses,
/// never more.
public struct MemcachedStore: CacheStore {
    private let client: MemcachedClient
    /// The client, where it runs and ends with the store.
    private let ownedClient: MemcachedClient?
    private let logger: Logger

    /// Makes a store on a client, which stays its maker's to run and to shut down.
    ///
    /// - Parameters:
    ///   - client: The client.
    ///   - logger: Where failures are reported that no caller hears of.
    public init(_ client: MemcachedClient, logger: Logger = Logger(label: "larder.memcached")) {
        self.init(client, logger: logger, ownsClient: false)
    }

    /// Makes a store that may run its client, and shut it down.
    ///
    /// - Parameters:
    ///   - client: The client.
    ///   - logger: Where failures are reported that no caller hears of.
    ///   - ownsClient: Whether the client runs and ends with the store.
    init(_ client: MemcachedClient, logger: Logger, ownsClient: Bool) {
        self.client = client
        self.ownedClient = ownsClient ? client : nil
        self.logger = logger
    }

    /// `memcached`.
    public var kind: String { "memcached" }

    /// The part of the servers that belongs to a namespace.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: What a cache reads and writes.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        MemcachedNamespace(namespace, client: self.client, logger: self.logger)
    }

    /// Runs the client, where it was made together with the store; otherwise there is nothing to do.
    public func run() async throws { try await self.ownedClient?.run() }

    /// Ends the client, where it was made together with the store; other clients stay their maker's to shut down.
    public func shutdown() async { await self.ownedClient?.shutdown() }
}

extension CacheStore where Self == MemcachedStore {
    /// Entries in memcached.
    ///
    /// - Parameter client: The client, which stays its maker's to run and to shut down.
    /// - Returns: The store.
    public static func memcached(_ client: MemcachedClient) -> MemcachedStore {
        MemcachedStore(client)
    }
}
