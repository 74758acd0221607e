public import Larder
public import Logging

/// What a SQLite store does, and how much it holds.
public struct SQLiteStoreConfiguration: Sendable {
    /// What an acknowledged write outlives.
    public enum Durability: Sendable, Hashable {
        /// The end of the process, however it ends.
        ///
        /// When the machine loses power, the last writes can be gone, removals and invalidations among them; what is left is
        /// whole.
        case process
        /// A loss of power, too: each transaction waits for the disk.
        case power
    }

    /// What is done with a file that is damaged.
    public enum DamagePolicy: Sendable, Hashable {
        /// It is renamed, so that somebody can look at it, and the store begins with an empty one.
        ///
        /// Only where no other process uses the file.
        case startEmpty
        /// Making the store throws.
        case fail
    }

    /// The database file.
    ///
    /// It is made if it is not there; its folder has to be there. Beside it SQLite keeps two files whose names end in `-wal` and
    /// `-shm`, and the store an empty one that ends in `-lock`. A file on a network cannot be shared by machines.
    public var path: String

    /// How many entries the store holds at most, of all namespaces; at least 1.
    public var mostEntries: Int

    /// How many bytes the entries have at most together: names, values, and about a hundred for each entry.
    ///
    /// At least 4,096. The file can be larger by what was freed and not given back yet, and by its log.
    public var mostBytes: Int

    /// How long a call waits for other processes that have locked the file; 1 ms to 60 s.
    ///
    /// A call that writes can take twice that long, if one before it has waited as well.
    public var busyTimeout: Duration

    /// What an acknowledged write outlives.
    public var durability: Durability

    /// What is done with a file that is damaged.
    public var onDamage: DamagePolicy

    /// How often `run()` looks for entries that are of no use any more; at least a second.
    public var sweepInterval: Duration

    /// What entries age by: the system's clock means the wall clock, which all processes share.
    public var clock: CacheClock

    /// Where failures are reported that no caller hears of.
    public var logger: Logger

    /// What else is set on every connection, to see what happens when something fails.
    @_spi(Testing) public var extraPragmas: [String] = []

    /// Describes a store.
    ///
    /// - Parameters:
    ///   - path: The database file.
    ///   - mostEntries: How many entries it holds at most.
    ///   - mostBytes: How many bytes they have at most together.
    ///   - busyTimeout: How long a call waits for other processes.
    ///   - durability: What an acknowledged write outlives.
    ///   - onDamage: What is done with a file that is damaged.
    ///   - sweepInterval: How often `run()` looks for entries that are of no use any more.
    ///   - clock: What entries age by.
    ///   - logger: Where failures are reported that no caller hears of.
    public init(
        path: String,
        mostEntries: Int = 1_000_000,
        mostBytes: Int = 1 << 30,
        busyTimeout: Duration = .seconds(2),
        durability: Durability = .process,
        onDamage: DamagePolicy = .startEmpty,
        sweepInterval: Duration = .seconds(60),
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder.sqlite")
    ) {
        self.path = path
        self.mostEntries = mostEntries
        self.mostBytes = mostBytes
        self.busyTimeout = busyTimeout
        self.durability = durability
        self.onDamage = onDamage
        self.sweepInterval = sweepInterval
        self.clock = clock
        self.logger = logger
    }
}

extension SQLiteStoreConfiguration {
    /// Checks every option.
    ///
    /// - Throws: `CacheError` with `.invalidConfiguration` that names the option, what it is, and what is accepted.
    func validate() throws {
        try Self.check(
            !self.path.isEmpty && !self.path.hasPrefix(":") && !self.path.utf8.contains(0),
            "path",
            self.path.debugDescription,
            "the name of a file"
        )
        try Self.check(self.mostEntries >= 1, "mostEntries", "\(self.mostEntries)", "1 or more")
        try Self.check(self.mostBytes >= 4_096, "mostBytes", "\(self.mostBytes)", "4096 or more")
        try Self.check(
            (.milliseconds(1) ... .seconds(60)).contains(self.busyTimeout),
            "busyTimeout",
            "\(self.busyTimeout)",
            "1 ms to 60 s"
        )
        try Self.check(self.sweepInterval >= .seconds(1), "sweepInterval", "\(self.sweepInterval)", "a second or more")
    }

    private static func check(_ isAccepted: Bool, _ option: String, _ found: String, _ accepted: String) throws {
        if isAccepted { return }
        throw CacheError(
            .invalidConfiguration,
            "the SQLite store's option \(option) is \(found); accepted is \(accepted)"
        )
    }

    /// How many bytes key, header and value of an entry may have together: SQLite takes a billion in a row.
    var heaviestEntry: Int { min(self.mostBytes - SQLiteSize.overhead, 512 << 20) }

    /// What is set on every connection.
    var pragmas: [String] {
        [
            "synchronous = \(self.durability == .power ? "FULL" : "NORMAL")",
            // What a burst of writes has made of the log is given back.
            "journal_size_limit = \(16 << 20)",
            // A damaged file is not trusted to say what its own pages are.
            "cell_size_check = 1", "trusted_schema = 0",
        ] + self.extraPragmas
    }
}
