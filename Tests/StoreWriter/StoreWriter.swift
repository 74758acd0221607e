import Foundation
import Larder
import LarderFiles
import LarderSQLite
import StoreKills

/// Writes to a store until it is killed: `larder-store-writer sqlite|file PATH FIRST`.
@main
struct StoreWriter {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let first = Int(arguments[3]) else {
            FileHandle.standardError.write(Data("usage: larder-store-writer sqlite|file PATH FIRST\n".utf8))
            exit(2)
        }
        let store: any CacheStore =
            arguments[1] == "sqlite"
            ? try SQLiteStore(SQLiteStoreConfiguration(path: arguments[2]))
            : try FileStore(FileStoreConfiguration(path: arguments[2]))
        try await KillRun.write(to: store, from: first) { line in
            // One call of the system, so that what was said before the end is whole; nobody to hear it ends the process.
            FileHandle.standardOutput.write(Data((line + "\n").utf8))
        }
    }
}
