public import Logging

/// Typed collections that all processes share which use the same store: counters, lists, queues, sets, hashes.
///
/// ```swift
/// let collections = Collections(.redis(client), namespace: "bookshop")   // or .memory()
/// let orders = collections.counter("orders", lifetime: .fixed(.days(1)))
/// let number = try await orders.increment()
/// ```
///
/// Making a collection asks the store for nothing: it begins to exist with the first write, and ends with its last element
/// or at the end of its lifetime.
public struct Collections: Sendable {
    /// The beginning of all names.
    public let namespace: CacheNamespace

    let store: any CollectionStore
    let codec: any CacheCodec
    private let logger: Logger
    /// Where this process's tasks wait for elements of queues.
    let lines: QueueLines

    /// Opens the collections of a namespace.
    ///
    /// - Parameters:
    ///   - store: Where they live.
    ///   - namespace: The beginning of all names; a cache may have the same one.
    ///   - codec: What makes bytes of elements that are neither text, integers nor bytes; JSON with sorted keys if left
    ///     out. Equal elements have to get equal bytes.
    ///   - logger: Where failures are reported that no caller hears of.
    public init(
        _ store: any CollectionStore,
        namespace: CacheNamespace,
        codec: any CacheCodec = JSONCodec(sortedKeys: true),
        logger: Logger = Logger(label: "larder.collections")
    ) {
        self.store = store
        self.namespace = namespace
        self.codec = codec
        self.logger = logger
        self.lines = QueueLines(store, logger: logger)
    }

    /// What a collection of a kind and name works with.
    func handle(_ kind: CollectionKind, _ name: String, _ lifetime: CollectionLifetime) -> CollectionHandle {
        CollectionHandle(
            store: self.store,
            key: CollectionKey(self.namespace, kind, name),
            lifetime: lifetime,
            codec: self.codec,
            logger: self.logger
        )
    }
}
