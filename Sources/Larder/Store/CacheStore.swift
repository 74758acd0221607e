/// A place where entries live: memory, Redis, or a store of your own.
///
/// A store is shared: several caches can stand on one, each in a namespace of its own, and a ``NamespaceStore`` is all
/// that a cache ever talks to. A store does not know policies, flights or types; it keeps entries, generations and leases.
public protocol CacheStore: Sendable {
    /// What kind of store this is, in one lower-case word, for statistics and logs: `memory`, `redis`.
    var kind: String { get }

    /// Whether every call is answered from this process's own memory, at once and without failing.
    ///
    /// A store that is not local can become unavailable, so caches put a circuit breaker before it.
    var isLocal: Bool { get }

    /// The part of the store that belongs to one namespace.
    ///
    /// Opening neither waits nor fails: a store that cannot be reached says so when it is asked for something.
    func open(_ namespace: CacheNamespace) -> any NamespaceStore

    /// Does the store's periodic work until the task is cancelled or the service shuts down gracefully.
    func run() async throws

    /// Gives back what the store itself has taken: connections that it opened, files, timers.
    func shutdown() async
}

extension CacheStore {
    /// Most stores are asked over a connection or a file.
    public var isLocal: Bool { false }

    /// A store without periodic work has nothing to do.
    public func run() async throws {}

    /// A store that took nothing has nothing to give back.
    public func shutdown() async {}
}
