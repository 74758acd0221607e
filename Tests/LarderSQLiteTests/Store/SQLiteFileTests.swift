import Foundation
import GRDB
import Larder
@_spi(Testing) import LarderSQLite
import LarderTesting
import Testing

/// What the store makes of files, and of what fails.
@Suite(.timeLimit(.minutes(2))) struct SQLiteFileTests {
    private static func opening(_ database: TemporaryDatabase) -> CacheError? {
        do {
            _ = try database.store()
            return nil
        } catch {
            return error as? CacheError
        }
    }

    @Test func optionsOutsideWhatIsAcceptedAreNamed() throws {
        let changes: [(String, @Sendable (inout SQLiteStoreConfiguration) -> Void)] = [
            ("path", { $0.path = "" }),
            ("path", { $0.path = ":memory:" }),
            ("mostEntries", { $0.mostEntries = 0 }),
            ("mostBytes", { $0.mostBytes = 4_095 }),
            ("busyTimeout", { $0.busyTimeout = .zero }),
            ("busyTimeout", { $0.busyTimeout = .seconds(61) }),
            ("sweepInterval", { $0.sweepInterval = .milliseconds(999) }),
        ]
        for (option, change) in changes {
            let database = try TemporaryDatabase()
            let error = #expect(throws: CacheError.self) { try database.store(change) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("option \(option) is") == true)
            #expect(database.files.isEmpty)
        }
    }

    @Test func aFileThatIsNoDatabaseIsLeftAsItIs() throws {
        let database = try TemporaryDatabase()
        let text = Data("Dear diary, today I pointed a cache at you.\n".utf8)
        try text.write(to: URL(filePath: database.path))
        let error = Self.opening(database)
        #expect(error?.code == .fileFailed)
        #expect(error?.message.contains("is no SQLite database") == true)
        let left = try Data(contentsOf: URL(filePath: database.path))
        #expect(left == text)
    }

    @Test func aDatabaseOfSomethingElseIsLeftAsItIs() throws {
        let database = try TemporaryDatabase()
        let queue = try DatabaseQueue(path: database.path)
        try queue.write { try $0.execute(sql: "CREATE TABLE book (title TEXT); INSERT INTO book VALUES ('Emma')") }
        try queue.close()
        let before = try Data(contentsOf: URL(filePath: database.path))
        let error = Self.opening(database)
        #expect(error?.code == .fileFailed)
        #expect(error?.message.contains("is a database of something else") == true)
        let left = try Data(contentsOf: URL(filePath: database.path))
        #expect(left == before)
    }

    @Test func aFileOfANewerVersionIsLeftAsItIs() async throws {
        let database = try TemporaryDatabase()
        let store = try database.store()
        try await throwingCache(on: store).set("k" as CacheKey<Int>, to: 1)
        await store.shutdown()
        try database.execute("INSERT INTO grdb_migrations (identifier) VALUES ('9: from the future')")
        let error = Self.opening(database)
        #expect(error?.code == .fileFailed)
        #expect(error?.message.contains("newer version") == true)
        let rows = try database.count("SELECT count(*) FROM entry")
        #expect(rows == 1)
    }

    @Test func aFolderThatIsMissingIsAnError() throws {
        let database = try TemporaryDatabase()
        let error = #expect(throws: CacheError.self) { try database.store { $0.path = "/nowhere/at/all.sqlite" } }
        #expect(error?.code == .fileFailed)
    }

    /// Writes over every page but the first.
    private static func damage(_ path: String) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        let length = try file.seekToEnd()
        try file.seek(toOffset: 4_096)
        file.write(Data(repeating: 0xA5, count: Int(length) - 4_096))
        try file.close()
    }

    private static func damaged() async throws -> TemporaryDatabase {
        let database = try TemporaryDatabase()
        let store = try database.store()
        let cache = throwingCache(on: store)
        for number in 0..<500 { try await cache.set(CacheKey<Int>("\(number)"), to: number) }
        await store.shutdown()
        try Self.damage(database.path)
        return database
    }

    @Test func aDamagedCacheIsRenamedAndBeginsEmpty() async throws {
        let database = try await Self.damaged()
        let store = try database.store()
        let cache = throwingCache(on: store)
        let found = try await cache.get("1" as CacheKey<Int>)
        try await cache.set("1" as CacheKey<Int>, to: 2)
        let written = try await cache.get("1" as CacheKey<Int>)
        #expect(found == nil)
        #expect(written == 2)
        let kept = database.files.filter { $0.contains(".damaged-") }
        #expect(!kept.isEmpty)
        await store.shutdown()
    }

    @Test func aDamagedCacheIsAnErrorWhereItIsToBe() async throws {
        let database = try await Self.damaged()
        let error = #expect(throws: CacheError.self) { try database.store { $0.onDamage = .fail } }
        #expect(error?.code == .fileFailed)
        #expect(!database.files.contains { $0.contains(".damaged-") })
    }

    @Test func damageThatShowsLaterIsUnavailableAndTheNextStoreBeginsEmpty() async throws {
        let database = try TemporaryDatabase()
        let store = try database.store()
        let cache = throwingCache(on: store)
        for number in 0..<2_000 { try await cache.set(CacheKey<String>("\(number)"), to: "value \(number)") }
        await store.shutdown()
        // Pages of entries only, so that opening sees nothing of it.
        let pages = try database.pagesOfEntries()
        let file = try FileHandle(forUpdating: URL(filePath: database.path))
        for page in pages {
            try file.seek(toOffset: UInt64(page - 1) * 4_096)
            file.write(Data(repeating: 0xA5, count: 4_096))
        }
        try file.close()
        let second = try database.store()
        let again = throwingCache(on: second)
        // Where an entry lies depends on the file's own hash: some lie on pages that are whole.
        var error: CacheError?
        var key = CacheKey<String>("0")
        for number in 0..<2_000 where error == nil {
            key = CacheKey("\(number)")
            error = try await cacheError { _ = try await again.get(key) }
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("damaged") == true)
        // Nobody may replace it while it is in use.
        let busy = Self.opening(database)
        #expect(busy?.code == .fileFailed)
        #expect(busy?.message.contains("while other processes use it") == true)
        await second.shutdown()
        let third = try database.store()
        let found = try await throwingCache(on: third).get(key)
        #expect(found == nil)
        await third.shutdown()
    }

    @Test func aLockedDatabaseIsUnavailableForWritersAndServesReaders() async throws {
        let database = try TemporaryDatabase()
        let store = try database.store { $0.busyTimeout = .milliseconds(100) }
        let cache = throwingCache(on: store)
        try await cache.set("k" as CacheKey<Int>, to: 1)
        var options = Configuration()
        options.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: database.path, configuration: options)
        let (locked, free) = (Gate(), Gate())
        let holder = Task.detached {
            try await other.writeWithoutTransaction { database in
                try database.execute(sql: "BEGIN IMMEDIATE")
                locked.open()
            }
            await free.passed()
            try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        }
        await locked.passed()
        let begin = ContinuousClock.now
        let error = try await cacheError { try await cache.set("k" as CacheKey<Int>, to: 2) }
        let took = begin.duration(to: .now)
        let found = try await cache.get("k" as CacheKey<Int>)
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("locked") == true)
        #expect(took >= .milliseconds(90) && took < .seconds(5))
        #expect(found == 1)
        free.open()
        try await holder.value
        try await cache.set("k" as CacheKey<Int>, to: 3)
        let afterwards = try await cache.get("k" as CacheKey<Int>)
        #expect(afterwards == 3)
        await store.shutdown()
    }

    @Test func aFullDiskIsUnavailableAndLosesNothing() async throws {
        let database = try TemporaryDatabase()
        let store = try database.store { $0.extraPragmas = ["max_page_count = 60"] }
        let cache = throwingCache(on: store)
        try await cache.set("first" as CacheKey<Int>, to: 1)
        var failure: CacheError?
        for number in 0..<200 where failure == nil {
            failure = try await cacheError {
                try await cache.set(CacheKey<[UInt8]>("\(number)"), to: Array(repeating: 1, count: 5_000))
            }
        }
        let found = try await cache.get("first" as CacheKey<Int>)
        let removed = try await cache.remove("1" as CacheKey<[UInt8]>)
        #expect(failure?.code == .unavailable)
        #expect(failure?.message.contains("the disk is full") == true)
        #expect(found == 1)
        #expect(removed)
        await store.shutdown()
    }

    @Test func aFileThatCannotBeWrittenIsUnavailableForWriters() async throws {
        let database = try TemporaryDatabase()
        let first = try database.store()
        try await throwingCache(on: first).set("k" as CacheKey<Int>, to: 1)
        let store = try database.store { $0.extraPragmas = ["query_only = 1"] }
        let cache = throwingCache(on: store)
        let error = try await cacheError { try await cache.set("k" as CacheKey<Int>, to: 2) }
        let found = try await cache.get("k" as CacheKey<Int>)
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("cannot be written") == true)
        #expect(found == 1)
        await store.shutdown()
        await first.shutdown()
    }

    @Test func manyCanMakeTheFileAtTheSameTime() async throws {
        let database = try TemporaryDatabase()
        let stores = try await withThrowingTaskGroup(of: SQLiteStore.self) { group in
            for _ in 0..<8 { group.addTask { try database.store { $0.busyTimeout = .seconds(30) } } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try await throwingCache(on: stores[0]).set("k" as CacheKey<Int>, to: 1)
        for store in stores {
            let found = try await throwingCache(on: store).get("k" as CacheKey<Int>)
            #expect(found == 1)
            await store.shutdown()
        }
    }
}
