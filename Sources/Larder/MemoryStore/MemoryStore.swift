import Synchronization

/// Entries in the memory of this process: the Swift values themselves, neither encoded nor copied.
///
/// ```swift
/// let cache = Cache(.memory(entries: 100_000), namespace: "bookshop")
/// ```
///
/// The store is bounded; when it is full, the policy decides which entry leaves (see ``MemoryCache``). Several caches can stand on
/// one store and share its room, each in its namespace.
///
/// Values that are classes are shared by all who read them, so let them be immutable.
public final class MemoryStore: CacheStore {
    /// How much a store holds at most.
    public struct Limit: Sendable {
        enum Kind: Sendable {
            case entries(Int)
            case cost(Int, @Sendable (_ key: String, _ value: (any Sendable)?) -> Int)
        }

        let kind: Kind

        /// A number of entries.
        public static func entries(_ count: Int) -> Self { .init(kind: .entries(count)) }

        /// A sum of what the entries cost, in a unit of your choice.
        ///
        /// - Parameters:
        ///   - total: What all entries together may cost.
        ///   - cost: What an entry costs, at least 1; called for every write, with part of the store locked. A cached absence
        ///     comes as `nil`.
        /// - Returns: The limit.
        public static func cost(
            _ total: Int,
            of cost: @escaping @Sendable (_ key: String, _ value: (any Sendable)?) -> Int
        ) -> Self {
            .init(kind: .cost(total, cost))
        }
    }

    typealias Entries = ShardedCache<NamespacedNameScheme, MemoryEntry>

    let entries: Entries
    let leases: LeaseTable
    let clock: CacheClock
    let cost: (@Sendable (NamespacedName, MemoryEntry) -> Int)?
    /// How many entries the store holds at most, or what they may cost together.
    package let capacity: Int
    private let namespaces = Mutex<[CacheNamespace: MemoryNamespaceState]>([:])

    /// Makes an empty store.
    ///
    /// - Parameters:
    ///   - limit: How much it holds at most.
    ///   - clock: What entries age by.
    public init(limit: Limit, clock: CacheClock = .system) {
        self.clock = clock
        self.leases = LeaseTable(clock: clock)
        switch limit.kind {
        case .entries(let count):
            self.cost = nil
            self.capacity = count
            self.entries = Entries(ShardLayout(entries: count), cost: nil, clock: clock)
        case .cost(let total, let cost):
            let entryCost: @Sendable (NamespacedName, MemoryEntry) -> Int = { cost($0.name, $1.value.content) }
            self.cost = entryCost
            self.capacity = total
            self.entries = Entries(ShardLayout(cost: total), cost: entryCost, clock: clock)
        }
    }

    /// `memory`.
    public var kind: String { "memory" }

    /// Every call is answered from this process's memory.
    public var isLocal: Bool { true }

    /// The part of the store that belongs to a namespace; the same for all who open it by the same name.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: What a cache reads and writes.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore { self.memory(of: namespace) }

    /// The same, for what only memory can do.
    func memory(of namespace: CacheNamespace) -> MemoryNamespace {
        let state = self.namespaces.withLock { namespaces in
            if let state = namespaces[namespace] { return state }
            let state = MemoryNamespaceState(id: UInt32(namespaces.count))
            namespaces[namespace] = state
            return state
        }
        return MemoryNamespace(store: self, state: state)
    }

    /// How many entries the store holds, of all namespaces.
    ///
    /// Those that are dead or have expired count until their room is needed.
    public var count: Int { self.entries.count }
}

extension MemoryStore {
    /// What has happened in the store so far.
    package var statistics: MemoryCacheStatistics { self.entries.statistics }

    /// What an entry may cost at most.
    var heaviestEntry: Int { self.entries.limit }
}

extension CacheStore where Self == MemoryStore {
    /// Entries in the memory of this process.
    ///
    /// - Parameter entries: How many it holds at most.
    /// - Returns: The store.
    public static func memory(entries: Int) -> MemoryStore {
        MemoryStore(limit: .entries(entries))
    }

    /// Entries in a store that other caches use too.
    ///
    /// - Parameter store: The store.
    /// - Returns: The store.
    public static func memory(_ store: MemoryStore) -> MemoryStore {
        store
    }
}

extension EntryValue {
    /// What was cached; `nil` for a cached absence.
    fileprivate var content: (any Sendable)? {
        switch self {
        case .null: nil
        case .integer(let integer): integer
        case .object(let box):
            if let copy = TieredCopy.held(by: box) { copy.value.content } else { box.content }
        case .encoded(let encoded): encoded.bytes
        }
    }
}
