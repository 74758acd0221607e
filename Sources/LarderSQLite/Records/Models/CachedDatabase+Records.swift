import Foundation
import GRDB
import Larder

extension CachedDatabase {
    /// How records of a type are watched; asks the database the first time.
    func watch<Record: CachedRecord>(of type: Record.Type) async throws -> RecordWatches.RecordWatch {
        let generation = self.observer.schema.generation
        if let known = self.watches.watch(of: type, generation) { return known }
        let watch = try await self.writer.read { db in try self.makeWatch(of: type, generation, db) }
        self.watches.keep(watch, of: type)
        return watch
    }

    private func makeWatch<Record: CachedRecord>(
        of type: Record.Type,
        _ generation: UInt64,
        _ db: Database
    ) throws -> RecordWatches.RecordWatch {
        let sql = try Record.all().makePreparedRequest(db, forSingleResult: false).statement.sql
        let region = try db.makeStatement(sql: sql).databaseRegion
        let name = Record.databaseTableName.lowercased()
        guard let schema = self.observer.schema.tables, let all = self.tags(of: region) else {
            return RecordWatches.RecordWatch(schema: generation, tags: nil, table: nil)
        }
        // A second SELECT may read other rows of the same table, of which the region would not tell.
        let isOwnRow = sql.lowercased().split(separator: "select", omittingEmptySubsequences: false).count == 2
        guard isOwnRow, let table = schema.tables[name], table.rowIDColumn != nil else {
            return RecordWatches.RecordWatch(schema: generation, tags: self.tags(ofReading: name, all), table: nil)
        }
        let own = self.tags.table(name)
        let others = all.filter { tag in
            tag != own && !["+", "."].contains { tag.hasPrefix(own + $0) }
        }
        return RecordWatches.RecordWatch(schema: generation, tags: others, table: table)
    }

    /// The tags of a table besides those of a region: the key's columns are read too, wherever the selection leaves them out.
    private func tags(ofReading table: String, _ tags: [String]) -> [String] {
        Array(Set(tags + [self.tags.table(table)])).sorted()
    }

    /// The tags of one record; `nil` where it cannot be watched.
    func tags(of watch: RecordWatches.RecordWatch, _ id: DatabaseValue) -> [String]? {
        guard let tags = watch.tags else { return nil }
        guard let table = watch.table else { return tags }
        // Text that looks like a number finds the row of the number.
        guard case .int64(let row) = id.storage else { return tags + [self.tags.table(table.name)] }
        return tags + [self.tags.rows(of: table.name), self.tags.row(row, of: table.name)]
    }

    /// The key of one record.
    func key(of type: any CachedRecord.Type, _ id: DatabaseValue) -> String {
        let text =
            switch id.storage {
            case .null: "n"
            case .int64(let number): "i\(number)"
            case .double(let number): "d\(number.bitPattern)"
            case .string(let text): "s\(text)"
            case .blob(let data): "b\(data.base64EncodedString())"
            }
        return self.key("r", String(reflecting: type), text)
    }

    // MARK: Several at once

    /// The records of several primary keys.
    func records<Record: CachedRecord>(
        of type: Record.Type,
        _ ids: Set<DatabaseValue>,
        _ watch: RecordWatches.RecordWatch,
        _ call: Call
    ) async throws -> [DatabaseValue: Record] {
        guard let common = watch.tags, try await self.beginRead() else {
            if watch.tags == nil { self.counters.add(ids.count, to: .unwatched) }
            self.cache.loseCurrentFill()
            for id in ids { FetchReport.noteReadPastTheCache(self.key(of: type, id)) }
            return try await self.writer.read { db in
                try type.records(of: ids, areRows: watch.table != nil, db)
            }
        }
        let idsByKey = Dictionary(uniqueKeysWithValues: ids.map { (self.key(of: type, $0), $0) })
        let serial = self.settlement.serial
        let reader = UInt64.random(in: 1 ... .max)
        let found: [CacheKey<WatchedValue<Record?>>: WatchedValue<Record?>] = try await self.cache.fetchMany(
            idsByKey.keys.map { CacheKey($0) },
            ttl: call.ttl,
            tags: [self.tags.everything] + common,
            policy: call.policy
        ) { missing, context in
            let isPlannedAnew = watch.schema != self.observer.schema.generation
            if isPlannedAnew {
                context.doNotStore()
                self.cache.loseCurrentFill()
            }
            let wanted = Set(missing.compactMap { idsByKey[$0.name] })
            let records = try await self.writer.read { db in
                try type.records(of: wanted, areRows: watch.table != nil, db)
            }
            self.counters.add(missing.count, to: .fill)
            var values: [CacheKey<WatchedValue<Record?>>: WatchedValue<Record?>] = [:]
            for key in missing {
                guard let id = idsByKey[key.name], let tags = self.tags(of: watch, id) else { continue }
                try context.addTags(tags, to: key)
                let slots = isPlannedAnew ? [] : ([self.tags.everything] + tags).slots
                values[key] = WatchedValue(records[id], slots: slots, reader: reader)
            }
            return values
        }
        var results: [DatabaseValue: Record] = [:]
        var untrusted = ids
        for (key, value) in found {
            guard let id = idsByKey[key.name] else { continue }
            if value.reader != reader {
                guard self.settlement.verdict(on: value.slots, since: serial) == .clear else { continue }
                self.counters.add(to: .hit)
            }
            untrusted.remove(id)
            results[id] = value.value
        }
        guard !untrusted.isEmpty else { return results }
        self.counters.add(untrusted.count, to: .passedBy)
        for id in untrusted { FetchReport.noteReadPastTheCache(self.key(of: type, id)) }
        let read = try await self.writer.read { [untrusted] db in
            try type.records(of: untrusted, areRows: watch.table != nil, db)
        }
        return results.merging(read) { _, new in new }
    }
}

extension CachedRecord {
    /// The records of primary keys, read from the database in one statement.
    ///
    /// - Parameters:
    ///   - ids: The keys.
    ///   - areRows: Whether the key is another name of the row's number.
    ///   - db: The connection.
    /// - Returns: The records of those keys that have one.
    /// - Throws: `DatabaseError`.
    fileprivate static func records(
        of ids: Set<DatabaseValue>,
        areRows: Bool,
        _ db: Database
    ) throws -> [DatabaseValue: Self] {
        let column = try db.primaryKey(self.databaseTableName).columns
        var records: [DatabaseValue: Self] = [:]
        if column.count == 1, ids.count > 1 {
            let request = self.filter(keys: ids).asRequest(of: Row.self)
            for row in try Row.fetchAll(db, request) where row.hasColumn(column[0]) {
                records[row[column[0]]] = try Self(row: row)
            }
        }
        // What SQLite finds by comparing need not be equal here: text that looks like a number finds a number.
        for id in ids where records[id] == nil {
            if areRows, ids.count > 1, case .int64 = id.storage { continue }
            records[id] = try self.fetchOne(db, key: id)
        }
        return records.filter { ids.contains($0.key) }
    }
}
