import Larder
import LarderRedisClient
import Logging
import Synchronization

/// Copies of what this process reads from Redis, in its own memory, which the servers keep true by telling of changes.
final class NearCache: Sendable {
    /// What belongs to one namespace.
    private struct Space {
        let namespace: any NamespaceStore
        let lower: ListeningNamespace
        let copies: NearCopies
    }

    private struct State {
        var spaces: [CacheNamespace: Space] = [:]
        var isShutDown = false
    }

    private let memory: MemoryStore
    private let client: RedisClient
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - client: Whose servers tell of changes.
    ///   - limit: How much is kept, of all namespaces together.
    ///   - clock: What copies age by.
    ///   - logger: Where it is reported that a server does not tell of changes.
    init(_ client: RedisClient, limit: MemoryStore.Limit, clock: CacheClock, logger: Logger) {
        self.memory = MemoryStore(limit: limit, clock: clock)
        self.client = client
        self.logger = logger
    }

    /// A namespace with its copies; the same for all who open it.
    ///
    /// - Parameters:
    ///   - namespace: The namespace.
    ///   - lower: Makes the namespace in Redis, of which the copies are, given where to remember generations.
    /// - Returns: Both as one.
    func open(
        _ namespace: CacheNamespace,
        over lower: (RememberedGenerations) -> RedisNamespace
    ) -> any NamespaceStore {
        self.state.withLock { state in
            if let space = state.spaces[namespace] { return space.namespace }
            let space = self.makeSpace(namespace, over: lower)
            if state.isShutDown { space.lower.close() }
            state.spaces[namespace] = space
            return space.namespace
        }
    }

    private func makeSpace(
        _ namespace: CacheNamespace,
        over lower: (RememberedGenerations) -> RedisNamespace
    ) -> Space {
        let client = self.client
        let witness = { @Sendable [weak client] in client?.routeChanges ?? 0 }
        let gate = CopyGate(witness: witness)
        let generations = RememberedGenerations(gate, witness: witness)
        let lower = lower(generations)
        let upper = UpperTier(in: self.memory, of: namespace, gate: gate)
        let copies = NearCopies(
            upper,
            gate: gate,
            generations: generations,
            keys: lower.keys,
            logger: self.logger
        )
        let feed = client.invalidationFeed(prefixes: lower.keys.trackedPrefixes) { copies.hear($0) }
        let listening = ListeningNamespace(lower, feed: feed, generations: generations, tally: copies.tally)
        return Space(namespace: upper.over(listening), lower: listening, copies: copies)
    }

    /// What is known of one namespace; `nil` where nobody has opened it.
    func statistics(of namespace: CacheNamespace) -> NearCacheStatistics? {
        guard let copies = self.state.withLock({ $0.spaces[namespace]?.copies }) else { return nil }
        var statistics = copies.tally.statistics
        let memory = self.memory.statistics
        statistics.hits = memory.hits
        statistics.entries = self.memory.count
        statistics.limit = self.memory.capacity
        statistics.isCovered = copies.gate.isOpen
        return statistics
    }

    /// Stops listening and drops all copies; reads go to Redis from then on.
    func shutdown() {
        let spaces = self.state.withLock { state in
            state.isShutDown = true
            return Array(state.spaces.values)
        }
        for space in spaces {
            space.lower.close()
            space.copies.close()
        }
    }
}
