import GRDBSQLite

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection to the file, with its prepared statements.
///
/// It belongs to one thread at a time, which its owner sees to by a mutex: SQLite is told not to lock by itself. GRDB's own
/// connections are only reached through a dispatch queue; `docs/decisions/0026-entries-in-SQLite.md` says what that costs.
final class SQLiteConnection {
    private let handle: OpaquePointer
    private var statements: [OpaquePointer?]
    /// The first thing that has failed since this was last cleared: a verb may go on, a transaction must not be committed.
    var failure: SQLiteFailure?
    /// How many pages the log had after the last commit.
    private let logPages: UnsafeMutablePointer<Int32>
    /// When waiting for others ends.
    private let patience: UnsafeMutablePointer<ContinuousClock.Instant>

    /// Opens the file.
    ///
    /// - Parameters:
    ///   - path: The file, which is there.
    ///   - pragmas: What is set first.
    ///   - limit: How long to wait meanwhile for others who are about to make the file.
    /// - Throws: ``SQLiteFailure``.
    init(_ path: String, _ pragmas: [String], atMost limit: Duration) throws {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let handle = opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw SQLiteFailure(code: code, message: message)
        }
        self.handle = handle
        self.statements = Array(repeating: nil, count: SQLiteStatement.allCases.count)
        self.logPages = .allocate(capacity: 1)
        self.logPages.initialize(to: 0)
        self.patience = .allocate(capacity: 1)
        self.patience.initialize(to: .now)
        sqlite3_extended_result_codes(handle, 1)
        self.wait(atMost: limit)
        defer { self.wait(atMost: .zero) }
        for pragma in pragmas {
            guard sqlite3_exec(handle, "PRAGMA \(pragma)", nil, nil, nil) == SQLITE_OK else { throw self.lastFailure() }
        }
    }

    deinit {
        for statement in self.statements { sqlite3_finalize(statement) }
        sqlite3_close_v2(self.handle)
        self.logPages.deallocate()
        self.patience.deallocate()
    }

    // MARK: The connection

    /// How long to wait for others who have locked what is needed; zero, not at all.
    ///
    /// SQLite's own way of waiting (`sqlite3_busy_timeout`) sleeps up to a tenth of a second at a time, which is a thousand
    /// times what a transaction takes.
    func wait(atMost duration: Duration) {
        guard duration > .zero else {
            sqlite3_busy_handler(self.handle, nil, nil)
            return
        }
        self.patience.pointee = ContinuousClock.now.advanced(by: duration)
        sqlite3_busy_handler(
            self.handle,
            { context, attempts in
                guard let end = context?.assumingMemoryBound(to: ContinuousClock.Instant.self).pointee,
                    ContinuousClock.now < end
                else { return 0 }
                usleep(min(50 << UInt32(min(attempts, 5)), 1_000))
                return 1
            },
            self.patience
        )
    }

    /// From now on counts the pages of the log, which nobody else brings into the database then.
    func countLogPages() {
        sqlite3_wal_hook(
            self.handle,
            { context, _, _, pages in
                context?.assumingMemoryBound(to: Int32.self).pointee = pages
                return SQLITE_OK
            },
            self.logPages
        )
    }

    /// How many pages the log had after the last commit on this connection.
    var pagesInLog: Int { Int(self.logPages.pointee) }

    /// Brings what is in the log into the database, as far as no reader needs it as it was, and waits for the disk.
    func checkpoint() throws {
        guard sqlite3_wal_checkpoint_v2(self.handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil) == SQLITE_OK else {
            throw self.lastFailure()
        }
    }

    /// How many rows the last statement has changed.
    var changes: Int { Int(sqlite3_changes(self.handle)) }

    /// The number of the row that was inserted last.
    var lastInsertedID: Int64 { sqlite3_last_insert_rowid(self.handle) }

    /// Whether a transaction is open.
    var isInTransaction: Bool { sqlite3_get_autocommit(self.handle) == 0 }

    /// What has failed last, remembered until somebody looks.
    func lastFailure() -> SQLiteFailure {
        let failure = SQLiteFailure(
            code: sqlite3_extended_errcode(self.handle),
            message: String(cString: sqlite3_errmsg(self.handle))
        )
        if self.failure == nil { self.failure = failure }
        return failure
    }

    // MARK: Statements

    /// Executes a statement that returns nothing of interest.
    func run(_ statement: SQLiteStatement, _ bind: (SQLiteRow) -> Void = { _ in }) throws {
        try self.query(statement, bind) { _ in }
    }

    /// Executes a statement.
    ///
    /// - Parameters:
    ///   - statement: The statement.
    ///   - bind: Binds its parameters, to bytes that need to live no longer than that.
    ///   - row: Called for each row.
    /// - Throws: ``SQLiteFailure``; what `row` throws.
    func query(
        _ statement: SQLiteStatement,
        _ bind: (SQLiteRow) -> Void = { _ in },
        _ row: (SQLiteRow) throws -> Void
    ) throws {
        let prepared = try self.prepared(statement)
        let cursor = SQLiteRow(prepared)
        bind(cursor)
        // So that nothing stays locked, and bytes that were bound are not looked at again.
        defer { sqlite3_reset(prepared) }
        while true {
            switch sqlite3_step(prepared) {
            case SQLITE_ROW: try row(cursor)
            case SQLITE_DONE: return
            default: throw self.lastFailure()
            }
        }
    }

    /// Executes a statement that returns one row at most.
    ///
    /// - Throws: ``SQLiteFailure``; what `row` throws.
    func first<Result>(
        _ statement: SQLiteStatement,
        _ bind: (SQLiteRow) -> Void,
        _ row: (SQLiteRow) throws -> Result
    ) throws -> Result? {
        let prepared = try self.prepared(statement)
        let cursor = SQLiteRow(prepared)
        bind(cursor)
        defer { sqlite3_reset(prepared) }
        switch sqlite3_step(prepared) {
        case SQLITE_ROW: return try row(cursor)
        case SQLITE_DONE: return nil
        default: throw self.lastFailure()
        }
    }

    private func prepared(_ statement: SQLiteStatement) throws -> OpaquePointer {
        if let prepared = self.statements[statement.rawValue] { return prepared }
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(
            self.handle,
            statement.sql,
            -1,
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &prepared,
            nil
        )
        guard code == SQLITE_OK, let prepared else { throw self.lastFailure() }
        self.statements[statement.rawValue] = prepared
        return prepared
    }
}

/// A statement that is being executed: its parameters before, its columns after.
struct SQLiteRow {
    private let statement: OpaquePointer

    init(_ statement: OpaquePointer) {
        self.statement = statement
    }

    // MARK: Parameters, counted from one

    func bind(_ index: Int32, _ integer: Int64) { sqlite3_bind_int64(self.statement, index, integer) }

    func bind(_ index: Int32, bits: UInt64) { self.bind(index, Int64(bitPattern: bits)) }

    /// Binds bytes, which SQLite copies.
    func bind(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else {
            // Without an address it would be NULL.
            sqlite3_bind_zeroblob(self.statement, index, 0)
            return
        }
        sqlite3_bind_blob64(self.statement, index, base, UInt64(bytes.count), Self.copied)
    }

    func bind(_ index: Int32, _ bytes: [UInt8]) { bytes.withUnsafeBytes { self.bind(index, $0) } }

    func bind(_ index: Int32, utf8 text: String) {
        var text = text
        text.withUTF8 { self.bind(index, UnsafeRawBufferPointer($0)) }
    }

    /// SQLITE_TRANSIENT, a macro that Swift does not import.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    // MARK: Columns, counted from zero

    func integer(_ index: Int32) -> Int64 { sqlite3_column_int64(self.statement, index) }

    func bits(_ index: Int32) -> UInt64 { UInt64(bitPattern: self.integer(index)) }

    /// A column's bytes, which live until the next row.
    func bytes(_ index: Int32) -> UnsafeRawBufferPointer {
        let base = sqlite3_column_blob(self.statement, index)
        return UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(self.statement, index)))
    }

    /// A column's bytes as text; `nil` where they are none.
    func text(_ index: Int32) -> String? { String(validating: self.bytes(index), as: UTF8.self) }

    /// Whether a column's bytes are those of a text.
    func holds(_ index: Int32, utf8 text: String) -> Bool {
        let bytes = self.bytes(index)
        if let isSame = text.utf8.withContiguousStorageIfAvailable({ name in
            name.count == bytes.count && bytes.elementsEqual(name)
        }) {
            return isSame
        }
        return bytes.elementsEqual(text.utf8)
    }
}
