import Foundation
import GRDB
import Synchronization
import Testing

@testable import Bookshop

@Suite struct CatalogueImportTests {
    /// The totals are those of another CSV parser, Python's.
    @Test func importBringsEveryRowWhole() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path("books.sqlite")
        try await FileManager.default.copyItem(atPath: ImportedCatalogue.shared.path(), toPath: path)
        let database = try DatabaseQueue(path: path)
        // Said in full, because the compiler does not look for `try` inside `#expect`.
        try await database.read { (db: Database) throws -> Void in
            func number(_ sql: String) throws -> Int? { try Int.fetchOne(db, sql: sql) }
            #expect(try number("SELECT count(*) FROM book") == 7_660)
            #expect(try number("SELECT count(*) FROM shelf") == 211)
            #expect(try number("SELECT count(DISTINCT slug) FROM shelf") == 211)
            #expect(try number("SELECT count(*) FROM bookOnShelf") == 23_216)
            #expect(try number("SELECT count(DISTINCT bookID) FROM bookOnShelf") == 7_659)
            #expect(try number("SELECT sum(books) FROM shelf") == 23_216)
            #expect(try number("SELECT sum(length(CAST(title AS BLOB))) FROM book") == 289_706)
            #expect(try number("SELECT count(*) FROM book WHERE title LIKE '%' || char(10) || '%'") == 344)
            #expect(try number("SELECT count(*) FROM bookSearch") == 7_660)
        }
        try database.close()
    }

    @Test func importIsDoneOnce() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path("books.sqlite")
        let reads = Counter()
        let catalogueImport = CatalogueImport(
            source: {
                reads.add()
                return Self.threeBooks
            },
            progress: { _ in }
        )
        for _ in 1...2 {
            let catalogue = try Catalogue(path: path)
            try catalogue.importIfEmpty(catalogueImport)
            try catalogue.close()
        }
        #expect(reads.value == 1)
    }

    @Test func importThatFailsHalfwayLeavesNothing() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path("books.sqlite")
        try Catalogue(path: path).close()
        let database = try DatabaseQueue(path: path)
        try await database.write { db in
            try db.execute(
                sql: """
                    CREATE TRIGGER stop BEFORE INSERT ON book WHEN NEW.id = 3
                    BEGIN SELECT RAISE(ABORT, 'the disk is full'); END
                    """
            )
        }
        let catalogue = try Catalogue(path: path)
        let catalogueImport = CatalogueImport(source: { Self.threeBooks }, progress: { _ in })
        #expect(throws: DatabaseError.self) { try catalogue.importIfEmpty(catalogueImport) }
        #expect(try await Self.count(catalogue) == 0)

        try await database.write { try $0.execute(sql: "DROP TRIGGER stop") }
        try catalogue.importIfEmpty(catalogueImport)
        #expect(try await Self.count(catalogue) == 3)
        try catalogue.close()
        try database.close()
    }

    @Test func progressEndsWithAllBooks() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let catalogue = try Catalogue(path: folder.path("deep/er/books.sqlite"))
        let reports = Mutex<[CatalogueImport.Progress]>([])
        try catalogue.importIfEmpty(
            CatalogueImport(source: { Self.threeBooks }, progress: { report in reports.withLock { $0.append(report) } })
        )
        #expect(reports.withLock { $0 } == [.init(done: 0, total: 3), .init(done: 3, total: 3)])
        try catalogue.close()
    }

    @Test func shelvesThatShareASlugAreRefused() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let catalogue = try Catalogue(path: folder.path("books.sqlite"))
        let rows = Self.header + "1,Text,2000-01-01,A,en,,,,Horror!\n2,Text,2000-01-01,B,en,,,,Horror?\n"
        #expect(throws: CatalogueImport.SlugClash.self) {
            try catalogue.importIfEmpty(CatalogueImport(source: { rows }, progress: { _ in }))
        }
        try catalogue.close()
    }

    private static func count(_ catalogue: Catalogue) async throws -> Int? {
        try await catalogue.database.read { try SQLRequest<Int>.total.fetchOne($0) }
    }

    private static let header = "Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves\n"
    private static let threeBooks =
        header + """
            1,Text,2000-01-01,One,en,,,,Horror
            2,Text,2000-01-01,Two,en,,,,Horror
            3,Text,2000-01-01,Three,en,,,,

            """
}

/// Counts calls from anywhere.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { self.count.load(ordering: .relaxed) }

    func add() { self.count.add(1, ordering: .relaxed) }
}
