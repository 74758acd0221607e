public import GRDB
public import Larder
import Logging
public import ServiceLifecycle
import Synchronization

/// A GRDB database whose records and queries are cached, and invalidated by what is written to it.
///
/// ```swift
/// let shop = try CachedDatabase(pool, cache: cache)
///
/// let book = try await Book.cached(id: 42, in: shop)
/// let shelf = try await shop.cachedFetchAll(Book.filter { $0.subject == "gardening" }.order(\.title))
///
/// try await shop.write { db in
///     try db.execute(sql: "UPDATE book SET price = price * 0.9 WHERE subject = 'gardening'")
/// }
/// // Whoever asks from now on sees the new prices.
/// ```
///
/// Nothing has to be named: SQLite says which tables and columns a query reads, and which rows are written, by whatever statement and through
/// whatever part of your program, as long as it goes through the same database writer. Within the process, no read that begins after
/// a commit is served with what was true before it, not even while the cache's store is slow or cannot be reached. What
/// other connections write is noticed as ``CachedDatabaseOptions/foreignWrites-swift.property`` says.
///
/// Changes take effect with their commit; those of a transaction that is rolled back never do.
public final class CachedDatabase: Sendable {
    /// The database.
    public let writer: any DatabaseWriter

    /// Where its records and queries are cached.
    public let cache: Cache

    let name: String
    let tags: DataTags
    let options: CachedDatabaseOptions
    let settlement: Settlement
    let observer: ChangeObserver
    let counters = RecordCounters()
    let watches = RecordWatches()
    private let foreignVersion: Mutex<Int>
    private let isShutDown = Atomic<Bool>(false)

    @TaskLocal static var isBypassed = false

    /// Watches a database, and caches what is read from it.
    ///
    /// Waits for its turn on the connection that writes.
    ///
    /// - Parameters:
    ///   - writer: The database: a queue or a pool.
    ///   - cache: Where to cache. It may hold other entries as well.
    ///   - name: What tells the database from others in the same cache; the same in all processes.
    ///   - options: How to watch it.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidArgument`` where an option is out of range; `DatabaseError` where the
    ///   schema cannot be read.
    public init(
        _ writer: any DatabaseWriter,
        cache: Cache,
        name: String = "main",
        options: CachedDatabaseOptions = CachedDatabaseOptions()
    ) throws {
        try options.check()
        let tags = DataTags(database: name)
        let settlement = Settlement(cache: cache, everything: tags.everything, options: options)
        let (observer, version) = try writer.writeWithoutTransaction { [counters = self.counters] db in
            let observer = try ChangeObserver(
                db,
                tags: tags,
                settlement: settlement,
                counters: counters,
                rowLimit: options.rowLimit
            )
            db.add(transactionObserver: observer)
            return (observer, try db.foreignVersions)
        }
        self.writer = writer
        self.cache = cache
        self.name = tags.everything
        self.tags = tags
        self.options = options
        self.settlement = settlement
        self.observer = observer
        self.foreignVersion = Mutex(version)
        WatchedConnections.add(observer)
        if !options.trustsCacheAtStart { observer.forgetEverything() }
    }

    deinit {
        WatchedConnections.remove(self.observer)
    }

    // MARK: Reading and writing past the cache

    /// Reads the database itself.
    ///
    /// - Parameter value: Reads; see GRDB's `DatabaseReader.read(_:)`.
    /// - Returns: What it returns.
    /// - Throws: What it throws, `DatabaseError`, `CancellationError`.
    public func read<Value: Sendable>(_ value: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await self.writer.read(value)
    }

    /// Writes in a transaction, and waits until the cache's store has heard of what was written.
    ///
    /// Writes that go to the database past this method are seen as well. What they do not do is wait: other processes that share
    /// the cache's store may be served with what was true before for as long as it takes to tell the store.
    ///
    /// - Parameter updates: Writes; see GRDB's `DatabaseWriter.write(_:)`.
    /// - Returns: What it returns.
    /// - Throws: What it throws, `DatabaseError`, `CancellationError`. Not that the cache's store cannot be told: it is told when it is
    ///   back, and until then reads of what was changed go to the database.
    @discardableResult
    public func write<Value: Sendable>(
        _ updates: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        // The store may have failed to hear of it before anybody waits for that.
        let attempts = self.settlement.failedAttempts
        let value = try await self.writer.write(updates)
        await self.settlement.settled(atMost: self.options.settleTimeout, unlessFailedSince: attempts)
        return value
    }

    /// Invalidates tags and keys of your own in the same cache when the transaction is committed, and only then.
    ///
    /// - Parameters:
    ///   - related: What to invalidate.
    ///   - db: The connection that writes, within its transaction.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag`` or ``CacheError/Code/invalidKey``.
    public func invalidateAfterCommit(_ related: RelatedEntries, _ db: Database) throws {
        try related.check()
        precondition(
            WriterConnection(db).id == self.observer.connectionID,
            "invalidateAfterCommit needs the connection that writes to this database"
        )
        self.observer.add(related)
    }

    // MARK: The cache as a whole

    /// Forgets all that is cached of the database.
    ///
    /// For what no transaction tells: a backup that was restored over the file, a file that was replaced.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` where the cache's store could not be told in time. It is
    ///   told when it is back, and this process is served with nothing from before in any case.
    public func removeAll() async throws {
        let attempts = self.settlement.failedAttempts
        self.observer.forgetEverything()
        guard await self.settlement.settled(atMost: self.options.settleTimeout, unlessFailedSince: attempts) else {
            throw CacheError(.unavailable, "the cache's store has not heard yet that all is to be forgotten")
        }
    }

    /// Runs `body` so that all its reads go to the database, and nothing of them is stored.
    ///
    /// - Parameter body: What to run.
    /// - Returns: What it returns.
    /// - Throws: What it throws.
    public static func withoutCaching<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        try await Self.$isBypassed.withValue(true, operation: body)
    }

    /// What was counted since the database was opened.
    public var statistics: CachedDatabaseStatistics {
        var statistics = self.counters.snapshot
        statistics.pending = self.settlement.pending
        return statistics
    }

    /// Whether reads are to go to the database.
    var isBypassed: Bool { Self.isBypassed || self.isShutDown.load(ordering: .acquiring) }

    /// Stops caching, after the cache's store has been told of all that was written.
    ///
    /// Reads go to the database from then on. Neither the database nor the cache is closed.
    public func shutdown() async {
        guard !self.isShutDown.exchange(true, ordering: .acquiringAndReleasing) else { return }
        await self.settlement.shutDown(patience: self.options.settleTimeout)
    }

    // MARK: Writes of others

    /// Looks whether another connection has written since somebody looked, and forgets everything if so.
    ///
    /// - Throws: `DatabaseError`, `CancellationError`.
    public func lookForForeignWrites() async throws {
        let observer = self.observer
        try await self.writer.writeWithoutTransaction { [self] db in
            let version = try db.foreignVersions
            let isNew = self.foreignVersion.withLock { known in
                defer { known = version }
                return known != version
            }
            guard isNew else { return }
            self.counters.add(to: .foreignWrite)
            _ = observer.refreshSchema(db)
            observer.forgetEverything()
        }
    }
}

extension CachedDatabase: Service {
    /// Looks for writes of other connections from time to time, until the service group shuts down; then ``shutdown()``.
    ///
    /// - Throws: Nothing; failures to look are logged, and tried again.
    public func run() async throws {
        if case .every(let interval) = self.options.foreignWrites.kind {
            await cancelWhenGracefulShutdown { await self.watchForeignWrites(every: interval) }
        } else {
            do {
                try await gracefulShutdown()
            } catch {
                // Cancelled, which means the same here: the end of the service.
            }
        }
        await self.shutdown()
    }

    private func watchForeignWrites(every interval: Duration) async {
        let clock = self.options.clock
        while !Task.isCancelled {
            do {
                try await self.lookForForeignWrites()
            } catch is CancellationError {
                return
            } catch {
                // Who cannot be asked may have written.
                self.observer.forgetEverything()
                self.options.logger.warning(
                    "The database could not be asked for writes of other connections",
                    metadata: ["larder.error": "\(error)"]
                )
            }
            do {
                try await clock.sleep(until: clock.now.advanced(by: interval))
            } catch {
                return
            }
        }
    }
}
