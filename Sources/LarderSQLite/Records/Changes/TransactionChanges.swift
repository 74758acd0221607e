import GRDB

/// What one transaction has changed so far, as tags will tell it.
struct TransactionChanges: Sendable {
    /// What has changed in one table.
    struct Table: Sendable {
        /// Rows came or went.
        var hasNewMembers = false
        /// Rows were updated.
        var isUpdated = false
        /// The columns that the transaction's statements update; rows need not have been updated yet.
        var columns: Set<String> = []
        /// Which rows, until there are too many.
        var rows: Set<Int64> = []
        /// Nobody knows which rows.
        var hasUnknownRows = false
        /// Nobody knows which columns, nor whether rows came or went.
        var hasUnknownChanges = false

        var isChanged: Bool { self.hasNewMembers || self.isUpdated || self.hasUnknownChanges }
    }

    /// How many rows of a table are named by themselves.
    let rowLimit: Int
    /// By name in lower case.
    private(set) var tables: [String: Table] = [:]
    /// Everything is to be forgotten: the schema has changed, or nobody knows what has.
    var isEverything = false
    /// What the transaction's author wants to be invalidated with it.
    var related = RelatedEntries()

    init(rowLimit: Int) {
        self.rowLimit = rowLimit
    }

    /// A statement is about to run that can have such effects.
    ///
    /// - Parameters:
    ///   - kind: The effect.
    ///   - table: The table, as far as it is known.
    ///   - mayReplace: Whether rows may go without being told of, as `OR REPLACE` makes them.
    mutating func statementBegins(_ kind: DatabaseEventKind, on table: WatchedTable?, mayReplace: Bool) {
        let name = kind.tableName.lowercased()
        if name.hasPrefix("sqlite_") {
            // Statistics change no answer; anything else is the schema, or what nobody can watch.
            if !name.hasPrefix("sqlite_stat") { self.isEverything = true }
            return
        }
        guard let table else {
            // It was made in this very transaction, or in a schema that is not read yet; the schema's change is seen at
            // the commit, and until then whatever is known of a table of this name counts as changed.
            self.tables[name, default: Table()].hasUnknownChanges = true
            return
        }
        if !table.tellsOfRows { self.tables[name, default: Table()].hasUnknownChanges = true }
        if mayReplace {
            self.tables[name, default: Table()].hasUnknownChanges = true
            self.tables[name, default: Table()].hasUnknownRows = true
        }
        if case .update(_, let columnNames) = kind {
            let columns = Set(columnNames.map { $0.lowercased() })
            self.tables[name, default: Table()].columns.formUnion(columns)
            // SQLite tells the row by its new number only.
            if table.renumbersRows(whenUpdating: columns) {
                self.tables[name, default: Table()].hasUnknownChanges = true
                self.tables[name, default: Table()].hasUnknownRows = true
            }
        }
    }

    /// A row was written.
    mutating func rowDidChange(_ kind: DatabaseEvent.Kind, in table: String, row: Int64) {
        let name = table.lowercased()
        self.tables[name, default: Table()].note(kind, row: row, limit: self.rowLimit)
    }

    /// The tags that stand for all of it.
    func tags(_ tags: DataTags, schema: WatchedSchema?) -> [String] {
        if self.isEverything { return [tags.everything] }
        let changed = self.tables.filter(\.value.isChanged)
        guard !changed.isEmpty else { return [] }
        guard let schema else { return [tags.everything] }
        var names = [tags.anyWrite]
        for (name, change) in changed {
            names.append(tags.table(name))
            let columns = schema.tables[name]?.columns ?? []
            if change.hasNewMembers || change.hasUnknownChanges { names.append(tags.members(of: name)) }
            if change.hasUnknownChanges {
                names += columns.map { tags.column($0, of: name) }
            } else if change.isUpdated {
                names += change.columns.map { tags.column($0, of: name) }
            }
            if change.hasUnknownChanges || change.hasUnknownRows {
                names.append(tags.rows(of: name))
            } else {
                names += change.rows.map { tags.row($0, of: name) }
            }
        }
        return names
    }
}

extension TransactionChanges.Table {
    fileprivate mutating func note(_ kind: DatabaseEvent.Kind, row: Int64, limit: Int) {
        switch kind {
        case .insert, .delete: self.hasNewMembers = true
        case .update: self.isUpdated = true
        }
        guard !self.hasUnknownRows else { return }
        self.rows.insert(row)
        if self.rows.count > limit {
            self.rows = []
            self.hasUnknownRows = true
        }
    }
}
