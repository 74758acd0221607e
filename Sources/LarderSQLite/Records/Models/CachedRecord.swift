public import GRDB
public import Larder
import Logging

/// A record that is cached by its primary key.
///
/// ```swift
/// struct Book: Codable, FetchableRecord, PersistableRecord, CachedRecord {
///     var id: Int64
///     var title: String
///     var categoryID: Int64
///
///     // The category's page, which is cached by hand, shows its books.
///     var relatedEntries: RelatedEntries { .init(tags: ["category:\(self.categoryID)"]) }
/// }
///
/// let book = try await Book.cached(id: 42, in: shop)
/// let books = try await Book.cached(ids: [1, 2, 3], in: shop)
/// ```
///
/// A record whose primary key is an `INTEGER PRIMARY KEY` is invalidated when its own row is written, by whatever statement. Where the key is another one, SQLite
/// does not tell which record was written, and any write to the table invalidates all of them. The same holds where the type's selection
/// reads more than the row, such as a count of other rows.
public protocol CachedRecord: FetchableRecord, MutablePersistableRecord, Codable, Sendable {
    /// How long records stay cached, if nothing invalidates them before.
    ///
    /// Left out, the cache's default.
    static var cacheTTL: TimeToLive? { get }

    /// What else is to be invalidated when this record is saved, updated, inserted or deleted through GRDB's persistence methods.
    ///
    /// That of the row which is overwritten or deleted counts as well: a book that moves to another category changes both. It takes effect with
    /// the transaction's commit, and only then. A type that implements `aroundSave` or `aroundDelete` by itself calls
    /// ``noteStoredRelatedEntries(_:)`` before it saves or deletes, and ``noteRelatedEntries(_:)`` after it. Writes by SQL do not know it.
    var relatedEntries: RelatedEntries { get }
}

extension CachedRecord {
    /// The cache's default.
    public static var cacheTTL: TimeToLive? { .default }

    /// Nothing.
    public var relatedEntries: RelatedEntries { .none }

    /// Invalidates ``relatedEntries`` with the transaction's commit.
    ///
    /// - Parameter db: The connection that writes.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag`` or ``CacheError/Code/invalidKey``.
    public func noteRelatedEntries(_ db: Database) throws {
        try WatchedConnections.invalidate(self.relatedEntries, afterCommitOf: db)
    }

    /// Invalidates with the transaction's commit the ``relatedEntries`` of the record as the database has it before it is saved or deleted.
    ///
    /// It reads the row of the record's primary key, on connections that a ``CachedDatabase`` watches.
    ///
    /// - Parameter db: The connection that writes.
    /// - Throws: `DatabaseError`; ``CacheError`` as ``noteRelatedEntries(_:)``.
    public func noteStoredRelatedEntries(_ db: Database) throws {
        guard WatchedConnections.isWatched(db) else { return }
        try self.stored(db)?.noteRelatedEntries(db)
    }

    /// The record of the same primary key in the database.
    private func stored(_ db: Database) throws -> Self? {
        let values = Dictionary(
            try self.databaseDictionary.map { ($0.key.lowercased(), $0.value) },
            uniquingKeysWith: { first, _ in first }
        )
        var key: [String: any DatabaseValueConvertible] = [:]
        for column in try db.primaryKey(Self.databaseTableName).columns {
            guard let value = values[column.lowercased()], !value.isNull else { return nil }
            key[column] = value
        }
        do {
            return try Self.fetchOne(db, key: key)
        } catch let error as DatabaseError {
            throw error
        } catch {
            // Nothing that is cached was made of a row that cannot be decoded, and saving may be what repairs it.
            return nil
        }
    }

    /// Saves, and notes what is related.
    ///
    /// - Parameters:
    ///   - db: The connection that writes.
    ///   - save: Saves the record.
    /// - Throws: What `save` throws; ``CacheError`` as ``noteRelatedEntries(_:)``.
    public func aroundSave(_ db: Database, save: () throws -> PersistenceSuccess) throws {
        try self.noteStoredRelatedEntries(db)
        _ = try save()
        try self.noteRelatedEntries(db)
    }

    /// Deletes, and notes what is related.
    ///
    /// - Parameters:
    ///   - db: The connection that writes.
    ///   - delete: Deletes the record.
    /// - Throws: What `delete` throws; ``CacheError`` as ``noteRelatedEntries(_:)``.
    public func aroundDelete(_ db: Database, delete: () throws -> Bool) throws {
        try self.noteStoredRelatedEntries(db)
        _ = try delete()
        try self.noteRelatedEntries(db)
    }
}

extension CachedRecord {
    /// The record of a primary key, from the cache or from the database; that there is none is cached as well.
    ///
    /// - Parameters:
    ///   - id: The primary key.
    ///   - database: The database.
    ///   - policy: As in `Cache.fetch`; its `negativeTTL` is for there being none.
    /// - Returns: The record.
    /// - Throws: `DatabaseError`; ``CacheError`` as `Cache.fetch`.
    public static func cached(
        id: some DatabaseValueConvertible & Sendable,
        in database: CachedDatabase,
        policy: FetchPolicy? = nil
    ) async throws -> Self? {
        let number = id.databaseValue
        let watch = try await database.watch(of: Self.self)
        let (key, tags) = (database.key(of: Self.self, number), database.tags(of: watch, number))
        let call = CachedDatabase.Call(ttl: Self.cacheTTL, policy: policy)
        return try await database.value(key, tags.map { .tags($0, schema: watch.schema) } ?? .impossible, call) { db in
            let record = try Self.fetchOne(db, key: number)
            return Reading(value: record, isAbsence: record == nil)
        }
    }

    /// The records of several primary keys: one read of the cache for all, and one of the database for those that are missing.
    ///
    /// Each record is what the database held at some moment since the call began, but not all of them at the same one: they are cached
    /// and invalidated one by one, so a transaction that was committed meanwhile may show in some and not yet in others. Records that have to fit
    /// together are read by a query, such as `cachedFetchAll(Book.filter(keys: [1, 2, 3]))`, whose result is of one moment.
    ///
    /// - Parameters:
    ///   - ids: The primary keys.
    ///   - database: The database.
    ///   - policy: As in `Cache.fetch`; its `negativeTTL` is not heeded here.
    /// - Returns: The records of those keys that have one.
    /// - Throws: `DatabaseError`; ``CacheError`` as `Cache.fetch`.
    public static func cached<ID: DatabaseValueConvertible & Hashable & Sendable>(
        ids: some Sequence<ID>,
        in database: CachedDatabase,
        policy: FetchPolicy? = nil
    ) async throws -> [ID: Self] {
        let wanted = Dictionary(ids.map { ($0, $0.databaseValue) }) { first, _ in first }
        guard !wanted.isEmpty else { return [:] }
        let watch = try await database.watch(of: Self.self)
        let call = CachedDatabase.Call(ttl: Self.cacheTTL, policy: policy)
        let found = try await database.records(of: Self.self, Set(wanted.values), watch, call)
        return wanted.compactMapValues { found[$0] }
    }

    /// Saves the record, and reads it into the cache when it is committed.
    ///
    /// - Parameter database: The database.
    /// - Returns: The record as it was saved, with what the database has given it.
    /// - Throws: `DatabaseError`, `CancellationError`; ``CacheError`` as ``noteRelatedEntries(_:)``. What goes wrong with the cache after the commit is not thrown.
    @discardableResult
    public func saved(in database: CachedDatabase) async throws -> Self {
        let (record, id) = try await database.write { db in
            var record = self
            try record.save(db)
            let key = try db.primaryKey(Self.databaseTableName).columns
            let values = try record.databaseDictionary
            return (record, key.count == 1 ? values[key[0]] : nil)
        }
        if let id, !id.isNull {
            do {
                _ = try await Self.cached(id: id, in: database)
            } catch {
                database.options.logger.debug(
                    "A saved record could not be read into the cache",
                    metadata: ["larder.error": "\(error)"]
                )
            }
        }
        return record
    }

    /// Deletes the record.
    ///
    /// - Parameter database: The database.
    /// - Returns: Whether there was one.
    /// - Throws: `DatabaseError`, `CancellationError`; ``CacheError`` as ``noteRelatedEntries(_:)``.
    @discardableResult
    public func deleted(in database: CachedDatabase) async throws -> Bool {
        try await database.write { db in try self.delete(db) }
    }
}
