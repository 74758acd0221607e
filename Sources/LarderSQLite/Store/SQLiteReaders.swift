import Larder
import Synchronization

/// The connections that read, lent to whoever reads on his own thread.
///
/// A read of SQLite's log mode waits for nobody: neither for a writer nor for other readers. It takes microseconds where the
/// page is in memory, and as long as the disk takes where it is not. There is one connection for each processor, so that
/// tasks wait for one of them at most as long as such a read goes on.
final class SQLiteReaders: Sendable {
    private final class Reader: Sendable {
        /// `nil` after the store was shut down.
        let connection: Mutex<SQLiteConnection?>

        init(_ file: SQLiteFileState) throws {
            let pragmas = file.configuration.pragmas + ["query_only = 1"]
            self.connection = Mutex(
                try SQLiteConnection(file.configuration.path, pragmas, atMost: file.configuration.busyTimeout)
            )
        }
    }

    private let readers: [Reader]

    /// - Throws: ``SQLiteFailure``.
    init(_ file: SQLiteFileState, count: Int) throws {
        self.readers = try (0..<count).map { _ in try Reader(file) }
    }

    /// Lends a connection.
    ///
    /// - Parameter body: What to do with it; `nil` after the store was shut down.
    /// - Returns: What it returns.
    func withConnection<Result: Sendable>(
        _ body: (SQLiteConnection?) throws -> Result
    ) rethrows -> Result {
        // The first that is free: so with few readers few connections fill their memory with pages.
        for reader in self.readers {
            if let result = try reader.connection.withLockIfAvailable({ try body($0) }) { return result }
        }
        return try self.readers[Int.random(in: self.readers.indices)].connection.withLock { try body($0) }
    }

    /// How much the store holds; `nil` where that cannot be read at once.
    func totals(_ file: SQLiteFileState) -> SQLiteTotals? {
        self.withConnection { connection in
            guard let connection else { return nil }
            return try? SQLiteStep(connection, file: file, canWrite: false).currentTotals()
        }
    }

    func close() {
        for reader in self.readers { reader.connection.withLock { $0 = nil } }
    }
}
