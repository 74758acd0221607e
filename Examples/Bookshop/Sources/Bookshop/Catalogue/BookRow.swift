import GRDB
import LarderSQLite

/// A row of the table of books, which is cached by its number.
///
/// Whoever writes the row invalidates it, by whatever statement, and no other row with it.
struct BookRow: CachedRecord, PersistableRecord, Equatable {
    static let databaseTableName = "book"

    let id: Int
    var title: String
    /// Lists are as the catalogue has them, `; `-separated.
    let authors: String
    let authorNames: String
    let language: String
    let issued: String
    let subjects: String
    let standing: Int
}

extension Book {
    init(_ row: BookRow, shelves: [ShelfName]) {
        self.init(
            id: row.id,
            title: row.title,
            authors: GutenbergCSV.list(row.authors),
            language: row.language,
            issued: row.issued,
            shelves: shelves,
            subjects: GutenbergCSV.list(row.subjects)
        )
    }
}

extension BookSummary {
    init(_ row: BookRow) {
        self.init(
            id: row.id,
            title: row.title,
            authors: GutenbergCSV.list(row.authors),
            language: row.language,
            issued: row.issued
        )
    }
}
