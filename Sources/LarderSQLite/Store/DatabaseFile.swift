import GRDB
import Larder
import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Finds out what a file is, and makes it what the store needs.
///
/// Three kinds of files are never touched: what is no database, a database of somebody else, and a cache of a newer program.
/// A cache that is damaged may be thrown away, unless another process uses it: that would go on with the old file, and the
/// invalidations of one would not reach the other. So every store holds a lock on a file beside the database, shared with others,
/// and only who can have it alone replaces the database.
final class DatabaseFile: Sendable {
    /// The mark in a database's header that says that it is ours: "LARD".
    private static let applicationID: Int32 = 0x4C41_5244

    private let configuration: SQLiteStoreConfiguration
    private let lock: Int32

    /// The seed of the file's hashes.
    let hash: KeptHash

    /// Opens the file, or makes it.
    ///
    /// - Throws: `CacheError` with `.fileFailed`.
    init(_ configuration: SQLiteStoreConfiguration) throws {
        self.configuration = configuration
        self.lock = try Self.openLock(configuration)
        do {
            self.hash = try Self.prepare(configuration, self.lock)
        } catch {
            close(self.lock)
            throw error
        }
    }

    deinit {
        flock(self.lock, LOCK_UN)
        close(self.lock)
    }

    private static func openLock(_ configuration: SQLiteStoreConfiguration) throws -> Int32 {
        let path = "\(configuration.path)-lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Self.failure(path, "could not be opened: \(String(cString: strerror(errno)))")
        }
        // Somebody who has it alone has it only for the moment in which he renames files.
        var attempts = 0
        while flock(descriptor, LOCK_SH | LOCK_NB) < 0 {
            attempts += 1
            guard errno == EWOULDBLOCK || errno == EINTR, attempts < 200 else {
                let reason = String(cString: strerror(errno))
                close(descriptor)
                throw Self.failure(path, "could not be locked: \(reason)")
            }
            usleep(10_000)
        }
        return descriptor
    }

    private static func failure(_ path: String, _ what: String, _ underlying: (any Error)? = nil) -> CacheError {
        CacheError(.fileFailed, "\(path) \(what)", underlying: underlying)
    }

    private static func prepare(_ configuration: SQLiteStoreConfiguration, _ lock: Int32) throws -> KeptHash {
        let path = configuration.path
        // Keys may tell something of users, so only this user can read it.
        let made = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if made >= 0 { close(made) }
        if access(Self.damageMark(path), F_OK) == 0 {
            try Self.replace(configuration, lock, "a process has found it damaged")
            return try Self.setUp(configuration)
        }
        do {
            return try Self.setUp(configuration)
        } catch let error as CacheError {
            guard let cause = error.underlying as? DatabaseError,
                cause.resultCode == .SQLITE_CORRUPT || cause.resultCode == .SQLITE_NOTADB
            else { throw error }
            try Self.replace(configuration, lock, cause.message ?? "SQLite could not read it")
            return try Self.setUp(configuration)
        }
    }

    /// Looks at the first bytes of a file that SQLite cannot read.
    ///
    /// Only while nobody else has the file open, this process included: when a process closes a file, all locks of the process
    /// on it are gone, those of SQLite's connections as well (POSIX).
    ///
    /// - Throws: `CacheError` with `.fileFailed` where they do not say that it is a cache of ours.
    private static func checkThatItIsOurs(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Self.failure(path, "could not be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var header = [UInt8](repeating: 0, count: 100)
        guard read(descriptor, &header, header.count) == header.count,
            header.starts(with: Array("SQLite format 3\0".utf8))
        else { throw Self.failure(path, "is no SQLite database, and is left as it is") }
        guard header.withUnsafeBytes({ $0.bigEndian(at: 68, as: Int32.self) }) == Self.applicationID else {
            throw Self.failure(path, "is a damaged database of something else, and is left as it is")
        }
    }

    // MARK: Damage

    private static func damageMark(_ path: String) -> String { "\(path)-damaged" }

    /// Notes that the file was found to be damaged, so that whoever opens it next begins with an empty one.
    static func markDamaged(_ configuration: SQLiteStoreConfiguration) {
        guard configuration.onDamage == .startEmpty else { return }
        let descriptor = open(Self.damageMark(configuration.path), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        // Without the mark the next one finds out for himself.
        if descriptor >= 0 { close(descriptor) }
    }

    /// Renames the files of a damaged database.
    private static func replace(_ configuration: SQLiteStoreConfiguration, _ lock: Int32, _ reason: String) throws {
        let path = configuration.path
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw Self.failure(path, "is damaged, and cannot be replaced while other processes use it: \(reason)")
        }
        defer { flock(lock, LOCK_SH) }
        try Self.checkThatItIsOurs(path)
        guard configuration.onDamage == .startEmpty else {
            throw Self.failure(path, "is damaged, and the store is not to begin with an empty file: \(reason)")
        }
        let suffix = "damaged-\(Int(Date().timeIntervalSince1970))"
        for part in ["", "-wal", "-shm"] where access("\(path)\(part)", F_OK) == 0 {
            guard rename("\(path)\(part)", "\(path).\(suffix)\(part)") == 0 else {
                throw Self.failure(
                    "\(path)\(part)",
                    "is damaged and could not be renamed: \(String(cString: strerror(errno)))"
                )
            }
        }
        unlink(Self.damageMark(path))
        configuration.logger.error(
            "A cache's database is damaged; it was renamed, and the cache begins empty",
            metadata: ["larder.path": "\(path)", "larder.renamed": "\(path).\(suffix)", "larder.error": "\(reason)"]
        )
    }

    // MARK: Setting up

    /// Makes the tables, or brings them up to date.
    ///
    /// - Returns: The seed of the file's hashes.
    private static func setUp(_ configuration: SQLiteStoreConfiguration) throws -> KeptHash {
        let deadline = ContinuousClock.now.advanced(by: configuration.busyTimeout)
        while true {
            do {
                return try Self.trySetUp(configuration)
            } catch let error as DatabaseError {
                // Where two processes make the file at the same time, SQLite does not always wait by itself; and GRDB looks
                // which migrations there are before it has the lock, so the tables that it makes can be there by then.
                let retried: [ResultCode] = [.SQLITE_BUSY, .SQLITE_ERROR, .SQLITE_CONSTRAINT]
                if retried.contains(error.resultCode), ContinuousClock.now < deadline {
                    usleep(10_000)
                    continue
                }
                throw Self.failure(configuration.path, "could not be made ready", error)
            }
        }
    }

    private static func trySetUp(_ configuration: SQLiteStoreConfiguration) throws -> KeptHash {
        var options = Configuration()
        options.label = "larder.sqlite"
        let (seconds, attoseconds) = configuration.busyTimeout.components
        options.busyMode = .timeout(Double(seconds) + Double(attoseconds) / 1e18)
        let queue = try DatabaseQueue(path: configuration.path, configuration: options)
        try queue.writeWithoutTransaction { try Self.prepare($0, configuration.path) }
        let migrator = SQLiteSchema.migrator
        if try queue.read({ try migrator.hasBeenSuperseded($0) }) {
            throw Self.failure(configuration.path, "was made by a newer version of Larder, and is left as it is")
        }
        try migrator.migrate(queue)
        let hash = try queue.read { try SQLiteSchema.seed($0) }
        try queue.close()
        guard let hash else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the row with the file's seed is missing")
        }
        return hash
    }

    private static func prepare(_ database: Database, _ path: String) throws {
        let found = try Int32.fetchOne(database, sql: "PRAGMA application_id")
        if found != Self.applicationID {
            guard try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0 else {
                throw Self.failure(path, "is a database of something else, and is left as it is")
            }
            // Has to come before the first table.
            try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            try database.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
        }
        let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            throw Self.failure(path, "lies where SQLite cannot keep a log that processes share")
        }
    }
}
