import Larder

/// One namespace of the file.
struct SQLiteStorage: LocalStorage {
    let file: SQLiteFileState
    let space: SQLiteSpace
    let readers: SQLiteReaders
    let steps: StepQueue

    var kind: String { SQLiteStore.kind }
    var clock: CacheClock { self.file.clock }
    var heaviestEntry: Int { self.file.configuration.heaviestEntry }
    var signals: LeaseSignals { self.space.signals }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreStep) throws -> Result
    ) async throws -> Result {
        try await self.steps.perform(for: self.space, body)
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreStep) throws -> Result
    ) async throws -> Result {
        do {
            return try self.readOnThisThread(body, mayWait: false)
        } catch let failure as SQLiteFailure where failure.isBusy {
            // Somebody repairs the log after a crash, or closes the file: that takes a moment.
            do {
                return try await self.steps.onThread { try self.readOnThisThread(body, mayWait: true) }
            } catch let failure as SQLiteFailure {
                throw self.file.unavailable(failure)
            }
        } catch let failure as SQLiteFailure {
            throw self.file.unavailable(failure)
        }
    }

    private func readOnThisThread<Result: Sendable>(
        _ body: @Sendable (any StoreStep) throws -> Result,
        mayWait: Bool
    ) throws -> Result {
        try self.readers.withConnection { connection in
            guard let connection else { throw self.file.shutDown }
            connection.failure = nil
            if mayWait { connection.wait(atMost: self.file.configuration.busyTimeout) }
            defer { if mayWait { connection.wait(atMost: .zero) } }
            // All that the step reads is of one moment.
            try connection.run(.beginReading)
            defer {
                // It has written nothing; a transaction that could not be ended is ended with the next failure.
                if connection.isInTransaction { try? connection.run(.commit) }
            }
            let step = SQLiteStep(connection, file: self.file, canWrite: false)
            try step.enter(self.space)
            let result = try body(step)
            step.publish()
            return result
        }
    }

    /// Reads an entry on the caller's thread, with one statement if it has no tags.
    ///
    /// What was read last are the generations, and all of it after the call began: no invalidation that had returned before is
    /// missed.
    func readNow(_ key: StoreKey) -> ImmediateLookup {
        guard let namespace = self.space.knownID else { return .unknown }
        let number = Int64(bitPattern: self.file.hash.hash(key.name, beside: (namespace, Int64(key.version))))
        // Whatever cannot be read here, `read` says why.
        let found = try? self.readers.withConnection { connection -> ImmediateLookup? in
            try connection?.first(
                .find,
                { row in
                    row.bind(1, number)
                    row.bind(2, namespace)
                    row.bind(3, Int64(key.version))
                }
            ) { row in
                guard row.holds(0, utf8: key.name), let (header, offset) = EntryHeader.parse(row.bytes(3)),
                    offset == row.bytes(3).count, header.generation == row.bits(5)
                else { return .unknown }
                let (end, now) = (row.integer(1), self.clock.sharedMilliseconds)
                guard !header.isOver(end: end, at: now), !header.isInGrace(end: end, at: now),
                    !header.wantsRenewal(end: end, at: now), let value = header.value(row.bytes(4))
                else { return .unknown }
                for mark in header.marks {
                    guard let tag = try connection?.tag(mark.name, in: namespace), tag.end > now,
                        tag.generation == mark.generation, tag.freshness == mark.freshness
                    else { return .unknown }
                }
                self.file.noteUse(number, since: row.integer(2))
                return header.marks.isEmpty ? .fresh(value) : .tagged(value, header.marks)
            }
        }
        return (found ?? nil) ?? .unknown
    }
}
