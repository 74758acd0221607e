import GRDBSQLite

/// The statements of the store, each prepared once for a connection.
enum SQLiteStatement: Int, CaseIterable {
    case begin, beginReading, commit, rollback
    case findNamespace, namespace, addNamespace, setNamespace
    case find, entry, hasEntry, entrySize, putEntry, removeEntry, markUse
    case lease, putLease, removeLease, removeLeasesThatAreOver
    case tag, putTag, removeTagsThatAreOver
    case totals, setTotals
    case walk, sample, sweep, removeByNumber, endAndSize, freePages, freeSome, pages, pageSize, count

    var sql: String {
        switch self {
        case .begin: "BEGIN IMMEDIATE"
        case .beginReading: "BEGIN"
        case .commit: "COMMIT"
        case .rollback: "ROLLBACK"
        case .findNamespace: "SELECT id FROM namespace WHERE name = ?1"
        case .namespace: "SELECT generation, epoch, serial FROM namespace WHERE id = ?1"
        case .addNamespace: "INSERT INTO namespace (name, generation, epoch, serial) VALUES (?1, ?2, ?3, ?4)"
        case .setNamespace: "UPDATE namespace SET generation = ?2, epoch = ?3, serial = ?4 WHERE id = ?1"
        case .find:
            """
            SELECT e.name, e."end", e.used, e.header, e.value, n.generation FROM entry e, namespace n
            WHERE e.id = ?1 AND e.namespace = ?2 AND e.version = ?3 AND n.id = ?2
            """
        case .entry:
            """
            SELECT name, "end", used, header, value FROM entry WHERE id = ?1 AND namespace = ?2 AND version = ?3
            """
        case .hasEntry: "SELECT name FROM entry WHERE id = ?1 AND namespace = ?2 AND version = ?3"
        case .entrySize: "SELECT \(Self.size) FROM entry WHERE id = ?1"
        case .putEntry:
            """
            INSERT OR REPLACE INTO entry (id, namespace, version, "end", used, name, header, value)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """
        case .removeEntry: "DELETE FROM entry WHERE id = ?1 AND namespace = ?2 AND version = ?3 AND name = ?4"
        case .markUse: "UPDATE entry SET used = ?2 WHERE id = ?1"
        case .lease:
            """
            SELECT name, token, generation, epoch, serial, "end", duration, marks FROM lease
            WHERE id = ?1 AND namespace = ?2 AND version = ?3
            """
        case .putLease:
            """
            INSERT OR REPLACE INTO lease
            (id, namespace, version, name, token, generation, epoch, serial, "end", duration, marks)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            """
        case .removeLease: "DELETE FROM lease WHERE id = ?1 AND namespace = ?2 AND version = ?3 AND name = ?4"
        case .removeLeasesThatAreOver: #"DELETE FROM lease WHERE "end" <= ?1"#
        case .tag: #"SELECT generation, freshness, serial, "end" FROM tag WHERE namespace = ?1 AND name = ?2"#
        case .putTag:
            """
            INSERT OR REPLACE INTO tag (namespace, name, generation, freshness, serial, "end")
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            """
        case .removeTagsThatAreOver: #"DELETE FROM tag WHERE "end" <= ?1"#
        case .totals: "SELECT entries, bytes, tick FROM store WHERE id = 1"
        case .setTotals: "UPDATE store SET entries = ?1, bytes = ?2, tick = ?3 WHERE id = 1"
        case .walk:
            "SELECT id, version, name FROM entry WHERE id > ?1 AND namespace = ?2 ORDER BY id LIMIT ?3"
        case .sample:
            """
            SELECT id, used, "end", \(Self.size) FROM entry WHERE id >= ?1 ORDER BY id LIMIT ?2
            """
        case .sweep:
            """
            SELECT id, namespace, version, name, "end", header FROM entry WHERE id > ?1 ORDER BY id LIMIT ?2
            """
        case .removeByNumber: "DELETE FROM entry WHERE id = ?1"
        case .endAndSize: #"SELECT "end", \#(Self.size) FROM entry WHERE id = ?1"#
        case .pages: "PRAGMA page_count"
        case .pageSize: "PRAGMA page_size"
        case .freePages: "PRAGMA freelist_count"
        case .freeSome: "PRAGMA incremental_vacuum(256)"
        case .count: "SELECT count(*), total(\(Self.size)) FROM entry"
        }
    }

    /// What an entry counts for the bound in bytes: the lengths of blobs stand in the row, so the value itself is not read.
    private static let size = "\(SQLiteSize.overhead) + length(name) + length(header) + length(value)"
}

/// What an entry counts for the bound in bytes.
enum SQLiteSize {
    /// What the row takes beside its name, header and value, and its share of pages that are not full.
    static let overhead = 64
}

/// What SQLite says when something fails.
struct SQLiteFailure: Error {
    /// The extended result code.
    let code: Int32
    let message: String

    /// The code without its extension.
    var primaryCode: Int32 { self.code & 0xFF }

    /// Whether another connection has locked what was needed.
    var isBusy: Bool { self.primaryCode == SQLITE_BUSY || self.primaryCode == SQLITE_LOCKED }

    /// Whether the file is not what it should be.
    var isDamage: Bool { self.primaryCode == SQLITE_CORRUPT || self.primaryCode == SQLITE_NOTADB }
}
