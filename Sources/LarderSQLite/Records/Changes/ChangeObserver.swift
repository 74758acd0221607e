import GRDB
import Larder
import Synchronization

/// Sees what is really written, by whatever statement, and marks it before it becomes visible.
///
/// SQLite tells of each row that a statement writes (`sqlite3_update_hook`), also by triggers and by actions of foreign keys, and GRDB
/// tells of what a statement may do before it runs. What the former leaves out, the latter brings:
///
/// - `WITHOUT ROWID` and virtual tables: that a statement may write to them is as good as a change.
/// - Rows that `OR REPLACE` removes: see ``WriterConnection/hasReplacingStatement(on:)``.
/// - Updates do not say which columns: those of all statements of the transaction are taken together.
/// - Changes of the schema: see ``WriterConnection/schemaSize``.
///
/// GRDB calls it on the writer's queue only.
final class ChangeObserver: TransactionObserver, Sendable {
    private struct State {
        var changes: TransactionChanges
        var schema: WatchedSchema?
        var schemaVersion: Int?
        var schemaSize: Int32
        /// Grows with every change of the schema.
        var schemaGeneration: UInt64 = 0
        /// What is being committed just now.
        var committing: [Commit] = []
    }

    private struct Commit {
        var tags: [String]
        var keys: Set<String>
        var slots: [MarkSlot]
    }

    private let state: Mutex<State>
    private let tags: DataTags
    private let connection: WriterConnection
    private let settlement: Settlement
    private let counters: RecordCounters
    private let rowLimit: Int

    /// - Throws: `DatabaseError` where the schema cannot be read.
    init(
        _ db: Database,
        tags: DataTags,
        settlement: Settlement,
        counters: RecordCounters,
        rowLimit: Int
    ) throws {
        self.tags = tags
        self.settlement = settlement
        self.counters = counters
        self.rowLimit = rowLimit
        let connection = WriterConnection(db)
        self.connection = connection
        let schema = try WatchedSchema.read(db)
        let version = try db.schemaVersions
        self.state = Mutex(
            State(
                changes: TransactionChanges(rowLimit: rowLimit),
                schema: schema,
                schemaVersion: version,
                schemaSize: connection.schemaSize
            )
        )
    }

    /// The tables as they are, and the number that changes with them.
    var schema: (tables: WatchedSchema?, generation: UInt64) {
        self.state.withLock { ($0.schema, $0.schemaGeneration) }
    }

    /// The connection that it watches.
    var connectionID: UInt { self.connection.id }

    /// Invalidates something of the user's own together with the transaction that is under way.
    func add(_ related: RelatedEntries) {
        self.state.withLock { $0.changes.related.add(related) }
    }

    /// Everything that is cached of the database is to be forgotten, for a reason that no transaction of this connection tells.
    func forgetEverything() {
        let slots = [self.tags.everything].slots
        self.settlement.place(on: slots)
        self.settlement.settle(tags: [self.tags.everything], keys: [], marks: slots)
    }

    /// Reads the schema again, if it is not the one that is known.
    ///
    /// The generation grows before the store is told to forget everything. So what is stored after that, and compares the generation
    /// that it has planned its reading by, was planned by the new schema; and what is stored before is forgotten.
    ///
    /// - Parameter db: The writer's connection.
    /// - Returns: Whether everything has to be forgotten.
    func refreshSchema(_ db: Database) -> Bool {
        do {
            let version = try db.schemaVersions
            let isKnown = self.state.withLock { $0.schema != nil && $0.schemaVersion == version }
            if isKnown { return false }
            let schema = try WatchedSchema.read(db)
            self.state.withLock { state in
                state.schema = schema
                state.schemaVersion = version
                state.schemaGeneration += 1
                state.schemaSize = self.connection.schemaSize
            }
        } catch {
            // Until it can be read, every change counts as a change of everything.
            self.state.withLock { state in
                state.schema = nil
                state.schemaGeneration += 1
            }
        }
        return true
    }

    // MARK: What GRDB tells

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool {
        let name = eventKind.tableName.lowercased()
        let table = self.state.withLock { $0.schema?.tables[name] }
        let mayReplace = table.map { self.mayReplace(eventKind, $0) } ?? false
        self.state.withLock { $0.changes.statementBegins(eventKind, on: table, mayReplace: mayReplace) }
        return true
    }

    private func mayReplace(_ kind: DatabaseEventKind, _ table: WatchedTable) -> Bool {
        guard table.hasUniqueIndex else { return false }
        if case .delete = kind { return false }
        return table.replacesByItself || self.connection.hasReplacingStatement(on: table.name)
    }

    func databaseDidChange(with event: DatabaseEvent) {
        let (kind, table, row) = (event.kind, event.tableName, event.rowID)
        self.state.withLock { $0.changes.rowDidChange(kind, in: table, row: row) }
    }

    /// Somebody has told GRDB of changes that no statement has made.
    func databaseDidChange() {
        self.state.withLock { $0.changes.isEverything = true }
    }

    func databaseWillCommit() {
        let size = self.connection.schemaSize
        let slots = self.state.withLock { state -> [MarkSlot] in
            if size < state.schemaSize { state.changes.isEverything = true }
            state.schemaSize = size
            let changes = state.changes
            state.changes = TransactionChanges(rowLimit: self.rowLimit)
            let tags = changes.tags(self.tags, schema: state.schema)
            let all = tags + changes.related.tags
            guard !all.isEmpty || !changes.related.keys.isEmpty else { return [] }
            let commit = Commit(tags: all, keys: changes.related.keys, slots: all.slots)
            state.committing.append(commit)
            return commit.slots
        }
        self.settlement.place(on: slots)
    }

    func databaseDidCommit(_ db: Database) {
        self.counters.add(to: .commit)
        let commits = self.state.withLock { state in
            defer { state.committing = [] }
            return state.committing
        }
        let isNewSchema = self.refreshSchema(db)
        for commit in commits {
            self.counters.add(commit.tags.count + commit.keys.count, to: .invalidation)
            self.settlement.settle(tags: commit.tags, keys: commit.keys, marks: commit.slots)
        }
        if isNewSchema, !commits.contains(where: { $0.tags.contains(self.tags.everything) }) { self.forgetEverything() }
    }

    func databaseDidRollback(_ db: Database) {
        let commits = self.state.withLock { state in
            state.changes = TransactionChanges(rowLimit: self.rowLimit)
            defer { state.committing = [] }
            return state.committing
        }
        for commit in commits { self.settlement.withdraw(from: commit.slots) }
        // What was rolled back may have been a change of the schema, which has been parsed anew.
        let size = self.connection.schemaSize
        self.state.withLock { $0.schemaSize = size }
    }
}

extension Database {
    /// A number that changes with the schema of any database that is attached, as far as this connection sees.
    fileprivate var schemaVersions: Int {
        get throws {
            var hasher = FoldedNumbers()
            for name in try self.schemaNames {
                hasher.add(name)
                // Prepared once: it is asked after each commit.
                let sql = "PRAGMA \(name.asSQLName).schema_version"
                hasher.add(try Int.fetchOne(self.cachedStatement(sql: sql)) ?? 0)
            }
            return hasher.value
        }
    }

    /// A number that changes when another connection commits to any database that is attached.
    var foreignVersions: Int {
        get throws {
            var hasher = FoldedNumbers()
            for name in try self.schemaNames where name != "temp" {
                hasher.add(name)
                let sql = "PRAGMA \(name.asSQLName).data_version"
                hasher.add(try Int.fetchOne(self.cachedStatement(sql: sql)) ?? 0)
            }
            return hasher.value
        }
    }

    /// The names of the databases that the connection has.
    private var schemaNames: [String] {
        get throws { try String.fetchAll(self.cachedStatement(sql: "SELECT name FROM pragma_database_list")) }
    }
}

/// Numbers as one, for comparison.
private struct FoldedNumbers {
    private(set) var value = 17

    mutating func add(_ number: Int) { self.value = self.value &* 1_000_003 &+ number }

    mutating func add(_ text: String) {
        for byte in text.utf8 { self.add(Int(byte)) }
    }
}
