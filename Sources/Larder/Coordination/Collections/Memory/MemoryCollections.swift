/// Collections in the memory of this process, shared by all of its tasks.
///
/// They hold what they are given and nothing is ever evicted: what counts, queues and remembers must not lose anything. So
/// give each a lifetime or a limit. The room of a collection that has ended is used again soon after, by the writes that
/// follow.
public final class MemoryCollections: CollectionStore {
    /// What collections age by.
    package let clock: CacheClock
    let counters: CollectionTable<CounterContents>
    let lists: CollectionTable<ListContents>
    let queues: CollectionTable<QueueContents>
    let sets: CollectionTable<SetContents>
    let hashes: CollectionTable<HashContents>
    let leaderboards: CollectionTable<SortedMembers>
    let sketches: CollectionTable<DistinctSketch>
    let streams: CollectionTable<StreamLog>
    /// When the clock stood at zero, in milliseconds since 1970, for the ids of messages.
    let epoch: Int64
    /// Wakes those who wait for a collection to change.
    let wakeUps = CollectionWakeUps()

    /// Makes an empty store.
    ///
    /// - Parameter clock: What collections age by.
    public init(clock: CacheClock = .system) {
        self.clock = clock
        self.counters = CollectionTable(clock: clock)
        self.lists = CollectionTable(clock: clock)
        self.queues = CollectionTable(clock: clock)
        self.sets = CollectionTable(clock: clock)
        self.hashes = CollectionTable(clock: clock)
        self.leaderboards = CollectionTable(clock: clock)
        self.sketches = CollectionTable(clock: clock)
        self.streams = CollectionTable(clock: clock)
        self.epoch = (WallClock.now - clock.now.nanoseconds) / 1_000_000
    }

    /// `memory`.
    public var kind: String { "memory" }

    /// The collections of a kind, whatever they hold; `nil` where this store has none of them.
    private func lives(of kind: CollectionKind) -> (any CollectionLives)? {
        switch kind {
        case .counter: self.counters
        case .list: self.lists
        case .queue: self.queues
        case .set: self.sets
        case .hash: self.hashes
        case .leaderboard: self.leaderboards
        case .distinct: self.sketches
        case .stream: self.streams
        default: nil
        }
    }

    /// Removes a whole collection.
    public func remove(_ key: CollectionKey) async throws -> Bool {
        self.lives(of: key.kind)?.remove(key) ?? false
    }

    /// How long a collection has left.
    public func timeLeft(of key: CollectionKey) async throws -> TimeLeft? {
        self.lives(of: key.kind)?.timeLeft(of: key)
    }

    /// Gives a collection another end.
    public func expire(_ key: CollectionKey, after milliseconds: Int64?) async throws -> Bool {
        self.lives(of: key.kind)?.expire(key, after: milliseconds) ?? false
    }
}

extension CollectionStore where Self == MemoryCollections {
    /// Collections in the memory of this process.
    ///
    /// - Parameter clock: What they age by.
    /// - Returns: The store.
    public static func memory(clock: CacheClock = .system) -> MemoryCollections {
        MemoryCollections(clock: clock)
    }
}
