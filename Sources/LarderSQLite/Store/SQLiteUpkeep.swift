import Larder

/// The periodic work on a file: what has expired or is dead goes, and so does the room that it took.
struct SQLiteUpkeep: Sendable {
    let file: SQLiteFileState
    let readers: SQLiteReaders
    let steps: StepQueue

    /// How many rows are looked at in one step.
    private static let stretch = 500
    /// How many free pages are left for what will be written.
    private static let sparePages: Int64 = 256

    /// Looks at every entry once, and removes those that nobody will be served with again; then leases and records of tags
    /// that are over; then gives free pages back.
    ///
    /// Reading comes first, so that nobody waits for it who writes; what is removed is looked at again in the same step.
    ///
    /// - Throws: `CacheError` with `.unavailable`.
    func sweep() async throws {
        try await self.workOffNotes()
        var position = Int64.min
        while true {
            try Task.checkCancellation()
            let start = position
            let (doomed, next) = try await self.read { try $0.doomed(after: start, atMost: Self.stretch) }
            if !doomed.isEmpty { try await self.write { try $0.remove(doomed) } }
            guard let next else { break }
            position = next
        }
        try await self.write { try $0.removeWhatIsOver() }
        while try await self.write({ try $0.freeSomePages(sparing: Self.sparePages) }) { try Task.checkCancellation() }
    }

    /// Writes what readers have noted.
    private func workOffNotes() async throws {
        // Bounded: readers go on noting.
        for _ in 0..<128 where !self.file.notes.isEmpty { try await self.write { _ in } }
    }

    func statistics() async throws -> SQLiteStoreStatistics {
        try await self.read { step in
            let totals = try step.currentTotals()
            self.file.note(totals)
            return SQLiteStoreStatistics(
                entries: Int(totals.entries),
                bytes: Int(totals.bytes),
                fileBytes: try step.fileBytes()
            )
        }
    }

    private func write<Result: Sendable>(
        _ body: @escaping @Sendable (SQLiteStep) throws -> Result
    ) async throws -> Result {
        try await self.steps.perform(for: ()) { step in
            guard let step = step as? SQLiteStep else { preconditionFailure("a step of another store") }
            return try body(step)
        }
    }

    private func read<Result: Sendable>(
        _ body: @escaping @Sendable (SQLiteStep) throws -> Result
    ) async throws -> Result {
        // Not on the caller's thread: it reads all there is, and the disk may have to bring it.
        try await self.steps.onThread {
            do {
                return try self.readers.withConnection { connection in
                    guard let connection else { throw self.file.shutDown }
                    connection.failure = nil
                    connection.wait(atMost: self.file.configuration.busyTimeout)
                    defer { connection.wait(atMost: .zero) }
                    return try body(SQLiteStep(connection, file: self.file, canWrite: false))
                }
            } catch let failure as SQLiteFailure {
                throw self.file.unavailable(failure)
            }
        }
    }
}

/// A row that nobody will be served with again, as it was seen.
struct DoomedRow: Sendable {
    let number: Int64
    let namespace: Int64
    /// `nil` where nobody can read the name.
    let key: StoreKey?
}

extension SQLiteStep {
    /// Looks for rows that are of no use.
    ///
    /// - Returns: Them, and where to go on; `nil` at the end.
    func doomed(after position: Int64, atMost count: Int) throws -> (rows: [DoomedRow], next: Int64?) {
        var doomed: [DoomedRow] = []
        var seen = 0
        var last: Int64?
        var namespace: Int64?
        try self.query(
            .sweep,
            { row in
                row.bind(1, position)
                row.bind(2, Int64(count))
            }
        ) { row in
            seen += 1
            last = row.integer(0)
            let key = row.text(3).map { StoreKey(version: Int(row.integer(2)), name: $0) }
            if namespace != row.integer(1) {
                namespace = row.integer(1)
                self.enter(id: row.integer(1))
            }
            let isOfNoUse: Bool
            if let (header, _) = EntryHeader.parse(row.bytes(5)) {
                isOfNoUse = try self.isOfNoUse(header, end: row.integer(4))
            } else {
                // Perhaps a newer program can read it.
                isOfNoUse = row.integer(4) <= self.now
            }
            if isOfNoUse { doomed.append(DoomedRow(number: row.integer(0), namespace: row.integer(1), key: key)) }
        }
        return (doomed, seen < count ? nil : last)
    }

    /// Removes rows, if they are of no use yet.
    func remove(_ rows: [DoomedRow]) throws {
        for row in rows {
            self.enter(id: row.namespace)
            if let key = row.key, try self.entry(key) != nil {
                try self.tend([key])
            } else {
                try self.removeIfOver(number: row.number)
            }
        }
    }

    /// Gives free pages back to the system.
    ///
    /// - Returns: Whether there are more.
    func freeSomePages(sparing spare: Int64) throws -> Bool {
        var free: Int64 = 0
        try self.query(.freePages, { _ in }) { free = $0.integer(0) }
        guard free > spare else { return false }
        try self.query(.freeSome, { _ in }) { _ in }
        return free - 256 > spare
    }
}
