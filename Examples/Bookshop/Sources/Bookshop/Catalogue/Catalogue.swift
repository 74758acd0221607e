import Foundation
import GRDB
import Synchronization

/// The books, in SQLite: what the cache stands in front of.
final class Catalogue: Sendable {
    /// How many books a shelf's top shows.
    static let topSize = 20
    /// How many books a search finds at most.
    static let searchLimit = 50

    /// How many reads have reached the database; the tests tell from it what the cache answered.
    var reads: Int { self.readCount.load(ordering: .relaxed) }

    private let database: DatabasePool
    private let readCount = Atomic<Int>(0)

    /// Opens the database, creates it where there is none, and brings its schema up to date.
    ///
    /// - Parameter path: The file; folders that are missing on the way to it are made.
    /// - Throws: `DatabaseError` for a file that is no database, and `CocoaError` for a folder that cannot be made.
    init(path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var configuration = Configuration()
        // Another process may be importing; see `CatalogueImport`.
        configuration.busyMode = .timeout(60)
        self.database = try DatabasePool(path: path, configuration: configuration)
        try CatalogueSchema.migrator.migrate(self.database)
    }

    /// Fills the catalogue unless it is full.
    func importIfEmpty(_ catalogueImport: CatalogueImport) throws {
        try catalogueImport.run(in: self.database)
    }

    /// Closes the database.
    ///
    /// Reads that come later throw.
    func close() throws {
        try self.database.close()
    }

    // MARK: Reading

    /// All shelves, by name.
    func shelves() async throws -> [Shelf] {
        try await self.read { db in
            try Row.fetchAll(db, sql: "SELECT slug, name, books FROM shelf ORDER BY name").map(Shelf.init(row:))
        }
    }

    /// A book, or `nil` where there is none of that number.
    func book(_ id: Int) async throws -> Book? {
        try await self.read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT * FROM book WHERE id = ?", arguments: [id]) else {
                return nil
            }
            let shelves = try Row.fetchAll(
                db,
                sql: """
                    SELECT slug, name FROM shelf JOIN bookOnShelf ON shelfID = shelf.id
                    WHERE bookID = ? ORDER BY position
                    """,
                arguments: [id]
            )
            return Book(row: row, shelves: shelves.map(ShelfName.init(row:)))
        }
    }

    /// A shelf, or `nil` where there is none of that address.
    func shelf(_ slug: String) async throws -> Shelf? {
        try await self.read { db in
            let sql = "SELECT slug, name, books FROM shelf WHERE slug = ?"
            return try Row.fetchOne(db, sql: sql, arguments: [slug]).map(Shelf.init(row:))
        }
    }

    /// The top books of a shelf.
    ///
    /// The catalogue knows of no sales, but the people who keep it put a book on the more shelves the better known it
    /// is. So the top books are those with the most shelves, and among equals those with the lowest number, because
    /// Project Gutenberg began with the classics.
    func top(of shelf: Shelf) async throws -> [BookSummary] {
        try await self.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.summaryColumns) FROM book \(Self.onShelf)
                    ORDER BY standing DESC, book.id LIMIT \(Self.topSize)
                    """,
                arguments: ["shelf": shelf.slug]
            )
            return rows.map(BookSummary.init(row:))
        }
    }

    /// A page of all books, or of a shelf's, by number; `nil` where there is no such page.
    func page(_ number: Int, of shelf: Shelf?) async throws -> BookPage? {
        try await self.read { db in
            let total = try shelf?.books ?? Int.fetchOne(db, sql: "SELECT count(*) FROM book") ?? 0
            // An empty catalogue has one page, with nothing on it.
            let pages = max(1, (total + BookPage.size - 1) / BookPage.size)
            guard (1...pages).contains(number) else { return nil }
            var arguments: StatementArguments = ["offset": (number - 1) * BookPage.size]
            if let shelf { arguments += ["shelf": shelf.slug] }
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.summaryColumns) FROM book \(shelf == nil ? "" : Self.onShelf)
                    ORDER BY book.id LIMIT \(BookPage.size) OFFSET :offset
                    """,
                arguments: arguments
            )
            return BookPage(
                books: rows.map(BookSummary.init(row:)),
                page: number,
                pages: pages,
                total: total,
                shelf: shelf
            )
        }
    }

    /// The books whose title and authors have all the words, best first.
    func search(_ query: SearchQuery, on shelf: Shelf?) async throws -> [BookSummary] {
        guard let words = query.matchExpression else { return [] }
        return try await self.read { db in
            var arguments: StatementArguments = ["words": words]
            if let shelf { arguments += ["shelf": shelf.slug] }
            // bm25 is the more negative the better the match. A hit in the title counts twice one among the authors,
            // and well-known books gain on others that match as well.
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.summaryColumns) FROM bookSearch JOIN book ON book.id = bookSearch.rowid
                    \(shelf == nil ? "" : Self.onShelf) WHERE bookSearch MATCH :words
                    ORDER BY bm25(bookSearch, 2.0, 1.0) * (4 + standing), book.id LIMIT \(Self.searchLimit)
                    """,
                arguments: arguments
            )
            return rows.map(BookSummary.init(row:))
        }
    }

    // MARK: Writing

    /// Gives a book another title.
    ///
    /// - Returns: Whether there is such a book.
    func rename(_ id: Int, to title: String) async throws -> Bool {
        try await self.database.write { db in
            try db.execute(sql: "UPDATE book SET title = ? WHERE id = ?", arguments: [title, id])
            return db.changesCount > 0
        }
    }

    // MARK: Rows

    private static let summaryColumns = "book.id, book.title, book.authors, book.language, book.issued"

    /// Limits books to those on the shelf with the slug `:shelf`.
    private static let onShelf =
        "JOIN bookOnShelf ON bookID = book.id AND shelfID = (SELECT id FROM shelf WHERE slug = :shelf)"

    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        self.readCount.add(1, ordering: .relaxed)
        return try await self.database.read(body)
    }
}

extension Shelf {
    fileprivate init(row: Row) {
        self.init(slug: row["slug"], name: row["name"], books: row["books"])
    }
}

extension ShelfName {
    fileprivate init(row: Row) {
        self.init(slug: row["slug"], name: row["name"])
    }
}

extension Book {
    fileprivate init(row: Row, shelves: [ShelfName]) {
        self.init(
            id: row["id"],
            title: row["title"],
            authors: GutenbergCSV.list(row["authors"]),
            language: row["language"],
            issued: row["issued"],
            shelves: shelves,
            subjects: GutenbergCSV.list(row["subjects"])
        )
    }
}

extension BookSummary {
    fileprivate init(row: Row) {
        self.init(
            id: row["id"],
            title: row["title"],
            authors: GutenbergCSV.list(row["authors"]),
            language: row["language"],
            issued: row["issued"]
        )
    }
}
