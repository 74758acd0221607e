import Foundation
import GRDB
import Synchronization

@testable import Bookshop

/// The whole catalogue, imported once for all tests; each of them works on a copy.
actor ImportedCatalogue {
    static let shared = ImportedCatalogue()

    private var file: Result<String, any Error>?

    func path() throws -> String {
        let result = self.file ?? Result { try Self.makeFile() }
        self.file = result
        return try result.get()
    }

    private static func makeFile() throws -> String {
        let folder = try TemporaryFolder()
        folder.removeAtExit()
        let path = folder.path("catalogue.sqlite")
        let catalogue = try Catalogue(path: path)
        try catalogue.importIfEmpty(CatalogueImport(source: CatalogueImport.bundled, progress: { _ in }))
        try catalogue.close()
        // One file with everything in it, nothing of which is in a write-ahead log beside it.
        let copy = folder.path("copy.sqlite")
        let queue = try DatabaseQueue(path: path)
        try queue.vacuum(into: copy)
        try queue.close()
        return copy
    }
}

/// A folder that goes away with the test.
struct TemporaryFolder: Sendable {
    private let url: URL

    init() throws {
        self.url = FileManager.default.temporaryDirectory.appendingPathComponent("bookshop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.url, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { self.url.appendingPathComponent(name).path }

    func remove() {
        do {
            try FileManager.default.removeItem(at: self.url)
        } catch {
            print("the folder \(self.url.path) stays behind: \(error)")
        }
    }

    /// Removes the folder when the tests end.
    func removeAtExit() {
        FoldersToRemove.add(self)
    }
}

private enum FoldersToRemove {
    private static let folders = Mutex<[TemporaryFolder]>([])

    static func add(_ folder: TemporaryFolder) {
        let isFirst = self.folders.withLock { folders in
            folders.append(folder)
            return folders.count == 1
        }
        guard isFirst else { return }
        atexit {
            for folder in FoldersToRemove.folders.withLock({ $0 }) { folder.remove() }
        }
    }
}
