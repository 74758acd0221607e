import Foundation
import GRDB

@testable import Bookshop

/// A database that hangs: all of its connections for reading are taken.
actor BusyDatabase {
    private let database: DatabasePool
    private let gate = DispatchSemaphore(value: 0)
    private var readers: [Task<Void, any Error>] = []

    init(_ catalogue: Catalogue) {
        self.database = catalogue.database
    }

    /// Takes the connections; returns when nobody else can read.
    func occupy() async throws {
        for _ in 0..<self.database.configuration.maximumReaderCount {
            let (taken, signal) = AsyncStream.makeStream(of: Never.self)
            self.readers.append(
                Task { [database = self.database, gate = self.gate] in
                    try await database.read { _ in
                        signal.finish()
                        gate.wait()
                    }
                }
            )
            for await _ in taken {}
        }
    }

    /// Gives the connections back.
    func release() async {
        for _ in self.readers { self.gate.signal() }
        for reader in self.readers { _ = await reader.result }
        self.readers = []
    }
}
