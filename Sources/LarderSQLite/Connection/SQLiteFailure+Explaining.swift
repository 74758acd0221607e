import GRDB
import GRDBSQLite

extension SQLiteFailure {
    /// The error as users of GRDB know it, without values.
    var underlying: DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: self.code), message: self.message)
    }

    /// What has happened, for people.
    func explanation(_ configuration: SQLiteStoreConfiguration) -> String {
        switch self.primaryCode {
        case SQLITE_BUSY, SQLITE_LOCKED:
            "another process has kept it locked for longer than \(configuration.busyTimeout)"
        case SQLITE_FULL: "the disk is full"
        case SQLITE_READONLY: "it cannot be written"
        case SQLITE_CORRUPT, SQLITE_NOTADB: "it is damaged"
        case SQLITE_CANTOPEN: "it cannot be opened"
        case SQLITE_IOERR: "the disk has failed"
        default: "SQLite has failed"
        }
    }
}
