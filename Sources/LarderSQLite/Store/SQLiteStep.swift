import GRDBSQLite
import Larder

/// A step on a connection: rows read and written within its transaction.
final class SQLiteStep: StoreStep {
    private let connection: SQLiteConnection
    let canWrite: Bool
    let now: Int64
    private let file: SQLiteFileState
    var endedLeases: [StoreKey] = []
    var voidsLeases = false

    /// Whose namespace the step is about at the moment.
    private var space: SQLiteSpace?
    private var namespaceID: Int64?
    private var isStampKnown = false
    private var knownStamp: KeptStamp?

    /// How much the store holds; read when it is needed first, and written when the step ends.
    private var totals: SQLiteTotals?
    private var hasChangedTotals = false
    /// Numbers of namespaces that were found or made, to be remembered once the step has succeeded.
    private var found: [(space: SQLiteSpace, id: Int64)] = []

    init(_ connection: SQLiteConnection, file: SQLiteFileState, canWrite: Bool) {
        self.connection = connection
        self.file = file
        self.canWrite = canWrite
        self.now = file.clock.sharedMilliseconds
    }

    private func needsWriting() throws {
        if !self.canWrite { throw StepNeedsWriting() }
    }

    // MARK: The namespace

    /// Begins to work on a namespace.
    func enter(_ space: SQLiteSpace) throws {
        if self.space === space { return }
        self.space = space
        self.isStampKnown = false
        self.knownStamp = nil
        self.namespaceID = space.knownID ?? self.found.first { $0.space === space }?.id
        if self.namespaceID == nil {
            let id = try self.connection.first(.findNamespace, { $0.bind(1, utf8: space.name) }, { $0.integer(0) })
            self.namespaceID = id
            if let id { self.found.append((space, id)) }
        }
    }

    /// Begins to work on a namespace of which only its number is known.
    func enter(id: Int64) {
        self.space = nil
        self.namespaceID = id
        self.isStampKnown = false
        self.knownStamp = nil
    }

    func stamp() throws -> KeptStamp? {
        if self.isStampKnown { return self.knownStamp }
        if let id = self.namespaceID {
            self.knownStamp = try self.connection.first(.namespace, { $0.bind(1, id) }) { row in
                KeptStamp(
                    stamp: NamespaceStamp(generation: row.bits(0), epoch: row.bits(1)),
                    serial: row.bits(2)
                )
            }
        }
        self.isStampKnown = true
        return self.knownStamp
    }

    func put(_ stamp: KeptStamp) throws {
        try self.needsWriting()
        if let id = self.namespaceID {
            try self.connection.run(.setNamespace) { row in
                row.bind(1, id)
                row.bind(2, bits: stamp.stamp.generation)
                row.bind(3, bits: stamp.stamp.epoch)
                row.bind(4, bits: stamp.serial)
            }
        } else if let space = self.space {
            try self.connection.run(.addNamespace) { row in
                row.bind(1, utf8: space.name)
                row.bind(2, bits: stamp.stamp.generation)
                row.bind(3, bits: stamp.stamp.epoch)
                row.bind(4, bits: stamp.serial)
            }
            let id = self.connection.lastInsertedID
            self.namespaceID = id
            self.found.append((space, id))
        }
        self.knownStamp = stamp
        self.isStampKnown = true
    }

    private func number(_ key: StoreKey, in namespace: Int64) -> Int64 {
        Int64(bitPattern: self.file.hash.hash(key.name, beside: (namespace, Int64(key.version))))
    }

    private func bind(_ key: StoreKey, in namespace: Int64, to row: SQLiteRow) {
        row.bind(1, self.number(key, in: namespace))
        row.bind(2, namespace)
        row.bind(3, Int64(key.version))
    }

    // MARK: Tags

    func tag(_ name: String) throws -> KeptTag? {
        guard let namespace = self.namespaceID else { return nil }
        return try self.connection.tag(name, in: namespace)
    }

    func put(_ tag: KeptTag, for name: String) throws {
        try self.needsWriting()
        guard let namespace = self.namespaceID else { return }
        try self.connection.run(.putTag) { row in
            row.bind(1, namespace)
            row.bind(2, utf8: name)
            row.bind(3, bits: tag.generation)
            row.bind(4, bits: tag.freshness)
            row.bind(5, bits: tag.serial)
            row.bind(6, tag.end)
        }
    }

    // MARK: Entries

    func entry(_ key: StoreKey) throws -> KeptEntry? {
        guard let namespace = self.namespaceID else { return nil }
        return try self.connection.first(.entry, { self.bind(key, in: namespace, to: $0) }) { row -> KeptEntry? in
            guard row.holds(0, utf8: key.name), let (header, offset) = EntryHeader.parse(row.bytes(3)),
                offset == row.bytes(3).count
            else { return nil }
            if !self.canWrite { self.file.noteUse(self.number(key, in: namespace), since: row.integer(2)) }
            return KeptEntry(header: header, value: [UInt8](row.bytes(4)), end: row.integer(1))
        } ?? nil
    }

    func hasEntry(_ key: StoreKey) throws -> Bool {
        guard let namespace = self.namespaceID else { return false }
        return try self.connection.first(
            .hasEntry,
            { self.bind(key, in: namespace, to: $0) },
            { $0.holds(0, utf8: key.name) }
        ) ?? false
    }

    func put(_ entry: KeptEntry, for key: StoreKey) throws {
        try self.needsWriting()
        guard let namespace = self.namespaceID else { return }
        let header = entry.header.bytes
        let number = self.number(key, in: namespace)
        var totals = try self.currentTotals()
        if let old = try self.connection.first(.entrySize, { $0.bind(1, number) }, { $0.integer(0) }) {
            totals.bytes -= old
        } else {
            totals.entries += 1
        }
        totals.bytes += Int64(SQLiteSize.overhead + key.name.utf8.count + header.count + entry.value.count)
        totals.tick += 1
        try self.connection.run(.putEntry) { row in
            self.bind(key, in: namespace, to: row)
            row.bind(4, entry.end)
            row.bind(5, totals.tick)
            row.bind(6, utf8: key.name)
            row.bind(7, header)
            row.bind(8, entry.value)
        }
        self.set(totals)
    }

    @discardableResult
    func removeEntry(_ key: StoreKey) throws -> Bool {
        try self.needsWriting()
        guard let namespace = self.namespaceID else { return false }
        let number = self.number(key, in: namespace)
        guard let size = try self.connection.first(.entrySize, { $0.bind(1, number) }, { $0.integer(0) }) else {
            return false
        }
        try self.connection.run(.removeEntry) { row in
            self.bind(key, in: namespace, to: row)
            row.bind(4, utf8: key.name)
        }
        guard self.connection.changes > 0 else { return false }
        try self.count(removed: 1, bytes: size)
        return true
    }

    // MARK: Leases

    func lease(_ key: StoreKey) throws -> KeptLease? {
        guard let namespace = self.namespaceID else { return nil }
        return try self.connection.first(.lease, { self.bind(key, in: namespace, to: $0) }) { row -> KeptLease? in
            let token = row.bytes(1)
            guard row.holds(0, utf8: key.name), token.count == 16, let marks = TagMark.parse(row.bytes(7)) else {
                return nil
            }
            return KeptLease(
                token: LeaseToken(
                    high: token.littleEndian(at: 0, as: UInt64.self),
                    low: token.littleEndian(at: 8, as: UInt64.self)
                ),
                stamp: NamespaceStamp(generation: row.bits(2), epoch: row.bits(3)),
                serial: row.bits(4),
                marks: marks,
                end: row.integer(5),
                duration: row.integer(6)
            )
        } ?? nil
    }

    func put(_ lease: KeptLease, for key: StoreKey) throws {
        try self.needsWriting()
        guard let namespace = self.namespaceID else { return }
        var token: [UInt8] = []
        token.appendLittleEndian(lease.token.high)
        token.appendLittleEndian(lease.token.low)
        var marks: [UInt8] = []
        for mark in lease.marks { marks.append(mark) }
        try self.connection.run(.putLease) { row in
            self.bind(key, in: namespace, to: row)
            row.bind(4, utf8: key.name)
            row.bind(5, token)
            row.bind(6, bits: lease.stamp.generation)
            row.bind(7, bits: lease.stamp.epoch)
            row.bind(8, bits: lease.serial)
            row.bind(9, lease.end)
            row.bind(10, lease.duration)
            row.bind(11, marks)
        }
    }

    func removeLease(_ key: StoreKey) throws -> Bool {
        try self.needsWriting()
        guard let namespace = self.namespaceID else { return false }
        try self.connection.run(.removeLease) { row in
            self.bind(key, in: namespace, to: row)
            row.bind(4, utf8: key.name)
        }
        return self.connection.changes > 0
    }

    // MARK: Walking

    func keys(after position: Int64?) throws -> (keys: [StoreKey], next: Int64?) {
        guard let namespace = self.namespaceID else { return ([], nil) }
        var keys: [StoreKey] = []
        var last: Int64?
        var count = 0
        let limit = 200
        try self.connection.query(
            .walk,
            { row in
                // A number is a hash: that one of them is the smallest integer nobody will see.
                row.bind(1, position ?? .min)
                row.bind(2, namespace)
                row.bind(3, Int64(limit))
            }
        ) { row in
            count += 1
            last = row.integer(0)
            guard let name = row.text(2) else { return }
            keys.append(StoreKey(version: Int(row.integer(1)), name: name))
        }
        return (keys, count < limit ? nil : last)
    }

    func noteForTending(_ key: StoreKey) {
        if let space = self.space { self.file.notes.noteForTending(key, in: space) }
    }

    // MARK: Rows of any namespace

    func query(
        _ statement: SQLiteStatement,
        _ bind: (SQLiteRow) -> Void,
        _ row: (SQLiteRow) throws -> Void
    ) throws {
        try self.connection.query(statement, bind, row)
    }

    /// Removes a row.
    ///
    /// - Returns: Whether there was one.
    func remove(number: Int64) throws -> Bool {
        try self.connection.run(.removeByNumber) { $0.bind(1, number) }
        return self.connection.changes > 0
    }

    /// Removes a row that has reached its end.
    func removeIfOver(number: Int64) throws {
        let found = try self.connection.first(.endAndSize, { $0.bind(1, number) }) { ($0.integer(0), $0.integer(1)) }
        guard let (end, size) = found, end <= self.now else { return }
        try self.removeEntry(number: number, size: size)
    }

    /// How many bytes the database has.
    func fileBytes() throws -> Int {
        let pages = try self.connection.first(.pages, { _ in }) { $0.integer(0) } ?? 0
        let size = try self.connection.first(.pageSize, { _ in }) { $0.integer(0) } ?? 0
        return Int(pages * size)
    }

    func markUse(_ number: Int64, _ tick: Int64) throws {
        try self.connection.run(.markUse) { row in
            row.bind(1, number)
            row.bind(2, tick)
        }
    }

    /// Removes leases and records of tags that are over.
    func removeWhatIsOver() throws {
        try self.connection.run(.removeLeasesThatAreOver) { $0.bind(1, self.now) }
        try self.connection.run(.removeTagsThatAreOver) { $0.bind(1, self.now) }
    }

    // MARK: Totals

    /// How much the store holds, with what the step has changed.
    func currentTotals() throws -> SQLiteTotals {
        if let totals = self.totals { return totals }
        let read = try self.connection.first(.totals, { _ in }) { row in
            SQLiteTotals(entries: row.integer(0), bytes: row.integer(1), tick: row.integer(2))
        }
        let totals = read ?? SQLiteTotals()
        self.totals = totals
        return totals
    }

    func set(_ totals: SQLiteTotals) {
        self.totals = totals
        self.hasChangedTotals = true
    }

    /// Counts entries that have left.
    func count(removed: Int64, bytes: Int64) throws {
        var totals = try self.currentTotals()
        totals.entries -= removed
        totals.bytes -= bytes
        self.set(totals)
    }

    /// Writes what the step has counted.
    func writeTotals() throws {
        guard self.hasChangedTotals, let totals = self.totals else { return }
        try self.connection.run(.setTotals) { row in
            row.bind(1, totals.entries)
            row.bind(2, totals.bytes)
            row.bind(3, totals.tick)
        }
    }

    /// What others may know now that the step has succeeded.
    func publish() {
        for (space, id) in self.found { space.remember(id) }
        if let totals = self.totals { self.file.note(totals) }
    }
}

extension SQLiteConnection {
    /// The record of a tag, whether it is over or not.
    func tag(_ name: String, in namespace: Int64) throws -> KeptTag? {
        try self.first(
            .tag,
            { row in
                row.bind(1, namespace)
                row.bind(2, utf8: name)
            }
        ) { row in
            KeptTag(generation: row.bits(0), freshness: row.bits(1), serial: row.bits(2), end: row.integer(3))
        }
    }
}
