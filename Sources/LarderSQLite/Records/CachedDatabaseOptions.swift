public import Larder
public import Logging

/// How a ``CachedDatabase`` watches its database.
public struct CachedDatabaseOptions: Sendable {
    /// How writes are noticed that other connections make: other processes, or another pool of this one.
    public struct ForeignWrites: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case unnoticed
            case everyRead
            case every(Duration)
        }

        let kind: Kind

        /// They are not: all who write to the file do it through a ``CachedDatabase`` on the same cache, or nobody else does.
        public static let unnoticed = Self(kind: .unnoticed)

        /// Each read asks the database first, and so costs a turn on the connection that writes.
        public static let everyRead = Self(kind: .everyRead)

        /// ``CachedDatabase/run()`` asks the database every so often.
        ///
        /// A read may be served with what was true before another process's commit for about so long. Without `run()`
        /// nobody asks.
        ///
        /// - Parameter interval: How often.
        /// - Returns: The choice.
        public static func every(_ interval: Duration) -> Self { Self(kind: .every(interval)) }
    }

    /// How writes of other connections are noticed: every 50 ms.
    public var foreignWrites: ForeignWrites

    /// Whether what is in the cache when the database is opened is taken to be true.
    ///
    /// It is not, unless it is said: nobody has watched the database meanwhile. Where several processes share a cache and only they write,
    /// a new one may take what the others have.
    public var trustsCacheAtStart: Bool

    /// How many rows of a table a transaction names one by one, before it names all of them.
    public var rowLimit: Int

    /// How many tags and keys wait for a store that cannot be told, before all that is cached of the database is invalidated instead.
    ///
    /// Where so many of ``RelatedEntries`` wait alone, the cache is cleared.
    public var pendingLimit: Int

    /// How long a write waits for the cache's store to hear of it.
    ///
    /// When it is over, the write returns all the same, and reads of what it has changed pass the cache by until the store has
    /// heard of it.
    public var settleTimeout: Duration

    /// How long to wait before a store is told again that could not be told; doubled each time.
    public var retryPause: ClosedRange<Duration>

    /// What pauses are timed by.
    public var clock: CacheClock

    /// Where a store is reported that cannot be told.
    public var logger: Logger

    /// Makes options.
    ///
    /// - Parameters:
    ///   - foreignWrites: How writes of other connections are noticed.
    ///   - trustsCacheAtStart: Whether what is in the cache already is taken to be true.
    ///   - rowLimit: How many rows of a table a transaction names one by one.
    ///   - pendingLimit: How many tags wait for a store that cannot be told.
    ///   - settleTimeout: How long a write waits for the cache's store to hear of it.
    ///   - retryPause: How long to wait before a store is told again, at first and at most.
    ///   - clock: What pauses are timed by.
    ///   - logger: Where a store is reported that cannot be told.
    public init(
        foreignWrites: ForeignWrites = .every(.milliseconds(50)),
        trustsCacheAtStart: Bool = false,
        rowLimit: Int = 50,
        pendingLimit: Int = 10_000,
        settleTimeout: Duration = .seconds(1),
        retryPause: ClosedRange<Duration> = .milliseconds(50) ... .seconds(1),
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder.database")
    ) {
        self.foreignWrites = foreignWrites
        self.trustsCacheAtStart = trustsCacheAtStart
        self.rowLimit = rowLimit
        self.pendingLimit = pendingLimit
        self.settleTimeout = settleTimeout
        self.retryPause = retryPause
        self.clock = clock
        self.logger = logger
    }

    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidArgument``.
    func check() throws {
        if case .every(let interval) = self.foreignWrites.kind, interval <= .zero {
            throw Self.fault("foreignWrites", "an interval of more than zero", "\(interval)")
        }
        if self.rowLimit < 0 { throw Self.fault("rowLimit", "zero or more", "\(self.rowLimit)") }
        if self.pendingLimit < 1 { throw Self.fault("pendingLimit", "one or more", "\(self.pendingLimit)") }
        if self.settleTimeout < .zero { throw Self.fault("settleTimeout", "zero or more", "\(self.settleTimeout)") }
        if self.retryPause.lowerBound <= .zero {
            throw Self.fault("retryPause", "pauses of more than zero", "\(self.retryPause.lowerBound)")
        }
    }

    private static func fault(_ option: String, _ accepted: String, _ found: String) -> CacheError {
        CacheError(.invalidArgument, "\(option) takes \(accepted), and is \(found)")
    }
}
