import Foundation
import GRDB
import Larder
import LarderSQLite
import LarderTesting

/// A folder for databases, which goes with the test.
final class TemporaryDatabase: Sendable {
    let folder: String
    var path: String { "\(self.folder)/cache.sqlite" }

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "larder-sqlite-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.folder = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: self.folder) }

    /// A store on the file, as another process would open it.
    func store(_ change: (inout SQLiteStoreConfiguration) -> Void = { _ in }) throws -> SQLiteStore {
        var configuration = SQLiteStoreConfiguration(path: self.path)
        change(&configuration)
        return try SQLiteStore(configuration)
    }

    /// What a query says of the file.
    func count(_ sql: String) throws -> Int? {
        let queue = try DatabaseQueue(path: self.path)
        let count = try queue.read { try Int.fetchOne($0, sql: sql) }
        try queue.close()
        return count
    }

    /// Changes the file behind the back of every store.
    func execute(_ sql: String) throws {
        let queue = try DatabaseQueue(path: self.path)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    /// The numbers of the pages that hold entries, but not that of their tree's root.
    func pagesOfEntries() throws -> [Int] {
        let queue = try DatabaseQueue(path: self.path)
        let root = try queue.read {
            try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_master WHERE name = 'entry'")
        }
        let last = try queue.read { try Int.fetchOne($0, sql: "PRAGMA page_count") }
        try queue.close()
        guard let root, let last else { return [] }
        // The other tables are small: what comes after all roots is entries.
        return Array(max(root, 20)...last)
    }

    /// The names of the files in the folder.
    var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: self.folder)) ?? []).sorted() }
}
