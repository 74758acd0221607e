import GRDB
import Larder
import LarderTesting
import Testing

@testable import LarderSQLite

/// While the cache's store is slow or cannot be reached, nobody is served with what a commit has made untrue.
@Suite struct StoreOutageTests {
    private func price(_ shop: Shop) async throws -> Int? {
        try await ShopBook.cached(id: 1, in: shop.database)?.price
    }

    @Test func changesAreSeenAtOnceThoughTheStoreHasNotHeardOfThem() async throws {
        let shop = try await Shop()
        _ = try await self.price(shop)
        shop.store.hang([.invalidate])
        try await shop.pool.write { db in try db.execute(sql: "UPDATE book SET price = 99 WHERE id = 1") }
        for _ in 0..<3 {
            let price = try await self.price(shop)
            #expect(price == 99)
        }
        #expect(shop.database.statistics.passedBy >= 3)
        #expect(shop.database.statistics.pending > 0)
        // What was not changed is served all the same.
        let hits = shop.database.statistics.hits
        _ = try await ShopShelf.cached(id: "A", in: shop.database)
        _ = try await ShopShelf.cached(id: "A", in: shop.database)
        #expect(shop.database.statistics.hits == hits + 1)
        shop.store.recover()
        let isSettled = await shop.database.settlement.settled(atMost: .seconds(5))
        #expect(isSettled)
        _ = try await self.price(shop)
        let later = try await self.price(shop)
        #expect(later == 99)
        let isIdle = try await shop.database.settlement.isIdleSoon
        #expect(isIdle)
    }

    /// What a fill reads past the cache is under no tag, so nothing could take the fill's value when it changes.
    @Test func fillThatReadsPastTheCacheIsNotStored() async throws {
        let shop = try await Shop()
        let page = { try await shop.cache.fetch("page" as CacheKey<Int?>) { try await self.price(shop) } }
        _ = try await self.price(shop)
        shop.store.hang([.invalidate])
        try await shop.pool.write { db in try db.execute(sql: "UPDATE book SET price = 99 WHERE id = 1") }
        let during = try await page()
        #expect(during == 99)
        #expect(shop.database.statistics.passedBy > 0)
        shop.store.recover()
        let isSettled = await shop.database.settlement.settled(atMost: .seconds(5))
        #expect(isSettled)
        try await shop.database.write { db in try db.execute(sql: "UPDATE book SET price = 100 WHERE id = 1") }
        let after = try await page()
        #expect(after == 100)
    }

    @Test func storeThatCannotBeToldIsToldAgain() async throws {
        let clock = ManualClock()
        let options = CachedDatabaseOptions(
            foreignWrites: .unnoticed,
            settleTimeout: .milliseconds(500),
            retryPause: .seconds(1) ... .seconds(4),
            clock: CacheClock(clock)
        )
        let shop = try await Shop(options: options)
        _ = try await self.price(shop)
        shop.store.fail([.invalidate])
        try await shop.database.write { db in try db.execute(sql: "UPDATE book SET price = 99 WHERE id = 1") }
        for pause in [1, 2, 4, 4] {
            // Who waits for the writing to be told sleeps as well, and for longer.
            try await eventually("it sleeps for \(pause) seconds") {
                clock.nextDeadline.map { clock.now.duration(to: $0) } == .seconds(pause)
            }
            let before = shop.store.calls[.invalidate] ?? 0
            let price = try await self.price(shop)
            #expect(price == 99)
            clock.advance(by: .seconds(pause) - .milliseconds(1))
            #expect(shop.store.calls[.invalidate] ?? 0 == before)
            if pause == 4 { shop.store.recover() }
            clock.advance(by: .milliseconds(1))
            try await eventually("it has tried again") { shop.store.calls[.invalidate] ?? 0 == before + 1 }
            if pause == 4 { break }
        }
        let isSettled = await shop.database.settlement.settled(atMost: .seconds(60))
        #expect(isSettled)
        _ = try await self.price(shop)
        let hits = shop.database.statistics.hits
        let price = try await self.price(shop)
        #expect(price == 99)
        #expect(shop.database.statistics.hits == hits + 1)
    }

    @Test func answerThatIsLostIsNoAnswer() async throws {
        let shop = try await Shop()
        _ = try await self.price(shop)
        shop.store.follow(FaultSchedule(seed: 3, lostAnswers: 0.5))
        for price in 100..<150 {
            try await shop.database.write { db in
                try db.execute(sql: "UPDATE book SET price = ? WHERE id = 1", arguments: [price])
            }
            let found = try await self.price(shop)
            #expect(found == price)
        }
        shop.store.follow(nil)
    }

    @Test func readsGoOnWhileTheStoreIsDown() async throws {
        let shop = try await Shop()
        _ = try await self.price(shop)
        shop.store.fail()
        let price = try await self.price(shop)
        #expect(price == 5)
        let many = try await ShopBook.cached(ids: [1, 2], in: shop.database)
        #expect(many.count == 2)
        let all = try await shop.database.cachedFetchAll(ShopBook.all())
        #expect(all.count == 3)
        await #expect { try await shop.database.removeAll() } throws: { ($0 as? CacheError)?.code == .unavailable }
        shop.store.recover()
        let isSettled = await shop.database.settlement.settled(atMost: .seconds(5))
        #expect(isSettled)
    }

    @Test func whatAnEarlierProcessHasCachedIsNotTrusted() async throws {
        let shop = try await Shop()
        _ = try await self.price(shop)
        await shop.database.shutdown()
        try await shop.pool.write { db in try db.execute(sql: "UPDATE book SET price = 99 WHERE id = 1") }
        let options = CachedDatabaseOptions(foreignWrites: .unnoticed)
        let again = try CachedDatabase(shop.pool, cache: shop.cache, options: options)
        let book = try await ShopBook.cached(id: 1, in: again)
        #expect(book?.price == 99)
    }
}
