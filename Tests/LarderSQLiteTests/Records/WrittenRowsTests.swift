import GRDB
import Larder
import LarderTesting
import Testing

@testable import LarderSQLite

/// Whatever statement writes, what it has written is invalidated, and only that.
@Suite struct WrittenRowsTests {
    /// Writes by SQL past the cached database.
    private func write(_ shop: Shop, _ sql: String) async throws {
        try await shop.pool.write { db in try db.execute(sql: sql) }
        await shop.database.settlement.settled(atMost: .seconds(5))
    }

    /// What becomes of a book that was cached, by its id, when something is written.
    private func book(
        _ id: Int64,
        _ shop: Shop,
        after sql: String
    ) async throws -> (before: ShopBook?, after: ShopBook?, isRead: Bool) {
        try await shop.changes(of: { try await ShopBook.cached(id: id, in: shop.database) }) {
            try await self.write(shop, sql)
        }
    }

    @Test func recordIsInvalidatedByItsOwnRowOnly() async throws {
        let shop = try await Shop()
        let other = try await self.book(1, shop, after: "UPDATE book SET price = 1 WHERE id = 2")
        #expect(!other.isRead)
        let own = try await self.book(1, shop, after: "UPDATE book SET price = 1 WHERE id = 1")
        #expect(own.after?.price == 1)
        let gone = try await self.book(1, shop, after: "DELETE FROM book WHERE id = 1")
        #expect(gone.after == nil)
        let back = try await self.book(1, shop, after: "INSERT INTO book VALUES (1, 'Roses', 7, 1, 'a')")
        #expect(back.before == nil)
        #expect(back.after?.price == 7)
    }

    @Test func bulkUpdateInvalidatesAllRowsByOneTag() async throws {
        let shop = try await Shop()
        try await self.write(
            shop,
            """
            WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
            INSERT INTO book SELECT i, 'Book', 5, 1, NULL FROM n
            """
        )
        await shop.database.settlement.settled(atMost: .seconds(5))
        let before = shop.database.statistics.invalidations
        let found = try await self.book(1500, shop, after: "UPDATE book SET price = 6")
        #expect(found.after?.price == 6)
        #expect(shop.database.statistics.invalidations - before < 100)
    }

    @Test func deleteOfAllRowsIsSeen() async throws {
        let shop = try await Shop()
        try await self.write(shop, "DELETE FROM audit")
        let count = { try await shop.database.cachedFetchCount(ShopBook.all()) }
        let found = try await shop.changes(of: count) { try await self.write(shop, "DELETE FROM book") }
        #expect(found.after == 0)
    }

    @Test func triggersAndCascadesAreSeen() async throws {
        let shop = try await Shop()
        let audit = SQLRequest<String>(sql: "SELECT line FROM audit")
        let trigger = try await shop.changes(of: { try await shop.database.cachedFetchAll(audit) }) {
            try await self.write(shop, "UPDATE book SET price = 3 WHERE id = 2")
        }
        #expect(trigger.after == ["price of 2"])
        let cascade = try await self.book(3, shop, after: "DELETE FROM category WHERE id = 2")
        #expect(cascade.before != nil)
        #expect(cascade.after == nil)
    }

    @Test(arguments: [
        "INSERT OR REPLACE INTO book VALUES (7, 'Roses again', 9, 1, 'a')",
        "insert or replace into \"book\" values (7, 'Roses again', 9, 1, 'a')",
        "REPLACE INTO book VALUES (7, 'Roses again', 9, 1, 'a')",
        "UPDATE OR REPLACE book SET isbn = 'a' WHERE id = 2",
        "SAVEPOINT s; REPLACE INTO book VALUES (7, 'Roses again', 9, 1, 'a'); RELEASE s",
    ])
    func rowsThatAreReplacedAreSeen(_ sql: String) async throws {
        let shop = try await Shop()
        let found = try await self.book(1, shop, after: sql)
        #expect(found.before != nil)
        #expect(found.after == nil)
    }

    @Test func rowsOfOthersThatGoWithAReplacedRowAreSeen() async throws {
        let shop = try await Shop()
        try await self.write(shop, "CREATE UNIQUE INDEX category_name ON category(name)")
        let found = try await self.book(3, shop, after: "REPLACE INTO category VALUES (9, 'ships')")
        #expect(found.before != nil)
        #expect(found.after == nil)
    }

    @Test func insertsIntoATableWithUniqueIndexLeaveOtherRecordsAlone() async throws {
        let shop = try await Shop()
        let found = try await self.book(1, shop, after: "INSERT INTO book VALUES (8, 'Tides', 9, 1, 'q')")
        #expect(!found.isRead)
    }

    @Test func tableThatReplacesByItselfIsSeen() async throws {
        let shop = try await Shop()
        try await self.write(
            shop,
            """
            DROP TABLE book;
            CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, price INTEGER, categoryID INTEGER,
                isbn TEXT UNIQUE ON CONFLICT REPLACE);
            INSERT INTO book VALUES (1, 'Roses', 5, 1, 'a');
            """
        )
        let found = try await self.book(1, shop, after: "INSERT INTO book VALUES (2, 'Herbs', 5, 1, 'a')")
        #expect(found.before != nil)
        #expect(found.after == nil)
    }

    @Test func upsertIsSeen() async throws {
        let shop = try await Shop()
        let sql = "INSERT INTO book VALUES (1, 'x', 77, 1, 'a') ON CONFLICT(id) DO UPDATE SET price = excluded.price"
        let found = try await self.book(1, shop, after: sql)
        #expect(found.after?.price == 77)
    }

    @Test func rowThatGetsAnotherNumberIsSeenUnderBoth() async throws {
        let shop = try await Shop()
        let old = try await self.book(1, shop, after: "UPDATE book SET id = 50 WHERE id = 1")
        #expect(old.after == nil)
        _ = try await ShopBook.cached(id: 60, in: shop.database)
        let new = try await self.book(60, shop, after: "UPDATE book SET rowid = 60 WHERE id = 50")
        #expect(new.after?.title == "Roses")
    }

    @Test func tablesWithoutRowNumbersAreSeen() async throws {
        let shop = try await Shop()
        let request = SQLRequest<String>(sql: "SELECT body FROM note ORDER BY code")
        let read = { try await shop.database.cachedFetchAll(request) }
        let update = try await shop.changes(of: read) { try await self.write(shop, "UPDATE note SET body = 'y'") }
        #expect(update.after == ["y"])
        let insert = try await shop.changes(of: read) {
            try await self.write(shop, "INSERT INTO note VALUES ('z', 'z')")
        }
        #expect(insert.after == ["y", "z"])
        let delete = try await shop.changes(of: read) { try await self.write(shop, "DELETE FROM note") }
        #expect(delete.after.isEmpty)
    }

    @Test func virtualTablesAreSeen() async throws {
        let shop = try await Shop()
        let request = SQLRequest<Int>(sql: "SELECT rowid FROM book_text WHERE book_text MATCH 'roses'")
        let read = { try await shop.database.cachedFetchAll(request) }
        let found = try await shop.changes(of: read) {
            try await self.write(shop, "UPDATE book_text SET title = 'roses' WHERE rowid = 2")
        }
        #expect(found.before == [1])
        #expect(found.after == [1, 2])
    }

    @Test func viewsStandForTheirTables() async throws {
        let shop = try await Shop()
        let request = SQLRequest<String>(sql: "SELECT title FROM cheap")
        let found = try await shop.changes(of: { try await shop.database.cachedFetchAll(request) }) {
            try await self.write(shop, "UPDATE book SET price = 2 WHERE id = 3")
        }
        #expect(found.after == ["Roses", "Sails"])
    }

    @Test func generatedColumnsAreSeen() async throws {
        let shop = try await Shop()
        let request = SQLRequest<Int>(sql: "SELECT total FROM basket")
        let found = try await shop.changes(of: { try await shop.database.cachedFetchAll(request) }) {
            try await self.write(shop, "UPDATE basket SET count = 5")
        }
        #expect(found.after == [10])
    }

    @Test func recordsWithOtherKeysAreInvalidatedWithTheirTable() async throws {
        let shop = try await Shop()
        let read = { try await ShopShelf.cached(id: "A", in: shop.database) }
        let found = try await shop.changes(of: read) {
            try await self.write(shop, "UPDATE shelf SET room = 'porch' WHERE code = 'A'")
        }
        #expect(found.after?.room == "porch")
        let absent = try await shop.changes(of: { try await ShopShelf.cached(id: "C", in: shop.database) }) {
            try await self.write(shop, "INSERT INTO shelf VALUES ('C', 'loft')")
        }
        #expect(absent.after?.room == "loft")
    }

    @Test func recordWhoseSelectionReadsOtherRowsIsInvalidatedWithThem() async throws {
        let shop = try await Shop()
        let read = { try await CountedBook.cached(id: 1, in: shop.database) }
        let found = try await shop.changes(of: read) {
            try await self.write(shop, "INSERT INTO book VALUES (4, 'Moss', 5, 1, NULL)")
        }
        #expect(found.before?.siblings == 2)
        #expect(found.after?.siblings == 3)
    }

    @Test(arguments: [
        "ALTER TABLE book RENAME COLUMN price TO cost",
        "DROP VIEW cheap",
        "CREATE TABLE other (id INTEGER)",
    ])
    func changesOfTheSchemaForgetEverything(_ sql: String) async throws {
        let shop = try await Shop()
        let read = { try await shop.database.cachedFetchAll(SQLRequest<String>(sql: "SELECT code FROM shelf")) }
        let found = try await shop.changes(of: read) { try await self.write(shop, sql) }
        #expect(found.isRead)
    }

    @Test func droppedTableIsMarkedBeforeItsCommitIsVisible() async throws {
        let shop = try await Shop()
        let request = SQLRequest<String>(sql: "SELECT code FROM shelf")
        _ = try await shop.database.cachedFetchAll(request)
        shop.store.fail([.invalidate])
        try await self.write(shop, "DROP TABLE shelf")
        await #expect(throws: DatabaseError.self) { _ = try await shop.database.cachedFetchAll(request, key: "k") }
        await #expect(throws: DatabaseError.self) { _ = try await shop.database.cachedFetchAll(request) }
        shop.store.recover()
    }

    @Test func tablesThatAreMadeLaterAreWatched() async throws {
        let shop = try await Shop()
        try await self.write(
            shop,
            "CREATE TABLE pen (id INTEGER PRIMARY KEY, ink TEXT); INSERT INTO pen VALUES (1, 'red')"
        )
        let request = SQLRequest<String>(sql: "SELECT ink FROM pen")
        let found = try await shop.changes(of: { try await shop.database.cachedFetchAll(request) }) {
            try await self.write(shop, "UPDATE pen SET ink = 'blue'")
        }
        #expect(found.after == ["blue"])
    }

    @Test func namesThatNeedQuotesAreWatched() async throws {
        let shop = try await Shop()
        try await self.write(
            shop,
            #"""
            CREATE TABLE "Odd. ""Näme""+#" (id INTEGER PRIMARY KEY, "a.b" TEXT);
            INSERT INTO "Odd. ""Näme""+#" VALUES (1, 'x')
            """#
        )
        let request = SQLRequest<String>(sql: #"SELECT "a.b" FROM "Odd. ""Näme""+#""#)
        let found = try await shop.changes(of: { try await shop.database.cachedFetchAll(request) }) {
            try await self.write(shop, #"UPDATE "odd. ""Näme""+#" SET "a.b" = 'y'"#)
        }
        #expect(found.after == ["y"])
    }
}
