public import Larder
public import Logging

/// What a file store does, and how much it holds.
public struct FileStoreConfiguration: Sendable {
    /// What an acknowledged write outlives.
    public enum Durability: Sendable, Hashable {
        /// The end of the process, however it ends.
        ///
        /// When the machine loses power, the last writes can be gone, removals and invalidations among them; what is left is
        /// whole, since a file that is torn is a miss.
        case process
        /// A loss of power, too: each file that is written waits for the disk.
        case power
    }

    /// The folder, which is made if it is not there; the one that it lies in has to be there.
    ///
    /// It belongs to the store alone. One on a network can only be shared where locks (`flock`) work.
    public var path: String

    /// How many entries the store holds at most, of all namespaces; at least 1.
    public var mostEntries: Int

    /// How many bytes of the disk the entries take at most, in whole blocks of 4,096 each; at least 65,536.
    public var mostBytes: Int

    /// How long a call that writes waits for other processes that write; 1 ms to 60 s.
    ///
    /// It can take twice that long, if one before it has waited as well.
    public var busyTimeout: Duration

    /// What an acknowledged write outlives.
    public var durability: Durability

    /// How often `run()` looks for files that are of no use any more; at least a second.
    public var sweepInterval: Duration

    /// What entries age by: the system's clock means the wall clock, which all processes share.
    public var clock: CacheClock

    /// Where failures are reported that no caller hears of.
    public var logger: Logger

    /// Describes a store.
    ///
    /// - Parameters:
    ///   - path: The folder.
    ///   - mostEntries: How many entries it holds at most.
    ///   - mostBytes: How many bytes of the disk they take at most.
    ///   - busyTimeout: How long a call that writes waits for other processes.
    ///   - durability: What an acknowledged write outlives.
    ///   - sweepInterval: How often `run()` looks for files that are of no use any more.
    ///   - clock: What entries age by.
    ///   - logger: Where failures are reported that no caller hears of.
    public init(
        path: String,
        mostEntries: Int = 100_000,
        mostBytes: Int = 1 << 30,
        busyTimeout: Duration = .seconds(2),
        durability: Durability = .process,
        sweepInterval: Duration = .seconds(60),
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder.files")
    ) {
        self.path = path
        self.mostEntries = mostEntries
        self.mostBytes = mostBytes
        self.busyTimeout = busyTimeout
        self.durability = durability
        self.sweepInterval = sweepInterval
        self.clock = clock
        self.logger = logger
    }
}

extension FileStoreConfiguration {
    /// Checks every option.
    ///
    /// - Throws: `CacheError` with `.invalidConfiguration` that names the option, what it is, and what is accepted.
    func validate() throws {
        try Self.check(
            !self.path.isEmpty && !self.path.utf8.contains(0),
            "path",
            self.path.debugDescription,
            "the name of a folder"
        )
        try Self.check(self.mostEntries >= 1, "mostEntries", "\(self.mostEntries)", "1 or more")
        try Self.check(self.mostBytes >= 65_536, "mostBytes", "\(self.mostBytes)", "65536 or more")
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
            "the file store's option \(option) is \(found); accepted is \(accepted)"
        )
    }

    /// How many bytes key, header and value of an entry may have together.
    var heaviestEntry: Int { min(self.mostBytes - 8_192, 512 << 20) }
}
