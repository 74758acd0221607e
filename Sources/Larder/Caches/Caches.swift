public import Logging
public import ServiceLifecycle
import Synchronization

/// The caches of a program, by name.
///
/// ```swift
/// let caches = try Caches(
///     [
///         CacheDefinition("pages", url: "memory://?bytes=256MiB"),
///         CacheDefinition("sessions", url: "redis://localhost:6379/1", defaults: .init(ttl: .hours(12))),
///     ],
///     stores: [.redis]
/// )
/// let session = try await caches["sessions"].get(.session(id))
/// ```
///
/// It owns the stores that it made, and the clients that they stand on. Caches whose URLs and options are the same share a
/// store, each in its own namespace. Run it in a `ServiceGroup`, before the services that use it, or call ``shutdown()`` at the
/// end. `LarderConfiguration` makes one from a configuration file. <doc:NamedCaches> tells more.
public final class Caches: Sendable {
    private let caches: [String: Cache]
    /// Stores that were made here, in the order in which they were; those of ready-made caches belong to others.
    private let stores: [any CacheStore]
    /// The same by the names of the caches that stand on them.
    private let storesByName: [String: any CacheStore]
    private let ownsCaches: Bool
    private let logger: Logger
    private let hasShutDown = Mutex(false)

    /// Makes caches from their definitions.
    ///
    /// Nothing is waited for: a store that cannot be reached says so when it is asked for something.
    ///
    /// - Parameters:
    ///   - definitions: The caches, each with a name of its own.
    ///   - factories: What makes stores from URLs, beside those for `memory://` and `null://`.
    ///   - clock: What entries in memory age by, and fills are timed by.
    ///   - logger: Where unavailable stores are reported.
    ///   - onEvent: Told of what happens in each cache, with its name; see ``CacheEvent``.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidConfiguration``, which names the cache, and in one line what was
    ///   found and what is accepted.
    public convenience init(
        _ definitions: [CacheDefinition],
        stores factories: [any StoreFactory] = [],
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder"),
        onEvent: (@Sendable (_ cache: String, CacheEvent) -> Void)? = nil
    ) throws(CacheError) {
        var stores = OpenedStores(factories, StoreContext(clock: clock, logger: logger))
        var caches: [String: Cache] = [:]
        var storesByName: [String: any CacheStore] = [:]
        for definition in definitions {
            let name = definition.name
            let isTaken = caches[name] != nil
            guard CacheDefinition.isName(name), !isTaken else {
                let fault = isTaken ? "is there twice" : "is no name; accepted are \(CacheDefinition.nameForm)"
                throw CacheError(.invalidConfiguration, "the cache \(name.debugDescription) \(fault)")
            }
            let store: any CacheStore
            do {
                store = try stores.open(definition.url, definition.options)
            } catch {
                throw CacheError(
                    .invalidConfiguration,
                    "the cache \(name.debugDescription): \(error)",
                    underlying: error
                )
            }
            caches[name] = try Self.cache(definition, on: store, clock, logger, onEvent)
            storesByName[name] = store
        }
        self.init(caches, owning: stores.all, byName: storesByName, logger: logger)
    }

    /// Gathers caches that exist; they stay their maker's to run and to shut down, and so do their stores.
    ///
    /// - Parameter caches: The caches by name.
    public convenience init(_ caches: [String: Cache]) {
        self.init(caches, owning: nil, byName: [:], logger: Logger(label: "larder"))
    }

    /// - Parameters:
    ///   - caches: The caches by name.
    ///   - stores: What they stand on, if that and they are to end with this.
    ///   - storesByName: The same by the names of the caches that stand on them.
    ///   - logger: Where the services within report.
    package init(
        _ caches: [String: Cache],
        owning stores: [any CacheStore]?,
        byName storesByName: [String: any CacheStore],
        logger: Logger
    ) {
        self.caches = caches
        self.stores = stores ?? []
        self.storesByName = storesByName
        self.ownsCaches = stores != nil
        self.logger = logger
    }

    /// Makes one cache.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidNamespace`` where the cache has no namespace of its own and its
    ///   name is none.
    package static func cache(
        _ definition: CacheDefinition,
        on store: any CacheStore,
        _ clock: CacheClock,
        _ logger: Logger,
        _ onEvent: (@Sendable (_ cache: String, CacheEvent) -> Void)?
    ) throws(CacheError) -> Cache {
        let namespace: CacheNamespace
        do {
            namespace = try definition.namespace ?? CacheNamespace(definition.name)
        } catch {
            throw CacheError(.invalidConfiguration, "the cache \(definition.name.debugDescription): \(error)")
        }
        var tell: (@Sendable (CacheEvent) -> Void)?
        if let onEvent { tell = { @Sendable event in onEvent(definition.name, event) } }
        return Cache(
            store,
            namespace: namespace,
            version: definition.version,
            defaults: definition.defaults,
            codec: definition.codec,
            compression: definition.compression,
            sealer: definition.sealer,
            clock: clock,
            logger: logger,
            onEvent: tell
        )
    }

    /// The names of the caches, in alphabetical order.
    public var names: [String] { self.caches.keys.sorted() }

    /// The cache of a name, or what takes its place in the current task; see ``overriding(_:with:_:)``.
    ///
    /// - Parameter name: The name.
    /// - Throws: ``CacheError`` with ``CacheError/Code/cacheNotFound``, which lists the names that there are.
    public subscript(name: String) -> Cache {
        get throws(CacheError) {
            if let replacement = Self.replacements[name] { return replacement }
            if let cache = self.caches[name] { return cache }
            let names = self.names
            let there = names.isEmpty ? "there is none at all" : "there are \(names.formatted(before: "and"))"
            throw CacheError(.cacheNotFound, "there is no cache named \(name.debugDescription); \(there)")
        }
    }

    /// The store that a cache stands on, for what only stores of its kind can do: the statistics of its near cache, collections on
    /// its client.
    ///
    /// - Parameter name: The cache's name.
    /// - Returns: The store; `nil` where there is no cache of the name, and where it was handed over ready-made.
    public func store(of name: String) -> (any CacheStore)? { self.storesByName[name] }

    /// The cache named `default`, or the only one that there is.
    public var `default`: Cache {
        get throws(CacheError) {
            if self.caches.count == 1, let only = self.caches.first?.key { return try self[only] }
            return try self["default"]
        }
    }
}

extension Caches: Service {
    /// Does the stores' periodic work and runs their clients, until the service group shuts down or the task is cancelled;
    /// then ends all fills under way, and after them the stores.
    ///
    /// - Throws: What a store's periodic work throws.
    public func run() async throws {
        var services: [any Service] = self.stores.map { StoreService(store: $0) }
        if self.ownsCaches { services += self.caches.values.map { $0 as any Service } }
        do {
            if services.isEmpty {
                // It throws when the task is cancelled, which means the same here: the end of the service.
                try? await gracefulShutdown()
            } else {
                // It ends its services in the opposite order: the caches' fills first, and with them their leases.
                try await ServiceGroup(services: services, logger: self.logger).run()
            }
        } catch {
            await self.shutdown()
            throw error
        }
        await self.shutdown()
    }

    /// Ends all fills under way, then the stores and their clients.
    ///
    /// Caches that were handed over ready-made are left alone.
    public func shutdown() async {
        guard self.ownsCaches,
            self.hasShutDown.withLock({ hasShutDown in
                defer { hasShutDown = true }
                return !hasShutDown
            })
        else { return }
        await withTaskGroup(of: Void.self) { group in
            for cache in self.caches.values { group.addTask { await cache.shutdown() } }
        }
        for store in self.stores { await store.shutdown() }
    }
}

/// A store as a service.
private struct StoreService: Service {
    let store: any CacheStore

    func run() async throws {
        try await self.store.run()
        // Most have nothing to do in the background, and return at once; a service that does is taken for failed.
        try? await gracefulShutdown()
        await self.store.shutdown()
    }
}
