public import Logging
public import ServiceLifecycle
import Synchronization

/// One namespace of one store, with everything that makes it a cache.
///
/// ```swift
/// let cache = Cache(.memory(entries: 100_000), namespace: "bookshop", defaults: .init(ttl: .minutes(5)))
///
/// let book = try await cache.fetch(.book(42), ttl: .hours(1)) {
///     try await database.book(42)  // runs once, however many callers wait
/// }
/// ```
///
/// A cache works as soon as it is made. Its fills belong to it and end at ``shutdown()``; in a `ServiceGroup`, ``run()``
/// does that when the group shuts down. The store stays whoever's made it, since other caches may stand on it too.
public final class Cache: Sendable {
    /// The cache's part of the store.
    public let namespace: CacheNamespace

    /// The version of keys that do not say another one.
    public let version: Int

    /// What the cache does where a call says nothing.
    public let defaults: CacheDefaults

    /// What kind of store the cache stands on, in one word: `memory`, `redis`.
    public let storeKind: String

    /// The namespace as the store has it; everything but a hit in memory asks ``space``.
    private let openedSpace: any NamespaceStore
    /// How many bodies of ``bypassed(_:)`` run at the moment, in whichever tasks.
    let bypassCount = Atomic<Int>(0)
    /// The same, where the store can become unavailable.
    private let guardedSpace: GuardedNamespace?
    let codec: CodecReference
    let counterStorage: CounterStorage
    let flights = FlightTable()
    let refreshes: RefreshTable
    /// Whether the cache's own policy asks for the age of fresh entries.
    let defaultsLookAtAge: Bool
    let clock: CacheClock
    let logger: Logger
    let outageLog: OutageLog
    let onEvent: (@Sendable (CacheEvent) -> Void)?

    /// Makes a cache in a namespace of a store.
    ///
    /// - Parameters:
    ///   - store: Where the entries live.
    ///   - namespace: The cache's part of the store. Caches of the same namespace on the same store share their entries.
    ///   - version: The version of keys that do not say another one.
    ///   - defaults: What the cache does where a call says nothing.
    ///   - codec: How values become bytes, in stores that keep bytes.
    ///   - compression: Which of these bytes are compressed, and how; `nil`, none.
    ///   - sealer: What encrypts or signs them; `nil`, nothing.
    ///   - clock: What fills are timed by.
    ///   - logger: Where an unavailable store is reported, at most once a second.
    ///   - onEvent: Told of what happens in the cache; called at once and by whoever does it, so it should be quick.
    public init(
        _ store: some CacheStore,
        namespace: CacheNamespace = "",
        version: Int = 1,
        defaults: CacheDefaults = CacheDefaults(),
        codec: any CacheCodec = JSONCodec(),
        compression: EntryCompression? = nil,
        sealer: (any EntrySealer)? = nil,
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder"),
        onEvent: (@Sendable (CacheEvent) -> Void)? = nil
    ) {
        self.onEvent = onEvent
        self.namespace = namespace
        self.version = version
        self.defaults = defaults
        self.storeKind = store.kind
        self.counterStorage = CounterStorage(cache: namespace.name, store: store.kind)
        let transforms = EntryTransforms(namespace: namespace, compression: compression, sealer: sealer)
        self.codec = CodecReference(codec, transforms, counters: self.counterStorage)
        self.clock = clock
        self.refreshes = RefreshTable(clock: clock)
        self.defaultsLookAtAge = defaults.fetchPolicy.looksAtAge
        var logger = logger
        logger[metadataKey: "larder.cache"] = "\(namespace.name)"
        logger[metadataKey: "larder.store"] = "\(store.kind)"
        self.logger = logger
        self.outageLog = OutageLog(logger: logger, clock: clock)
        let space = store.open(namespace)
        if store.isLocal {
            // It cannot fail, and nothing shall stand between it and a hit.
            self.guardedSpace = nil
            self.openedSpace = space
        } else {
            let guarded = GuardedNamespace(
                space,
                name: namespace,
                defaults: defaults,
                clock: clock,
                logger: logger,
                tasks: self.flights,
                probeCoder: ValueCoder<[UInt8]>(reference: self.codec)
            ) { [counters = self.counterStorage, outages = self.outageLog] error, keys in
                counters.add(keys, to: .unavailable)
                onEvent?(.unavailable(keys: keys))
                outages.report(error)
            }
            self.guardedSpace = guarded
            self.openedSpace = guarded
        }
    }

    /// What the cache has counted since it was made.
    public var counters: CacheCounters { self.counterStorage.snapshot }

    /// Whether the cache asks its store; always ``CircuitState/closed`` without a circuit breaker.
    ///
    /// That is about the store as a whole. Where only one of its servers is left alone, calls that need none but the others
    /// go on, and the log tells of it.
    ///
    /// For pages that people look at: by the time it is read it can have changed.
    public var circuit: CircuitState { self.guardedSpace?.circuit ?? .closed }

    /// How many invalidations are kept until the store is back; see ``InvalidationPolicy/replay(limit:path:)``.
    ///
    /// Those that an earlier process has left in a file count from the first call on, which reads it.
    public var pendingInvalidations: Int { self.guardedSpace?.pendingInvalidations ?? 0 }

    /// Ends all fills under way; their callers get ``CacheError/Code/shutDown``, as do later calls to `fetch` that miss.
    ///
    /// Returns when the fills have ended, or after ten seconds if one of them does not heed its cancellation.
    public func shutdown() async {
        await self.flights.shutDown(patience: .seconds(10))
    }

    // MARK: What all verbs need

    @inline(__always)
    func storeKey<Value>(_ key: CacheKey<Value>) throws -> StoreKey {
        try KeyRules.check(key.name)
        return StoreKey(version: key.version ?? self.version, name: key.name)
    }

    /// Who may answer a read whose call says this of it.
    @inline(__always)
    func resolved(_ freshness: ReadFreshness?) -> ReadFreshness { freshness ?? self.defaults.freshness }

    /// The namespace as the current task is to find it.
    var space: any NamespaceStore {
        // One plain read, while nobody bypasses the cache: looking for a task-local value costs several times as much.
        self.bypassCount.load(ordering: .relaxed) != 0 && self.isBypassed
            ? BypassedNamespace(base: self.openedSpace) : self.openedSpace
    }

    /// What the store has at once of a key; nothing is known of it where the store itself has to be asked.
    @inline(__always)
    func readNow(_ key: StoreKey, _ freshness: ReadFreshness?) -> ImmediateLookup {
        if self.bypassCount.load(ordering: .relaxed) != 0, self.isBypassed { return .unknown }
        return self.resolved(freshness) == .strict ? .unknown : self.openedSpace.readNow(key)
    }

    @inline(__always)
    func coder<Value: Codable & Sendable>(for type: Value.Type) -> ValueCoder<Value> {
        ValueCoder(reference: self.codec)
    }

    /// Counts and logs what a store throws, and makes it a `CacheError` that names the key.
    func failure(_ error: any Error, keys: Int = 1) -> any Error {
        guard let error = error as? CacheError, error.code == .unavailable else { return error }
        self.counterStorage.add(keys, to: .unavailable)
        self.tell(.unavailable(keys: keys))
        self.outageLog.report(error)
        return error
    }
}

extension Cache: Service {
    /// Waits for the service group to shut down, then ends all fills under way.
    public func run() async throws {
        // It throws when the task is cancelled, which means the same here: the end of the service.
        try? await gracefulShutdown()
        await self.shutdown()
    }
}
