import Foundation
import GRDB
import Larder
import LarderTesting
import Synchronization
import Testing

@testable import LarderSQLite

/// A book as the tests' shop has it.
struct ShopBook: Codable, Hashable, FetchableRecord, PersistableRecord, CachedRecord {
    static let databaseTableName = "book"

    var id: Int64
    var title: String
    var price: Int
    var categoryID: Int64
    var isbn: String?

    var relatedEntries: RelatedEntries {
        RelatedEntries(tags: ["category:\(self.categoryID)"], keys: ["page:\(self.categoryID)"])
    }
}

/// A record whose key is no number.
struct ShopShelf: Codable, Hashable, FetchableRecord, PersistableRecord, CachedRecord {
    static let databaseTableName = "shelf"

    var code: String
    var room: String
}

/// A book with a count that its own row does not hold.
struct CountedBook: Codable, Hashable, FetchableRecord, PersistableRecord, CachedRecord {
    static let databaseTableName = "book"
    static var databaseSelection: [any SQLSelectable] {
        let siblings = "(SELECT COUNT(*) FROM book AS other WHERE other.categoryID = book.categoryID) AS siblings"
        return [AllColumns(), SQL(sql: siblings)]
    }

    var id: Int64
    var siblings: Int
}

struct ShopCategory: Codable, Hashable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "category"
    static let books = hasMany(ShopBook.self, using: ForeignKey(["categoryID"]))

    var id: Int64
    var name: String
}

/// A database with books in it, and a cache on it.
final class Shop: Sendable {
    let pool: DatabasePool
    let cache: Cache
    let database: CachedDatabase
    let store: FaultyStore
    private let folder: String

    init(options: CachedDatabaseOptions = CachedDatabaseOptions(foreignWrites: .unnoticed)) async throws {
        self.folder = NSTemporaryDirectory() + "larder-records-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        self.pool = try DatabasePool(path: self.folder + "/shop.sqlite")
        try await self.pool.write { db in try Self.fill(db) }
        self.store = FaultyStore(.memory(entries: 10_000))
        self.cache = Cache(self.store, namespace: "shop", defaults: Self.defaults)
        self.database = try CachedDatabase(self.pool, cache: self.cache, options: options)
        await self.database.settlement.settled(atMost: .seconds(5))
    }

    deinit {
        do {
            try self.pool.close()
            try FileManager.default.removeItem(atPath: self.folder)
        } catch {
            Issue.record("the shop could not be removed: \(error)")
        }
    }

    var path: String { self.pool.path }

    static let defaults = CacheDefaults(ttl: .hours(1), circuitBreaker: nil)

    static func fill(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE category (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
                CREATE TABLE book (
                    id INTEGER PRIMARY KEY, title TEXT NOT NULL, price INTEGER NOT NULL,
                    categoryID INTEGER NOT NULL REFERENCES category(id) ON DELETE CASCADE, isbn TEXT UNIQUE
                );
                CREATE TABLE note (code TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE shelf (code TEXT PRIMARY KEY, room TEXT NOT NULL);
                CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL);
                CREATE TABLE basket (id INTEGER PRIMARY KEY, price INTEGER, count INTEGER,
                    total INTEGER GENERATED ALWAYS AS (price * count) VIRTUAL, a TEXT, b TEXT, c TEXT, d TEXT);
                CREATE VIEW cheap AS SELECT id, title FROM book WHERE price < 10;
                CREATE VIRTUAL TABLE book_text USING fts5(title);
                CREATE TRIGGER book_update AFTER UPDATE OF price ON book BEGIN
                    INSERT INTO audit (line) VALUES ('price of ' || new.id);
                END;
                INSERT INTO category VALUES (1, 'gardens'), (2, 'ships');
                INSERT INTO book VALUES (1, 'Roses', 5, 1, 'a'), (2, 'Herbs', 15, 1, 'b'), (3, 'Sails', 25, 2, 'c');
                INSERT INTO note VALUES ('x', 'first');
                INSERT INTO shelf VALUES ('A', 'hall'), ('B', 'attic');
                INSERT INTO basket (id, price, count) VALUES (1, 2, 3);
                INSERT INTO book_text (rowid, title) VALUES (1, 'Roses'), (2, 'Herbs');
                """
        )
    }

    /// How many reads were fills since this was last asked.
    func fills(during body: () async throws -> Void) async rethrows -> Int {
        let before = self.database.statistics.fills
        try await body()
        return self.database.statistics.fills - before
    }

    /// What a read brings, once it has been cached before and `write` has been made.
    ///
    /// - Returns: The value before, the value after, and whether the second was read from the database.
    func changes<Value: Sendable>(
        of read: () async throws -> Value,
        by write: () async throws -> Void
    ) async throws -> (before: Value, after: Value, isRead: Bool) {
        let before = try await read()
        let hits = self.database.statistics.hits
        _ = try await read()
        #expect(self.database.statistics.hits > hits, "the read was not cached before the write")
        try await write()
        await self.database.settlement.settled(atMost: .seconds(5))
        let hitsBefore = self.database.statistics.hits
        let after = try await read()
        return (before, after, self.database.statistics.hits == hitsBefore)
    }
}
