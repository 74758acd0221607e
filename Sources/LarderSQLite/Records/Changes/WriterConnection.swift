import GRDB
import GRDBSQLite

/// What SQLite says of the connection that writes, asked from within its own callbacks.
///
/// Only used on the writer's queue, while the connection is open: observers are not called otherwise.
struct WriterConnection: Sendable {
    /// The connection's address; a number, since pointers do not cross threads.
    private let address: UInt

    init(_ db: Database) {
        self.address = UInt(bitPattern: db.sqliteConnection)
    }

    /// What tells this connection from all others that are open.
    var id: UInt { self.address }

    private var pointer: OpaquePointer? { OpaquePointer(bitPattern: self.address) }

    /// How many bytes the parsed schemas take.
    ///
    /// A `DROP` is the one change of the schema of which no observer is told before it is committed, and no statement can be run
    /// in a commit hook to ask for the schema's version. But it frees memory. That it takes more says nothing: SQLite notes
    /// some things in its schema when they are needed first. Where such notes outweigh a `DROP` of the same transaction, it is
    /// noticed just after the commit, by the schema's version.
    var schemaSize: Int32 {
        var (current, highest): (Int32, Int32) = (0, 0)
        sqlite3_db_status(self.pointer, SQLITE_DBSTATUS_SCHEMA_USED, &current, &highest, 0)
        return current
    }

    /// Whether the connection has a statement that writes to a table and may replace rows of it.
    ///
    /// SQLite does not tell of rows that `OR REPLACE` removes, nor does it tell which statement runs. It does tell which
    /// there are, and the one that is about to run is one of them.
    func hasReplacingStatement(on table: String) -> Bool {
        // A name with quotes in it is written in another way.
        let name = table.contains("\"") ? nil : Array(table.lowercased().utf8)
        var statement = sqlite3_next_stmt(self.pointer, nil)
        while let current = statement {
            if sqlite3_stmt_readonly(current) == 0, let sql = sqlite3_sql(current),
                sqlite3_strlike("%replace%", sql, 0) == 0
            {
                guard let name else { return true }
                if Self.names(String(cString: sql), name) { return true }
            }
            statement = sqlite3_next_stmt(self.pointer, current)
        }
        return false
    }

    /// Whether a statement has a name in it, not as part of a longer one: full-text tables keep statements that replace rows of
    /// tables of their own, which are called after theirs.
    private static func names(_ sql: String, _ name: [UInt8]) -> Bool {
        let text = Array(sql.lowercased().utf8)
        guard !name.isEmpty, text.count >= name.count else { return false }
        for start in 0...(text.count - name.count) where text[start] == name[0] {
            let end = start + name.count
            guard text[start..<end].elementsEqual(name) else { continue }
            let isBegun = start > 0 && Self.belongsToName(text[start - 1])
            let goesOn = end < text.count && Self.belongsToName(text[end])
            if !isBegun, !goesOn { return true }
        }
        return false
    }

    private static func belongsToName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: byte >= 0x80
        }
    }
}
