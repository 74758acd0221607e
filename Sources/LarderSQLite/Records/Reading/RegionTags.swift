import GRDB

/// The tags of what a query reads.
///
/// A `DatabaseRegion` does not list its tables, but says of any table whether it is among them, and of any column. It is not asked for rows: for
/// `filter(id: 1)` GRDB confines the region to the row, also where a join with the same table or a subquery reads others of it.
struct RegionTags {
    let tags: DataTags
    let schema: WatchedSchema

    /// Reading more columns of a table than this, a query is under the tag of the table.
    static let mostColumns = 4
    /// More tags than this are replaced by the one for any write.
    static let mostTags = 60

    /// What changes without SQLite's telling, and is no table of the schema.
    private static let unwatchable = [
        "sqlite_sequence", "sqlite_stat1", "sqlite_stat3", "sqlite_stat4", "sqlite_dbpage", "sqlite_stmt",
        "sqlite_temp_master", "sqlite_temp_schema", "dbstat", "bytecode", "tables_used", "pragma_data_version",
        "pragma_freelist_count",
        "pragma_page_count", "pragma_stats", "pragma_application_id", "pragma_user_version",
    ]

    /// The tags of a region; `nil` where it cannot be watched.
    func callAsFunction(_ region: DatabaseRegion) -> [String]? {
        if region.isFullDatabase { return [self.tags.anyWrite] }
        if Self.unwatchable.contains(where: { self.reads(region, $0) }) { return nil }
        var names: [String] = []
        for table in self.schema.tables.values where self.reads(region, table.name) {
            guard table.isWatchable else { return nil }
            names += self.names(of: table, in: region)
        }
        return names.count <= Self.mostTags ? names.sorted() : [self.tags.anyWrite]
    }

    private func reads(_ region: DatabaseRegion, _ table: String) -> Bool {
        region.isModified(byEventsOfKind: .delete(tableName: table))
    }

    private func names(of table: WatchedTable, in region: DatabaseRegion) -> [String] {
        // Generated columns change without being named, and so may those of virtual tables.
        if table.hasGeneratedColumns || !table.tellsOfRows { return [self.tags.table(table.name)] }
        let columns = table.columns.filter { column in
            region.isModified(byEventsOfKind: .update(tableName: table.name, columnNames: [column]))
        }
        if columns.count > Self.mostColumns || columns.count == table.columns.count {
            return [self.tags.table(table.name)]
        }
        return [self.tags.members(of: table.name)] + columns.map { self.tags.column($0, of: table.name) }
    }
}

extension DatabaseRegionConvertible {
    /// What a read of this may depend on, no row of a table left out.
    func wholeRegion(_ db: Database) throws -> DatabaseRegion {
        let region = try self.databaseRegion(db)
        guard let request = self as? any FetchRequest else { return region }
        return try region.union(request.compiledRegion(db))
    }
}

extension FetchRequest {
    /// What SQLite says that the statement reads, without what GRDB makes of it.
    fileprivate func compiledRegion(_ db: Database) throws -> DatabaseRegion {
        let sql = try self.makePreparedRequest(db, forSingleResult: false).statement.sql
        return try db.makeStatement(sql: sql).databaseRegion
    }
}
