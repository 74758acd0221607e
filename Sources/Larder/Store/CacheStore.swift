/// A place where entries live: memory, Redis, or a store of your own.
///
/// A store is shared: several caches can stand on one, each in a namespace of its own, and a ``NamespaceStore`` is all
/// that a cache ever talks to. A store does not know policies, flights or types; it keeps entries, generations and leases.
public protocol CacheStore: Sendable {
    /// What kind of store this is, in one lower-case word, for statistics and logs: `memory`, `redis`.
    var kind: String { get }

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
    /// A store without periodic work has nothing to do.
    public func run() async throws {}

    /// A store that took nothing has nothing to give back.
    public func shutdown() async {}
}

/// One namespace of a store: what a cache reads and writes.
///
/// The rules that every implementation keeps:
///
/// - Each call sees what ``read(_:_:)`` sees. An entry that has expired or whose generation is not the namespace's
///   current one is absent for all of them.
/// - Time comes from the store's clock, never from the caller's.
/// - A call takes one round trip, however many keys it names.
/// - A call that cannot be carried out throws ``CacheError`` with ``CacheError/Code/unavailable``; every wait ends.
/// - Whatever writes or removes a key ends its lease, so that a fill that began before cannot commit after; ``clear()`` and
///   ``removeAll(matching:)`` end all leases of the namespace. ``touch(_:_:)`` ends none.
public protocol NamespaceStore: Sendable {
    /// Reads a key at once, where the store is in this process; the fast path of every hit in memory.
    ///
    /// - Parameter key: The key.
    /// - Returns: The value of a fresh entry, or that there is nothing; ``ImmediateLookup/unknown`` where the answer takes a
    ///   wait or more than a value, so that ``read(_:_:)`` has to be asked.
    func readNow(_ key: StoreKey) -> ImmediateLookup

    /// Reads several keys.
    ///
    /// - Returns: A result for each key, in order.
    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup]

    /// Writes several entries, whoever holds their leases.
    ///
    /// - Returns: For each entry, in order, whether the condition let it be written.
    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool]

    /// Writes several entries under the leases that their readers were granted.
    ///
    /// - Returns: For each entry, in order, whether its lease still stood and it was written.
    func commit(_ commits: [EntryCommit]) async throws -> [Bool]

    /// Gives leases back without writing, so that the next reader need not wait until they run out.
    func release(_ leases: [Lease]) async throws

    /// Removes several keys.
    ///
    /// - Returns: For each key, in order, whether there was an entry.
    func remove(_ keys: [StoreKey]) async throws -> [Bool]

    /// Adds to an integer, atomically and exactly; its time to live stays as it is.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - delta: What to add.
    ///   - initial: The entry to start from where there is none; its value is an integer.
    ///   - bounds: What the sum may be.
    /// - Returns: The integer after the addition.
    /// - Throws: ``CacheError`` with ``CacheError/Code/keyNotFound``, ``CacheError/Code/notAnInteger`` or
    ///   ``CacheError/Code/integerOverflow``, which all leave the entry as it was.
    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64

    /// Adds text or bytes to the end of an entry of the same kind; its time to live stays as it is.
    ///
    /// - Parameter write: What to add, and the entry to make of it where there is none.
    /// - Returns: The length of the value afterwards, in bytes.
    /// - Throws: ``CacheError`` with ``CacheError/Code/appendFailed`` where the entry is of another kind.
    func append(_ write: EntryWrite) async throws -> Int

    /// Gives a fresh entry another time to live, counted from now.
    ///
    /// - Returns: Whether there was a fresh entry.
    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool

    /// The keys of all fresh entries that match, each once, in no order.
    ///
    /// Entries written or removed while the sequence runs may or may not be seen.
    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable

    /// Removes all entries that match, of every version.
    ///
    /// Raises the namespace's fill epoch first, so no fill that is under way can bring one of them back.
    ///
    /// - Returns: How many entries were removed.
    func removeAll(matching pattern: GlobPattern) async throws -> Int

    /// Gives the namespace a new generation, which leaves every entry dead and every lease void, at the cost of one write.
    func clear() async throws
}

/// The full name of an entry within its namespace.
public struct StoreKey: Sendable, Hashable {
    /// The version.
    public var version: Int

    /// The key's own text.
    public var name: String

    /// Names an entry.
    ///
    /// - Parameters:
    ///   - version: The version.
    ///   - name: The key's own text.
    @inline(__always)
    public init(version: Int, name: String) {
        self.version = version
        self.name = name
    }
}

/// What a store found at once.
public enum ImmediateLookup: Sendable {
    /// The value of a fresh entry.
    case fresh(EntryValue)
    /// No entry.
    case absent
    /// The store has to be asked and waited for.
    case unknown
}

/// What reading is to bring beside the values.
public struct ReadOptions: Sendable {
    /// Whether age and time left are wanted exactly.
    ///
    /// They cost some stores more work; without it they may be missing.
    public var wantsTimes: Bool

    /// The lease to take on each key that is absent; `nil` where none is wanted.
    public var lease: LeaseRequest?

    /// Turns bytes into the reader's type, for stores that keep what they decoded.
    public var coder: any EntryCoder

    /// Options for a read.
    ///
    /// - Parameters:
    ///   - wantsTimes: Whether age and time left are wanted exactly.
    ///   - lease: The lease to take on each key that is absent.
    ///   - coder: Turns bytes into the reader's type.
    public init(wantsTimes: Bool = false, lease: LeaseRequest? = nil, coder: any EntryCoder) {
        self.wantsTimes = wantsTimes
        self.lease = lease
        self.coder = coder
    }
}

/// What a store found.
public enum StoreLookup: Sendable {
    /// An entry that is fresh or within its grace.
    case found(StoredEntry)
    /// No entry.
    case absent(LeaseAnswer)
}

/// An entry as a store hands it out.
public struct StoredEntry: Sendable {
    /// The value.
    public var value: EntryValue

    /// How long the entry is fresh yet; zero or less when it is in its grace.
    ///
    /// `nil` where it was not asked for.
    public var timeLeft: TimeLeft?

    /// How long the entry was to be fresh when it was written; `nil` for ever.
    public var freshFor: Duration?

    /// What its fill took; `nil` where that is not known.
    public var fillCost: Duration?

    /// Describes an entry.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - timeLeft: How long it is fresh yet.
    ///   - freshFor: How long it was to be fresh.
    ///   - fillCost: What its fill took.
    public init(value: EntryValue, timeLeft: TimeLeft?, freshFor: Duration?, fillCost: Duration?) {
        self.value = value
        self.timeLeft = timeLeft
        self.freshFor = freshFor
        self.fillCost = fillCost
    }

    /// Whether the entry is past its time to live.
    ///
    /// One whose time was not asked for is fresh: a store asks by itself where there is a grace.
    public var isStale: Bool {
        if case .remaining(let duration) = self.timeLeft { duration <= .zero } else { false }
    }

    /// What callers learn of the entry.
    var info: EntryInfo {
        guard let freshFor = self.freshFor else {
            return EntryInfo(timeLeft: .forever, age: nil, fillCost: self.fillCost)
        }
        let left = self.timeLeft?.duration
        return EntryInfo(
            timeLeft: .remaining(left ?? freshFor),
            age: left.map { freshFor - $0 },
            fillCost: self.fillCost
        )
    }
}

/// When an entry is to be written.
public enum WriteCondition: Sendable {
    /// In any case.
    case always
    /// Only where there is no fresh entry.
    case ifAbsent
    /// Only where there is a fresh entry.
    case ifPresent
}

/// An entry to be written.
public struct EntryWrite: Sendable {
    /// Its name.
    public var key: StoreKey

    /// Its value.
    public var value: EntryValue

    /// Turns the value into bytes, for stores that keep bytes.
    public var coder: any EntryCoder

    /// How long it is to live.
    public var lifetime: EntryLifetime

    /// What its fill took; `nil` where there was none.
    public var fillCost: Duration?

    /// Describes an entry to be written.
    ///
    /// - Parameters:
    ///   - key: Its name.
    ///   - value: Its value.
    ///   - coder: Turns the value into bytes.
    ///   - lifetime: How long it is to live.
    ///   - fillCost: What its fill took.
    public init(
        key: StoreKey,
        value: EntryValue,
        coder: any EntryCoder,
        lifetime: EntryLifetime,
        fillCost: Duration? = nil
    ) {
        self.key = key
        self.value = value
        self.coder = coder
        self.lifetime = lifetime
        self.fillCost = fillCost
    }
}

/// An entry to be written under a lease.
public struct EntryCommit: Sendable {
    /// The entry.
    public var write: EntryWrite

    /// The lease that its reader was granted.
    public var lease: Lease

    /// Joins an entry and its lease.
    ///
    /// - Parameters:
    ///   - write: The entry.
    ///   - lease: The lease that its reader was granted.
    public init(write: EntryWrite, lease: Lease) {
        self.write = write
        self.lease = lease
    }
}
