import GRDB
import Larder
import LarderTesting
import Testing

@testable import LarderSQLite

/// Writes of other connections are noticed by SQLite's `data_version`.
@Suite struct ForeignWriteTests {
    private func write(_ shop: Shop, price: Int) throws {
        // A connection of its own, as another process has it.
        let other = try DatabaseQueue(path: shop.path)
        try other.write { db in try db.execute(sql: "UPDATE book SET price = ? WHERE id = 1", arguments: [price]) }
        try other.close()
    }

    @Test func everyReadNoticesThemAtOnce() async throws {
        let shop = try await Shop(options: CachedDatabaseOptions(foreignWrites: .everyRead))
        for price in 50..<55 {
            _ = try await ShopBook.cached(id: 1, in: shop.database)
            try self.write(shop, price: price)
            let one = try await ShopBook.cached(id: 1, in: shop.database)
            #expect(one?.price == price)
            let many = try await ShopBook.cached(ids: [1, 2], in: shop.database)
            #expect(many[1]?.price == price)
        }
        #expect(shop.database.statistics.foreignWrites == 5)
    }

    @Test func ownWritesAreNotForeign() async throws {
        let shop = try await Shop(options: CachedDatabaseOptions(foreignWrites: .everyRead))
        for price in 50..<55 {
            try await shop.pool.write { db in
                try db.execute(sql: "UPDATE book SET price = ? WHERE id = 1", arguments: [price])
            }
            _ = try await ShopBook.cached(id: 1, in: shop.database)
        }
        #expect(shop.database.statistics.foreignWrites == 0)
    }

    @Test func runningServiceNoticesThemInItsTime() async throws {
        let clock = ManualClock()
        let options = CachedDatabaseOptions(foreignWrites: .every(.milliseconds(50)), clock: CacheClock(clock))
        let shop = try await Shop(options: options)
        let service = Task { try await shop.database.run() }
        try await clock.waitForSleepers()
        _ = try await ShopBook.cached(id: 1, in: shop.database)
        try self.write(shop, price: 50)
        let old = try await ShopBook.cached(id: 1, in: shop.database)
        #expect(old?.price == 5)
        clock.advance(by: .milliseconds(50))
        try await clock.waitForSleepers()
        let new = try await ShopBook.cached(id: 1, in: shop.database)
        #expect(new?.price == 50)
        service.cancel()
        try await service.value
    }

    @Test func changeOfTheSchemaByAnotherIsNoticed() async throws {
        let shop = try await Shop(options: CachedDatabaseOptions(foreignWrites: .everyRead))
        _ = try await shop.database.cachedFetchAll(ShopBook.all())
        let other = try DatabaseQueue(path: shop.path)
        try await other.write { db in try db.execute(sql: "CREATE TABLE pen (id INTEGER PRIMARY KEY, ink TEXT)") }
        let request = SQLRequest<String>(sql: "SELECT ink FROM pen")
        // Planned by the schema of before, so it is not stored.
        _ = try await shop.database.cachedFetchAll(request)
        let found = try await shop.changes(of: { try await shop.database.cachedFetchAll(request) }) {
            try await shop.pool.write { db in try db.execute(sql: "INSERT INTO pen VALUES (1, 'red')") }
        }
        #expect(found.after == ["red"])
    }

    @Test(arguments: [
        CachedDatabaseOptions(foreignWrites: .every(.zero)), CachedDatabaseOptions(rowLimit: -1),
        CachedDatabaseOptions(pendingLimit: 0), CachedDatabaseOptions(settleTimeout: .seconds(-1)),
        CachedDatabaseOptions(retryPause: .zero ... .seconds(1)),
    ])
    func optionsOutOfRangeAreRefused(_ options: CachedDatabaseOptions) async throws {
        let queue = try DatabaseQueue()
        let cache = Cache(.memory(entries: 10), namespace: "n")
        #expect { _ = try CachedDatabase(queue, cache: cache, options: options) } throws: {
            ($0 as? CacheError)?.code == .invalidArgument
        }
    }
}
