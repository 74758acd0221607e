import GRDB

/// A table, as far as it matters for knowing what was changed in it.
struct WatchedTable: Sendable, Hashable {
    /// Its name as it was created.
    var name: String
    /// Its columns' names in lower case; of generated columns too.
    var columns: [String] = []
    /// The column that is another name of the row's number (`INTEGER PRIMARY KEY`), in lower case.
    var rowIDColumn: String?
    /// The columns of the primary key, as they were created.
    var primaryKey: [String] = []
    /// Whether SQLite tells of each row that is written: not so for `WITHOUT ROWID` and virtual tables.
    var tellsOfRows = true
    /// Whether a row can be in conflict with one that has another number.
    var hasUniqueIndex = false
    /// Whether the table itself, or a trigger, resolves conflicts by `REPLACE`.
    var replacesByItself = false
    /// Whether columns change that no statement names.
    var hasGeneratedColumns = false
    /// Whether it can change without a statement that names it.
    var isWatchable = true

    /// Whether an update of these columns can give a row another number.
    func renumbersRows(whenUpdating columns: Set<String>) -> Bool {
        if let rowIDColumn, columns.contains(rowIDColumn) { return true }
        return !columns.isDisjoint(with: ["rowid", "_rowid_", "oid"])
    }
}

/// The tables of a database: all schemas of a connection together, since what SQLite tells of a read does not name them.
struct WatchedSchema: Sendable {
    /// By name in lower case.
    var tables: [String: WatchedTable] = [:]

    /// Reads the schema.
    ///
    /// - Throws: `DatabaseError`.
    static func read(_ db: Database) throws -> Self {
        var schema = Self()
        var definitions: [String: String] = [:]
        var aTriggerReplaces = false
        for name in try String.fetchAll(db, sql: "SELECT name FROM pragma_database_list") {
            let master = "\(name.asSQLName).sqlite_master"
            let objects = "SELECT type, name, sql FROM \(master) WHERE type IN ('table', 'trigger')"
            for row in try Row.fetchAll(db, sql: objects) {
                let sql = (row["sql"] as String? ?? "").lowercased()
                if row["type"] == "trigger" {
                    if sql.contains("replace") { aTriggerReplaces = true }
                } else {
                    definitions[(row["name"] as String).lowercased(), default: ""] += sql
                }
            }
        }
        for row in try Row.fetchAll(db, sql: "PRAGMA table_list") {
            let (name, kind, space): (String, String, String) = (row["name"], row["type"], row["schema"])
            let key = name.lowercased()
            if key.hasPrefix("sqlite_") || kind == "view" { continue }
            let definition = definitions[key] ?? ""
            var table = WatchedTable(name: name)
            table.tellsOfRows = kind != "virtual" && row["wr"] == 0
            table.isWatchable = kind != "virtual" || Self.isWatchable(virtualTable: definition)
            table.replacesByItself = aTriggerReplaces || definition.contains("replace")
            try table.readColumns(db, space)
            // The same name in two schemas: whatever can be said of one of them only is not said.
            schema.tables[key] = schema.tables[key].map { $0.blended(with: table) } ?? table
        }
        return schema
    }

    /// Whether a virtual table changes only by statements that name it, or one of its own tables.
    private static func isWatchable(virtualTable definition: String) -> Bool {
        ["fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly"].contains { module in
            definition.contains("using \(module)(") || definition.contains("using \(module) ")
        }
    }
}

extension WatchedTable {
    fileprivate mutating func readColumns(_ db: Database, _ schema: String) throws {
        let (space, table) = (schema.asSQLName, self.name.asSQLName)
        var keys: [(position: Int, name: String, type: String)] = []
        for row in try Row.fetchAll(db, sql: "PRAGMA \(space).table_xinfo(\(table))") {
            let name: String = row["name"]
            self.columns.append(name.lowercased())
            let hidden: Int = row["hidden"]
            if hidden == 2 || hidden == 3 { self.hasGeneratedColumns = true }
            let position: Int = row["pk"]
            if position > 0 { keys.append((position, name, (row["type"] as String? ?? "").lowercased())) }
        }
        var keyHasIndex = false
        for row in try Row.fetchAll(db, sql: "PRAGMA \(space).index_list(\(table))") {
            if row["unique"] == 1 { self.hasUniqueIndex = true }
            if row["origin"] == "pk" { keyHasIndex = true }
        }
        self.primaryKey = keys.sorted { $0.position < $1.position }.map(\.name)
        // `INTEGER PRIMARY KEY DESC` is no other name of the row's number: it has an index.
        if self.tellsOfRows, keys.count == 1, keys[0].type == "integer", !keyHasIndex {
            self.rowIDColumn = keys[0].name.lowercased()
        }
    }

    /// What is true of both.
    fileprivate func blended(with other: Self) -> Self {
        var both = self
        both.columns = Array(Set(self.columns + other.columns)).sorted()
        if self.rowIDColumn != other.rowIDColumn {
            both.rowIDColumn = nil
            both.tellsOfRows = false
        }
        both.tellsOfRows = both.tellsOfRows && other.tellsOfRows
        both.hasUniqueIndex = self.hasUniqueIndex || other.hasUniqueIndex
        both.replacesByItself = self.replacesByItself || other.replacesByItself
        both.hasGeneratedColumns = self.hasGeneratedColumns || other.hasGeneratedColumns
        both.isWatchable = self.isWatchable && other.isWatchable
        return both
    }
}

extension String {
    /// As a name in SQL: GRDB's `quotedDatabaseIdentifier` leaves quotes within it as they are.
    var asSQLName: String { "\"\(self.replacing("\"", with: "\"\""))\"" }
}
