import GRDB
import LarderSQLite
import LarderTesting

/// A random transaction of a history.
enum HistoryWriter {
    struct RolledBack: Error {}

    /// Writes at random, and tells the witness what the transaction leaves.
    ///
    /// - Throws: ``RolledBack`` where the transaction is to come to nothing.
    static func write(
        _ db: Database,
        seed: UInt64,
        _ witness: HistoryWitness
    ) throws {
        var generator = SeededGenerator(seed: seed)
        var rollsBack = false
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            if try !Self.step(db, &generator) { rollsBack = true }
        }
        if rollsBack { throw RolledBack() }
        witness.propose(try HistoryState.read(db))
    }

    /// - Returns: Whether the transaction may be committed.
    private static func step(_ db: Database, _ generator: inout SeededGenerator) throws -> Bool {
        let id = Int64.random(in: 1...24, using: &generator)
        let number = Int.random(in: 0..<40, using: &generator)
        let place = number % 4
        switch Int.random(in: 0..<32, using: &generator) {
        case 0...5:
            try db.execute(sql: "UPDATE item SET amount = ? WHERE id = ?", arguments: [number, id])
        case 6, 7:
            if var item = try HistoryItem.fetchOne(db, key: id) {
                item.place = place
                try item.save(db)
            }
        case 8, 9:
            try db.execute(sql: "UPDATE item SET amount = amount + 1 WHERE place = ?", arguments: [place])
        case 10, 11:
            try db.execute(sql: "DELETE FROM item WHERE id = ?", arguments: [id])
        case 12...15:
            let sql = "INSERT OR IGNORE INTO item VALUES (?, ?, ?, ?)"
            try db.execute(sql: sql, arguments: [id, place, number, number])
        case 16, 17:
            try db.execute(sql: "REPLACE INTO item VALUES (?, ?, ?, ?)", arguments: [id, place, number, number])
        case 18:
            try db.execute(sql: "UPDATE OR REPLACE item SET name = ? WHERE id = ?", arguments: [number, id])
        case 19:
            try db.execute(sql: "UPDATE OR IGNORE item SET id = ? WHERE id = ?", arguments: [id, place + 1])
        case 20, 21:
            let sql = "INSERT INTO remark VALUES (?, ?) ON CONFLICT(code) DO UPDATE SET amount = amount + 1"
            try db.execute(sql: sql, arguments: [place, number])
        case 22:
            try db.execute(sql: "DELETE FROM remark WHERE code = ?", arguments: [place])
        case 23, 24:
            try db.inSavepoint {
                try db.execute(sql: "UPDATE item SET amount = amount - 1")
                return number.isMultiple(of: 2) ? .rollback : .commit
            }
        case 25:
            let sql = """
                INSERT INTO item VALUES (?, 1, 1, 1)
                ON CONFLICT(id) DO UPDATE SET amount = amount + 3 ON CONFLICT(name) DO NOTHING
                """
            try db.execute(sql: sql, arguments: [id])
        case 26 where number == 0:
            try db.execute(sql: "CREATE INDEX IF NOT EXISTS item_amount ON item(amount)")
        case 26 where number == 1:
            try db.execute(sql: "DROP INDEX IF EXISTS item_amount")
        case 27 where number < 4:
            try db.execute(sql: "DELETE FROM item")
            try db.execute(sql: "INSERT INTO item VALUES (1, 1, 1, 1), (2, 2, 2, 2), (3, 3, 3, 3)")
        case 28, 29:
            return false
        default:
            try db.execute(sql: "UPDATE OR IGNORE item SET name = -id WHERE id = ?", arguments: [id])
        }
        return true
    }
}
