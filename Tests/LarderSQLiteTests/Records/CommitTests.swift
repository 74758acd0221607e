import Dispatch
import GRDB
import Larder
import LarderTesting
import Synchronization
import Testing

@testable import LarderSQLite

/// Changes take effect with their commit, and only then.
@Suite struct CommitTests {
    private struct Cancelled: Error {}

    @Test func transactionThatIsRolledBackInvalidatesNothing() async throws {
        let shop = try await Shop()
        let read = { try await ShopBook.cached(id: 1, in: shop.database) }
        let found = try await shop.changes(of: read) {
            await #expect(throws: Cancelled.self) {
                try await shop.database.write { db in
                    try db.execute(sql: "UPDATE book SET price = 1")
                    throw Cancelled()
                }
            }
        }
        #expect(!found.isRead)
        let isIdle = try await shop.database.settlement.isIdleSoon
        #expect(isIdle)
    }

    @Test func savepointThatIsRolledBackInvalidatesNothingOfItsOwn() async throws {
        let shop = try await Shop()
        _ = try await ShopBook.cached(id: 2, in: shop.database)
        let found = try await shop.changes(of: { try await ShopBook.cached(id: 1, in: shop.database) }) {
            try await shop.database.write { db in
                try db.execute(sql: "UPDATE book SET price = 1 WHERE id = 2")
                try db.inSavepoint {
                    try db.execute(sql: "UPDATE book SET price = 1 WHERE id = 1")
                    return .rollback
                }
            }
        }
        #expect(!found.isRead)
        let other = try await ShopBook.cached(id: 2, in: shop.database)
        #expect(other?.price == 1)
    }

    @Test func commitThatAnObserverRefusesInvalidatesNothing() async throws {
        let shop = try await Shop()
        let refusal = RefusingObserver()
        shop.pool.add(transactionObserver: refusal)
        let found = try await shop.changes(of: { try await ShopBook.cached(id: 1, in: shop.database) }) {
            refusal.refuses.withLock { $0 = true }
            await #expect(throws: Cancelled.self) {
                try await shop.database.write { db in try db.execute(sql: "UPDATE book SET price = 1") }
            }
            refusal.refuses.withLock { $0 = false }
        }
        #expect(!found.isRead)
        let isIdle = try await shop.database.settlement.isIdleSoon
        #expect(isIdle)
    }

    private final class RefusingObserver: TransactionObserver, Sendable {
        let refuses = Mutex(false)

        func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
        func databaseDidChange(with event: DatabaseEvent) {}
        func databaseWillCommit() throws { if self.refuses.withLock({ $0 }) { throw Cancelled() } }
        func databaseDidCommit(_ db: Database) {}
        func databaseDidRollback(_ db: Database) {}
    }

    @Test func readsWithinATransactionSeeItWhileOthersDoNot() async throws {
        let shop = try await Shop()
        _ = try await ShopBook.cached(id: 1, in: shop.database)
        let begun = AsyncStream.makeStream(of: Void.self)
        // Blocks the thread of the connection that writes, and no other.
        let mayCommit = DispatchSemaphore(value: 0)
        let writing = Task {
            try await shop.pool.write { db in
                try db.execute(sql: "UPDATE book SET price = 99 WHERE id = 1")
                begun.continuation.yield()
                mayCommit.wait()
            }
        }
        for await _ in begun.stream { break }
        let before = try await ShopBook.cached(id: 1, in: shop.database)
        #expect(before?.price == 5)
        mayCommit.signal()
        try await writing.value
        let after = try await ShopBook.cached(id: 1, in: shop.database)
        #expect(after?.price == 99)
    }

    @Test func savedRecordIsInTheCacheAndDeletedOneIsNot() async throws {
        let shop = try await Shop()
        let book = ShopBook(id: 10, title: "Oars", price: 12, categoryID: 2, isbn: nil)
        try await book.saved(in: shop.database)
        let hits = shop.database.statistics.hits
        let found = try await ShopBook.cached(id: 10, in: shop.database)
        #expect(found == book)
        #expect(shop.database.statistics.hits == hits + 1)
        let isDeleted = try await book.deleted(in: shop.database)
        #expect(isDeleted)
        let gone = try await ShopBook.cached(id: 10, in: shop.database)
        #expect(gone == nil)
    }

    @Test func relatedEntriesAreInvalidatedWithTheCommitOnly() async throws {
        let shop = try await Shop()
        func fill() async throws {
            try await shop.cache.set("shown", to: "old", tags: ["category:2"])
            try await shop.cache.set("page:2", to: "old")
        }
        func left() async throws -> [String?] {
            [try await shop.cache.get(CacheKey<String>("shown")), try await shop.cache.get(CacheKey<String>("page:2"))]
        }
        let book = ShopBook(id: 10, title: "Oars", price: 12, categoryID: 2, isbn: nil)
        try await fill()
        await #expect(throws: Cancelled.self) {
            try await shop.database.write { db in
                try book.insert(db)
                throw Cancelled()
            }
        }
        let afterRollback = try await left()
        #expect(afterRollback == ["old", "old"])
        try await shop.database.write { db in try book.insert(db) }
        let afterInsert = try await left()
        #expect(afterInsert == [nil, nil])
        try await fill()
        try await shop.database.write { db in _ = try book.delete(db) }
        let afterDelete = try await left()
        #expect(afterDelete == [nil, nil])
    }

    @Test func relatedEntriesOfTheRowThatIsReplacedAreInvalidatedToo() async throws {
        let shop = try await Shop()
        func fill() async throws {
            for category in 1...2 { try await shop.cache.set(CacheKey<Int>("page:\(category)"), to: category) }
            try await shop.cache.set("shown", to: 1, tags: ["category:1"])
        }
        func left() async throws -> [Int?] {
            var left: [Int?] = []
            for key in ["page:1", "page:2", "shown"] { left.append(try await shop.cache.get(CacheKey<Int>(key))) }
            return left
        }
        let moved = ShopBook(id: 1, title: "Roses", price: 5, categoryID: 2, isbn: "a")
        try await fill()
        try await shop.database.write { db in try moved.update(db) }
        let afterMove = try await left()
        #expect(afterMove == [nil, nil, nil])
        // The record in hand is older than the row.
        let outdated = ShopBook(id: 3, title: "Sails", price: 25, categoryID: 1, isbn: "c")
        try await fill()
        try await shop.database.write { db in _ = try outdated.delete(db) }
        let afterDelete = try await left()
        #expect(afterDelete == [nil, nil, nil])
        try await fill()
        let new = ShopBook(id: 9, title: "Oars", price: 12, categoryID: 2, isbn: nil)
        try await shop.database.write { db in try new.insert(db) }
        let afterInsert = try await left()
        #expect(afterInsert == [1, nil, 1])
    }

    @Test func entriesOfOnesOwnAreInvalidatedAfterTheCommit() async throws {
        let shop = try await Shop()
        try await shop.cache.set("mine", to: 1, tags: ["own"])
        try await shop.database.write { db in
            try db.execute(sql: "UPDATE shelf SET room = 'x'")
            try shop.database.invalidateAfterCommit(RelatedEntries(tags: ["own"]), db)
        }
        let found = try await shop.cache.get(CacheKey<Int>("mine"))
        #expect(found == nil)
        await #expect {
            try await shop.database.write { db in
                try shop.database.invalidateAfterCommit(RelatedEntries(tags: ["\n"]), db)
            }
        } throws: {
            ($0 as? CacheError)?.code == .invalidTag
        }
    }

    @Test func fillThatReadBeforeACommitIsNotServedAfterIt() async throws {
        let shop = try await Shop()
        let (inFill, goOn) = (AsyncStream.makeStream(of: Void.self), AsyncStream.makeStream(of: Void.self))
        let isFirst = Mutex(true)
        // The first commit of a value waits: it was read before the write, and is stored after it.
        shop.store.intercept { operation, moment in
            guard operation == .commit, moment == .before else { return }
            let isMine = isFirst.withLock { first in
                defer { first = false }
                return first
            }
            guard isMine else { return }
            inFill.continuation.yield()
            for await _ in goOn.stream { break }
        }
        let early = Task { try await ShopBook.cached(id: 1, in: shop.database) }
        for await _ in inFill.stream { break }
        try await shop.database.write { db in try db.execute(sql: "UPDATE book SET price = 99 WHERE id = 1") }
        let joined = Task { try await ShopBook.cached(id: 1, in: shop.database) }
        goOn.continuation.yield()
        let (old, new) = (try await early.value, try await joined.value)
        #expect(old?.price == 5)
        #expect(new?.price == 99)
        let later = try await ShopBook.cached(id: 1, in: shop.database)
        #expect(later?.price == 99)
    }

    @Test func severalRecordsAreOneReadOfTheCacheAndOneOfTheDatabase() async throws {
        let shop = try await Shop()
        _ = try await ShopBook.cached(id: 2, in: shop.database)
        let before = (shop.store.calls[.read] ?? 0, shop.database.statistics)
        let found = try await ShopBook.cached(ids: [1, 2, 3, 4], in: shop.database)
        #expect(found.keys.sorted() == [1, 2, 3])
        #expect(shop.database.statistics.hits == before.1.hits + 1)
        #expect(shop.database.statistics.fills == before.1.fills + 3)
        #expect((shop.store.calls[.read] ?? 0) - before.0 <= 3)
        let again = try await ShopBook.cached(ids: [1, 2, 3, 4], in: shop.database)
        #expect(again == found)
        #expect(shop.database.statistics.fills == before.1.fills + 3)
        // Each is under its own row's tag.
        try await shop.database.write { db in try db.execute(sql: "UPDATE book SET price = 7 WHERE id = 3") }
        let third = try await ShopBook.cached(ids: [1, 2, 3, 4], in: shop.database)
        #expect(third[3]?.price == 7)
        #expect(shop.database.statistics.fills == before.1.fills + 4)
        // One that was missing comes.
        try await shop.database.write { db in try db.execute(sql: "INSERT INTO book VALUES (4, 'Oars', 8, 2, NULL)") }
        let fourth = try await ShopBook.cached(ids: [1, 2, 3, 4], in: shop.database)
        #expect(fourth[4]?.title == "Oars")
        let shelves = try await ShopShelf.cached(ids: ["A", "B", "C"], in: shop.database)
        #expect(shelves.mapValues(\.room) == ["A": "hall", "B": "attic"])
    }
}
