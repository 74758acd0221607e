import Larder
import Logging
import Synchronization

/// What all who work on a file in this process share.
final class SQLiteFileState: Sendable {
    let configuration: SQLiteStoreConfiguration
    let hash: KeptHash
    let notes = ReadNotes<SQLiteSpace>()
    /// About how many entries there are, and how many have been written so far.
    private let entries = Atomic<Int64>(0)
    private let tick = Atomic<Int64>(0)

    var clock: CacheClock { self.configuration.clock }
    var logger: Logger { self.configuration.logger }

    /// The lock that tells other processes that the file is in use: held as long as anybody here may use it.
    private let hold: Mutex<DatabaseFile?>

    /// - Throws: What opening the file throws.
    init(_ configuration: SQLiteStoreConfiguration) throws {
        self.configuration = configuration
        let file = try DatabaseFile(configuration)
        self.hash = file.hash
        self.hold = Mutex(file)
    }

    /// Nobody here uses the file any more.
    func letGo() { self.hold.withLock { $0 = nil } }

    /// Learns how much the store holds.
    func note(_ totals: SQLiteTotals) {
        self.entries.store(totals.entries, ordering: .relaxed)
        self.tick.store(totals.tick, ordering: .relaxed)
    }

    /// An entry was read.
    ///
    /// Its row says when it was written or marked last, counted in entries written to the store. It is marked again only after
    /// an eighth of the store could have been written anew since: that leaves the order in which entries leave nearly
    /// what it was, and most reads write nothing, then or later.
    func noteUse(_ number: Int64, since used: Int64) {
        let passed = self.tick.load(ordering: .relaxed) - used
        if passed > self.entries.load(ordering: .relaxed) / 8 { self.notes.noteUse(UInt64(bitPattern: number)) }
    }

    /// What a caller is told when SQLite fails.
    func unavailable(_ failure: SQLiteFailure) -> CacheError {
        if failure.isDamage {
            self.logger.error(
                "A cache's database is damaged",
                metadata: ["larder.path": "\(self.configuration.path)", "larder.error": "\(failure.message)"]
            )
            DatabaseFile.markDamaged(self.configuration)
        }
        return CacheError(
            .unavailable,
            "\(self.configuration.path) could not be used: \(failure.explanation(self.configuration))",
            underlying: failure.underlying
        )
    }

    /// What a caller is told after `shutdown`.
    var shutDown: CacheError {
        CacheError(.unavailable, "\(self.configuration.path) could not be used: the store was shut down")
    }
}

/// How much the store holds, of all namespaces.
struct SQLiteTotals: Sendable, Hashable {
    var entries: Int64 = 0
    var bytes: Int64 = 0
    /// How many entries have been written so far.
    var tick: Int64 = 0
}

/// What all who open a namespace in this process share.
final class SQLiteSpace: Sendable {
    let name: String
    let signals = LeaseSignals()
    /// Zero, not known yet; a namespace keeps its number for ever.
    private let number = Atomic<Int64>(0)

    init(_ namespace: CacheNamespace) {
        self.name = namespace.name
    }

    var knownID: Int64? {
        let number = self.number.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Remembers the number under which others see the namespace, too.
    func remember(_ number: Int64) { self.number.store(number, ordering: .relaxed) }
}
