import GRDB
import Larder
import LarderTesting
import Testing

@testable import LarderSQLite

/// Queries come from the cache until something is written that they read.
@Suite struct CachedFetchTests {
    @Test func queryIsReadOnceUntilItsTableIsWritten() async throws {
        let shop = try await Shop()
        let read = { try await shop.database.cachedFetchAll(ShopBook.order(Column("id"))) }
        let found = try await shop.changes(of: read) {
            try await shop.database.write { db in
                try db.execute(sql: "INSERT INTO book VALUES (4, 'Knots', 8, 2, 'd')")
            }
        }
        #expect(found.before.map(\.id) == [1, 2, 3])
        #expect(found.after.map(\.id) == [1, 2, 3, 4])
        #expect(found.isRead)
    }

    @Test func writesToOtherTablesLeaveAQueryAlone() async throws {
        let shop = try await Shop()
        let read = { try await shop.database.cachedFetchAll(ShopBook.all()) }
        let found = try await shop.changes(of: read) {
            try await shop.database.write { db in try db.execute(sql: "UPDATE shelf SET room = 'cellar'") }
        }
        #expect(!found.isRead)
    }

    @Test func updatesOfColumnsThatAQueryDoesNotReadLeaveItAlone() async throws {
        let shop = try await Shop()
        let titles = SQLRequest<String>(sql: "SELECT title FROM book ORDER BY title")
        let read = { try await shop.database.cachedFetchAll(titles) }
        let price = try await shop.changes(of: read) {
            try await shop.database.write { db in try db.execute(sql: "UPDATE book SET price = price + 1") }
        }
        #expect(!price.isRead)
        let title = try await shop.changes(of: read) {
            try await shop.database.write { db in try db.execute(sql: "UPDATE book SET title = 'Anchors' WHERE id = 3")
            }
        }
        #expect(title.after == ["Anchors", "Herbs", "Roses"])
    }

    @Test func absenceIsCachedUntilTheRowComes() async throws {
        let shop = try await Shop()
        let read = { try await shop.database.cachedFetchOne(ShopBook.filter(Column("title") == "Tides")) }
        let found = try await shop.changes(of: read) {
            try await shop.database.write { db in
                try db.execute(sql: "INSERT INTO book VALUES (9, 'Tides', 8, 2, 'z')")
            }
        }
        #expect(found.before == nil)
        #expect(found.after?.id == 9)
    }

    @Test func countsPagesAndSetsAreCached() async throws {
        let shop = try await Shop()
        let database = shop.database
        let books = ShopBook.order(Column("id"))
        let count = { try await database.cachedFetchCount(ShopBook.filter(Column("price") > 10)) }
        let page = { try await database.cachedFetchPage(books, number: 2, size: 2) }
        let ids = { try await database.cachedFetchSet(SQLRequest<Int>(sql: "SELECT id FROM book")) }
        let insert = { (id: Int) in
            try await database.write { db in
                try db.execute(sql: "INSERT INTO book VALUES (?, 'New', 50, 2, NULL)", arguments: [id])
            }
        }
        let counts = try await shop.changes(of: count) { try await insert(4) }
        #expect(counts.before == 2)
        #expect(counts.after == 3)
        let pages = try await shop.changes(of: page) { try await insert(5) }
        #expect(pages.before.records.map(\.id) == [3, 4])
        #expect(pages.before.total == 4)
        #expect(pages.before.pageCount == 2)
        #expect(pages.after.total == 5)
        let sets = try await shop.changes(of: ids) { try await insert(6) }
        #expect(sets.after == [1, 2, 3, 4, 5, 6])
    }

    @Test func argumentsTypesAndKindsHaveKeysOfTheirOwn() async throws {
        let shop = try await Shop()
        let database = shop.database
        let one = try await database.cachedFetchOne(ShopBook.filter(Column("id") == 1))
        let two = try await database.cachedFetchOne(ShopBook.filter(Column("id") == 2))
        #expect(one?.id == 1)
        #expect(two?.id == 2)
        let numbers = try await database.cachedFetchAll(SQLRequest<Int>(sql: "SELECT price FROM book ORDER BY id"))
        let reals = try await database.cachedFetchAll(SQLRequest<Double>(sql: "SELECT price FROM book ORDER BY id"))
        #expect(numbers == [5, 15, 25])
        #expect(reals == [5, 15, 25])
        let number = try await database.cachedFetchOne(SQLRequest<Bool>(sql: "SELECT ? = 1", arguments: [1]))
        let text = try await database.cachedFetchOne(SQLRequest<Bool>(sql: "SELECT ? = 1", arguments: ["1"]))
        #expect(number == true)
        #expect(text == false)
    }

    @Test func includedRecordsOfAnAssociationNeedAKey() async throws {
        let shop = try await Shop()
        struct Shelf: Codable, Hashable, FetchableRecord {
            var category: ShopCategory
            var books: [ShopBook]
        }
        let dear = ShopCategory.including(all: ShopCategory.books.filter(Column("price") > 10))
            .asRequest(of: Shelf.self)
        await #expect { _ = try await shop.database.cachedFetchAll(dear) } throws: {
            ($0 as? CacheError)?.code == .invalidArgument
        }
        let read = { try await shop.database.cachedFetchAll(dear, key: "dear") }
        let found = try await shop.changes(of: read) {
            try await shop.database.write { db in try db.execute(sql: "UPDATE book SET price = 1 WHERE id = 2") }
        }
        #expect(found.before.map { $0.books.map(\.id) } == [[2], [3]])
        #expect(found.after.map { $0.books.map(\.id) } == [[], [3]])
    }

    @Test func joinedRecordsAreToldApartByTheirScopes() async throws {
        let shop = try await Shop()
        let join = ShopBook.belongsTo(ShopCategory.self, using: ForeignKey(["categoryID"]))
        struct Placed: Codable, Hashable, FetchableRecord {
            var book: ShopBook
            var first: ShopCategory?
            var second: ShopCategory?
        }
        let first = ShopBook.including(required: join.forKey("first")).order(Column("id")).asRequest(of: Placed.self)
        let second = ShopBook.including(required: join.forKey("second")).order(Column("id")).asRequest(of: Placed.self)
        let ones = try await shop.database.cachedFetchAll(first)
        let twos = try await shop.database.cachedFetchAll(second)
        #expect(ones.first?.first?.name == "gardens")
        #expect(twos.first?.first == nil)
        #expect(twos.first?.second?.name == "gardens")
        let found = try await shop.changes(of: { try await shop.database.cachedFetchAll(first) }) {
            try await shop.database.write { db in try db.execute(sql: "UPDATE category SET name = 'parks' WHERE id = 1")
            }
        }
        #expect(found.after.first?.first?.name == "parks")
    }

    @Test func selfJoinConfinedToOneRowSeesTheOthers() async throws {
        let shop = try await Shop()
        let request = ShopBook.filter(Column("id") == 1).filter(sql: "price < (SELECT AVG(price) FROM book)")
        let found = try await shop.changes(of: { try await shop.database.cachedFetchAll(request) }) {
            try await shop.database.write { db in try db.execute(sql: "UPDATE book SET price = 0 WHERE id > 1") }
        }
        #expect(found.before.count == 1)
        #expect(found.after.isEmpty)
    }

    @Test func closuresAreWatchedByWhatTheySayTheyRead() async throws {
        let shop = try await Shop()
        let read = {
            try await shop.database.cachedFetch("sum", reading: ShopBook.all(), Table("note")) { db in
                try Int.fetchOne(db, sql: "SELECT SUM(price) FROM book") ?? 0
            }
        }
        let found = try await shop.changes(of: read) {
            try await shop.database.write { db in try db.execute(sql: "UPDATE book SET price = 1") }
        }
        #expect(found.before == 45)
        #expect(found.after == 3)
    }

    @Test func closuresAreWatchedByWhatTheyAreSeenToRead() async throws {
        let shop = try await Shop()
        let read = {
            try await shop.database.cachedFetch("front") { reads in
                let count = try reads.fetchCount(ShopCategory.all())
                let dear = try reads.fetchOne(ShopBook.order(Column("price").desc))
                return "\(count) \(dear?.title ?? "")"
            }
        }
        let shelf = try await shop.changes(of: read) {
            try await shop.database.write { db in try db.execute(sql: "UPDATE shelf SET room = 'x'") }
        }
        #expect(!shelf.isRead)
        let found = try await shop.changes(of: read) {
            try await shop.database.write { db in
                try db.execute(sql: "UPDATE book SET price = 99 WHERE id = 1")
                try db.execute(sql: "INSERT INTO category VALUES (3, 'tools')")
            }
        }
        #expect(found.before == "2 Sails")
        #expect(found.after == "3 Roses")
    }

    @Test func wholeDatabaseIsWatchedWhereNothingElseIsSaid() async throws {
        let shop = try await Shop()
        let read = {
            try await shop.database.cachedFetch("any", reading: DatabaseRegion.fullDatabase) { db in
                try String.fetchOne(db, sql: "SELECT room FROM shelf WHERE code = 'A'")
            }
        }
        let found = try await shop.changes(of: read) {
            try await shop.database.write { db in try db.execute(sql: "UPDATE shelf SET room = 'x'") }
        }
        #expect(found.after == "x")
    }

    @Test func whatCannotBeWatchedIsNotCached() async throws {
        let shop = try await Shop()
        let request = SQLRequest<Int>(sql: "SELECT seq FROM sqlite_sequence WHERE name = 'audit'")
        _ = try await shop.database.cachedFetchOne(request)
        let before = shop.database.statistics
        _ = try await shop.database.cachedFetchOne(request, key: "seq")
        let (_, report) = try await FetchReport.collecting {
            try await shop.database.cachedFetchOne(request, key: "seq")
        }
        #expect(report.entries.count == 1 && !report.isHit)
        let after = shop.database.statistics
        #expect(after.hits == before.hits)
        #expect(after.unwatched == before.unwatched + 2)
    }

    @Test func tableFunctionsAndCommonTableExpressionsAreCached() async throws {
        let shop = try await Shop()
        let request = SQLRequest<String>(
            sql: """
                WITH picked(id) AS (SELECT value FROM json_each('[1, 3]'))
                SELECT title FROM book JOIN picked USING (id) ORDER BY id
                """
        )
        let found = try await shop.changes(of: { try await shop.database.cachedFetchAll(request) }) {
            try await shop.database.write { db in try db.execute(sql: "UPDATE book SET title = 'Masts' WHERE id = 3") }
        }
        #expect(found.before == ["Roses", "Sails"])
        #expect(found.after == ["Roses", "Masts"])
    }

    @Test func withoutCachingReadsTheDatabaseAndStoresNothing() async throws {
        let shop = try await Shop()
        let request = ShopBook.all()
        let fills = try await shop.fills {
            try await CachedDatabase.withoutCaching {
                _ = try await shop.database.cachedFetchAll(request)
                _ = try await shop.database.cachedFetchCount(request)
                _ = try await ShopBook.cached(id: 1, in: shop.database)
                _ = try await ShopBook.cached(ids: [1, 2], in: shop.database)
            }
        }
        #expect(fills == 0)
        #expect(shop.database.statistics.hits == 0)
    }

    @Test func removeAllForgetsWhatWasCached() async throws {
        let shop = try await Shop()
        let found = try await shop.changes(of: { try await shop.database.cachedFetchAll(ShopBook.all()) }) {
            try await shop.database.removeAll()
        }
        #expect(found.isRead)
    }

    @Test func afterShutdownReadsGoToTheDatabase() async throws {
        let shop = try await Shop()
        _ = try await shop.database.cachedFetchAll(ShopBook.all())
        await shop.database.shutdown()
        try await shop.pool.write { db in try db.execute(sql: "DELETE FROM book WHERE id = 1") }
        let books = try await shop.database.cachedFetchAll(ShopBook.all())
        #expect(books.count == 2)
    }

    @Test func pagesOutOfRangeAreRefused() async throws {
        let shop = try await Shop()
        for (number, size) in [(0, 10), (1, 0), (Int.max, Int.max), (Int.min, 10), (Int.min, Int.min)] {
            await #expect {
                _ = try await shop.database.cachedFetchPage(ShopBook.all(), number: number, size: size)
            } throws: {
                ($0 as? CacheError)?.code == .invalidArgument
            }
        }
    }
}
