import GRDB
import Larder

/// The tables, and how those of older versions become those of today.
///
/// Entries and leases lie under a hash of their names (``KeptHash``), so that each is one row in one tree: a table with a
/// second tree for names costs twice the pages to write. The value is the last column, so that the others are read without it.
/// Ends are milliseconds since 1970. Numbers of 64 bits without a sign are kept by their bits.
enum SQLiteSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: entries") { database in
            try database.execute(
                sql: """
                    CREATE TABLE store (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        seed1 INTEGER NOT NULL,
                        seed2 INTEGER NOT NULL,
                        entries INTEGER NOT NULL,
                        bytes INTEGER NOT NULL,
                        tick INTEGER NOT NULL
                    );
                    CREATE TABLE namespace (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        name BLOB NOT NULL UNIQUE,
                        generation INTEGER NOT NULL,
                        epoch INTEGER NOT NULL,
                        serial INTEGER NOT NULL
                    );
                    CREATE TABLE entry (
                        id INTEGER PRIMARY KEY,
                        namespace INTEGER NOT NULL,
                        version INTEGER NOT NULL,
                        "end" INTEGER NOT NULL,
                        used INTEGER NOT NULL,
                        name BLOB NOT NULL,
                        header BLOB NOT NULL,
                        value BLOB NOT NULL
                    );
                    CREATE TABLE lease (
                        id INTEGER PRIMARY KEY,
                        namespace INTEGER NOT NULL,
                        version INTEGER NOT NULL,
                        name BLOB NOT NULL,
                        token BLOB NOT NULL,
                        generation INTEGER NOT NULL,
                        epoch INTEGER NOT NULL,
                        serial INTEGER NOT NULL,
                        "end" INTEGER NOT NULL,
                        duration INTEGER NOT NULL,
                        marks BLOB NOT NULL
                    );
                    CREATE TABLE tag (
                        namespace INTEGER NOT NULL,
                        name BLOB NOT NULL,
                        generation INTEGER NOT NULL,
                        freshness INTEGER NOT NULL,
                        serial INTEGER NOT NULL,
                        "end" INTEGER NOT NULL,
                        PRIMARY KEY (namespace, name)
                    ) WITHOUT ROWID;
                    """
            )
            let seed = KeptHash.random()
            try database.execute(
                sql: "INSERT INTO store (id, seed1, seed2, entries, bytes, tick) VALUES (1, ?, ?, 0, 0, 0)",
                arguments: [Int64(bitPattern: seed.first), Int64(bitPattern: seed.second)]
            )
        }
        return migrator
    }

    /// The seed of the file's hashes; `nil` where its row is missing.
    static func seed(_ database: Database) throws -> KeptHash? {
        guard let row = try Row.fetchOne(database, sql: "SELECT seed1, seed2 FROM store WHERE id = 1") else {
            return nil
        }
        let (first, second): (Int64, Int64) = (row[0], row[1])
        return KeptHash(first: UInt64(bitPattern: first), second: UInt64(bitPattern: second))
    }
}
