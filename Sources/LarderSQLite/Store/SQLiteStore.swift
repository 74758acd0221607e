public import Larder
import Logging
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Entries in a SQLite database: a file of this machine, which several processes can share and which outlives them.
///
/// ```swift
/// let cache = Cache(try .sqlite(path: "/var/cache/bookshop/entries.sqlite"), namespace: "bookshop")
/// ```
///
/// Every promise of a cache holds across all processes that have opened the file; each verb is one transaction. What was
/// acknowledged is there after `kill -9`; see ``SQLiteStoreConfiguration/Durability`` for a loss of power.
///
/// Entries age by the wall clock. One that is set back lets entries live longer by as much; those that were written
/// later than the clock says are taken for expired.
///
/// Reads are done on the caller's thread, which takes microseconds while the file is in memory, and wait for nobody. Writes that come
/// while one is under way are done together, in one transaction.
///
/// Run the store (``run()``) to have what has expired removed and the file shrink; without it entries go when their room is
/// needed.
public final class SQLiteStore: CacheStore {
    static let kind = "sqlite"

    private let file: SQLiteFileState
    private let readers: SQLiteReaders
    private let writer: SQLiteWriter
    private let steps: StepQueue
    private let upkeep: SQLiteUpkeep
    private let spaces = Mutex<[CacheNamespace: SQLiteSpace]>([:])

    /// Opens the database, or makes it.
    ///
    /// This waits for the disk, and for other processes that are about to make the file, at most as long as
    /// ``SQLiteStoreConfiguration/busyTimeout``.
    ///
    /// - Parameter configuration: What the store does.
    /// - Throws: `CacheError` with `.invalidConfiguration` that names an option; with `.fileFailed` where the file could not be
    ///   opened, is none of ours, was made by a newer version, or is damaged and is not to be replaced.
    public init(_ configuration: SQLiteStoreConfiguration) throws {
        try configuration.validate()
        self.file = try SQLiteFileState(configuration)
        do {
            self.writer = try SQLiteWriter(self.file)
            let processors = ProcessInfo.processInfo.activeProcessorCount
            self.readers = try SQLiteReaders(self.file, count: max(2, min(processors, 16)))
        } catch let failure as SQLiteFailure {
            throw CacheError(
                .fileFailed,
                "\(configuration.path) could not be opened: \(failure.explanation(configuration))",
                underlying: failure.underlying
            )
        }
        self.steps = StepQueue(self.writer, label: "larder.sqlite")
        // By these readers know which entries were not used for long.
        if let totals = self.readers.totals(self.file) { self.file.note(totals) }
        self.upkeep = SQLiteUpkeep(file: self.file, readers: self.readers, steps: self.steps)
    }

    /// `sqlite`.
    public var kind: String { Self.kind }

    /// The part of the database that belongs to a namespace.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: What a cache reads and writes.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        let space = self.spaces.withLock { spaces in
            if let space = spaces[namespace] { return space }
            let space = SQLiteSpace(namespace)
            spaces[namespace] = space
            return space
        }
        return LocalNamespace(
            SQLiteStorage(file: self.file, space: space, readers: self.readers, steps: self.steps)
        )
    }

    /// Removes what is of no use any more and gives its room back, until the task is cancelled or the service shuts down.
    public func run() async throws {
        await PeriodicWork(every: self.file.configuration.sweepInterval, clock: self.file.clock).run {
            do {
                try await self.upkeep.sweep()
            } catch {
                self.file.logger.warning(
                    "A cache's database could not be swept",
                    metadata: ["larder.path": "\(self.file.configuration.path)", "larder.error": "\(error)"]
                )
            }
        }
    }

    /// Closes the file, when the calls under way are done.
    ///
    /// Later ones throw `CacheError` with `.unavailable`.
    public func shutdown() async {
        // Behind steps that are waiting on that thread; closing waits for those on other threads.
        try? await self.steps.onThread {
            // The writer last: who closes last folds the log into the database, which one that only reads cannot.
            self.readers.close()
            self.writer.close()
            self.file.letGo()
        }
    }

    /// How much the store holds, of all namespaces.
    ///
    /// - Returns: What is there, dead entries and expired ones included.
    /// - Throws: `CacheError` with `.unavailable`.
    public func statistics() async throws -> SQLiteStoreStatistics { try await self.upkeep.statistics() }

    /// How many wait in this process for the end of a lease of a namespace.
    package func listeners(of namespace: CacheNamespace) -> Int {
        self.spaces.withLock { $0[namespace]?.signals.count ?? 0 }
    }

    /// Does at once what ``run()`` does again and again.
    @_spi(Testing)
    public func sweep() async throws { try await self.upkeep.sweep() }
}

extension CacheStore where Self == SQLiteStore {
    /// Entries in a SQLite database.
    ///
    /// - Parameters:
    ///   - path: The database file; it is made if it is not there.
    ///   - entries: How many entries it holds at most.
    ///   - bytes: How many bytes they have at most together.
    /// - Returns: The store.
    /// - Throws: What ``SQLiteStore/init(_:)`` throws.
    public static func sqlite(path: String, entries: Int = 1_000_000, bytes: Int = 1 << 30) throws -> SQLiteStore {
        try SQLiteStore(SQLiteStoreConfiguration(path: path, mostEntries: entries, mostBytes: bytes))
    }

    /// Entries in a SQLite database, with options.
    ///
    /// - Parameter configuration: What the store does.
    /// - Returns: The store.
    /// - Throws: What ``SQLiteStore/init(_:)`` throws.
    public static func sqlite(_ configuration: SQLiteStoreConfiguration) throws -> SQLiteStore {
        try SQLiteStore(configuration)
    }

    /// Entries in a store that other caches use too.
    ///
    /// - Parameter store: The store.
    /// - Returns: The store.
    public static func sqlite(_ store: SQLiteStore) -> SQLiteStore { store }
}

/// How much a SQLite store holds.
public struct SQLiteStoreStatistics: Sendable, Hashable {
    /// How many entries.
    public let entries: Int
    /// How many bytes they have, as ``SQLiteStoreConfiguration/mostBytes`` counts them.
    public let bytes: Int
    /// How many bytes the database has, without its log.
    public let fileBytes: Int
}
