import Foundation
import GRDB

/// Fills an empty database with the books of Project Gutenberg's catalogue.
struct CatalogueImport {
    /// How far an import has come.
    struct Progress: Sendable, Equatable {
        let done: Int
        let total: Int
    }

    /// Two shelves whose names differ but whose slugs do not.
    struct SlugClash: Error, CustomStringConvertible {
        let slug: String
        var description: String { "two shelves of the catalogue would have the address \(self.slug)" }
    }

    /// How many books go by between two reports.
    private static let reportEvery = 1_000

    /// Where the catalogue comes from; read only when the database is empty.
    let source: @Sendable () throws -> String
    let progress: @Sendable (Progress) -> Void

    /// Imports the catalogue, unless that has been done.
    ///
    /// It is one transaction, with the row that says "finished" in it. So a process that is killed halfway leaves an
    /// empty catalogue and never a short one, and a second process that starts at the same time waits and then finds
    /// everything done. For 7,660 books that costs no more than committing in portions would.
    func run(in database: any DatabaseWriter) throws {
        let finished = try database.read(Self.isFinished)
        guard !finished else { return }
        let rows = try GutenbergCSV.parse(self.source())
        try database.write { db in
            guard try !Self.isFinished(db) else { return }
            try self.insert(rows, into: db)
            try db.execute(
                sql: "INSERT INTO import (id, books, finishedAt) VALUES (1, ?, ?)",
                arguments: [rows.count, Date()]
            )
        }
    }

    private static func isFinished(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM import)") ?? false
    }

    private func insert(_ rows: [GutenbergRow], into db: Database) throws {
        let shelfIDs = try self.insertShelves(of: rows, into: db)
        let insertBook = try db.makeStatement(
            sql: """
                INSERT INTO book (id, title, authors, authorNames, language, issued, subjects, standing)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        let insertPlace = try db.makeStatement(
            sql: "INSERT OR IGNORE INTO bookOnShelf (shelfID, bookID, position) VALUES (?, ?, ?)"
        )
        self.progress(.init(done: 0, total: rows.count))
        for (index, row) in rows.enumerated() {
            try insertBook.execute(arguments: [
                row.id, row.title, row.authors.joined(separator: "; "),
                row.authors.map { AuthorHeading($0).name }.joined(separator: "; "),
                row.language, row.issued, row.subjects.joined(separator: "; "), Set(row.shelves).count,
            ])
            for (position, shelf) in row.shelves.enumerated() {
                try insertPlace.execute(arguments: [shelfIDs[shelf], row.id, position])
            }
            let done = index + 1
            if done % Self.reportEvery == 0 || done == rows.count {
                self.progress(.init(done: done, total: rows.count))
            }
        }
    }

    private func insertShelves(of rows: [GutenbergRow], into db: Database) throws -> [String: Int] {
        var books: [String: Int] = [:]
        for row in rows {
            for shelf in Set(row.shelves) { books[shelf, default: 0] += 1 }
        }
        var slugs: Set<String> = []
        var ids: [String: Int] = [:]
        for (index, name) in books.keys.sorted().enumerated() {
            let slug = Slug.make(from: name)
            guard slugs.insert(slug).inserted else { throw SlugClash(slug: slug) }
            ids[name] = index + 1
            try db.execute(
                sql: "INSERT INTO shelf (id, slug, name, books) VALUES (?, ?, ?, ?)",
                arguments: [index + 1, slug, name, books[name]]
            )
        }
        return ids
    }
}

extension CatalogueImport {
    /// The catalogue is not among the resources: they were not installed along with the program.
    struct MissingCatalogue: Error, CustomStringConvertible {
        var description: String { "there is no gutenberg.csv among the resources" }
    }

    /// The catalogue that comes with the shop.
    @Sendable static func bundled() throws -> String {
        guard let url = Bundle.module.url(forResource: "gutenberg", withExtension: "csv", subdirectory: "catalogue")
        else { throw MissingCatalogue() }
        return try String(contentsOf: url, encoding: .utf8)
    }
}
