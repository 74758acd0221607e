import Foundation
import GRDB

/// The file with the books, in SQLite: what the caches stand in front of.
final class Catalogue: Sendable {
    /// The database; ``BookRepository`` reads and writes it.
    let database: DatabasePool

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
}
