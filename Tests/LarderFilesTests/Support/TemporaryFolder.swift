import Foundation
import Larder
import LarderFiles
import LarderTesting

/// A folder for a store, which goes with the test.
final class TemporaryFolder: Sendable {
    let base: String
    var path: String { "\(self.base)/cache" }

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "larder-files-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.base = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: self.base) }

    /// A store on the folder, as another process would open it.
    func store(_ change: (inout FileStoreConfiguration) -> Void = { _ in }) throws -> FileStore {
        var configuration = FileStoreConfiguration(path: self.path)
        change(&configuration)
        return try FileStore(configuration)
    }

    /// The paths of all files of a kind: `entries`, `leases`, `tags`, `namespaces`, `new`.
    func files(_ kind: String) -> [String] {
        let root = "\(self.path)/\(kind)"
        let found = FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? []
        var isFolder: ObjCBool = false
        return found.map { "\(root)/\($0)" }.filter {
            FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && !isFolder.boolValue
        }
    }
}
