import Foundation
import GRDB

/// What somebody would write who keeps values in a table through GRDB: one cached statement for each call.
struct SQLitePeer: Sendable {
    private let pool: DatabasePool

    private static let select = "SELECT value FROM entry WHERE key = ?"
    private static let insert = "INSERT OR REPLACE INTO entry (key, value) VALUES (?, ?)"

    init(path: String) throws {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        // As ours: has to come before the first table.
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { database in
            try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            try database.execute(sql: "CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        }
        try queue.close()
        self.pool = try DatabasePool(path: path, configuration: configuration)
    }

    func get(_ key: String) throws -> [UInt8]? { try self.pool.read { try Self.get(key, $0) } }

    func getAsync(_ key: String) async throws -> [UInt8]? { try await self.pool.read { try Self.get(key, $0) } }

    func set(_ key: String, _ value: [UInt8]) throws { try self.pool.write { try Self.set(key, value, $0) } }

    func setAsync(_ key: String, _ value: [UInt8]) async throws {
        try await self.pool.write { try Self.set(key, value, $0) }
    }

    private static func get(_ key: String, _ database: Database) throws -> [UInt8]? {
        let statement = try database.cachedStatement(sql: Self.select)
        return try Data.fetchOne(statement, arguments: [key]).map { [UInt8]($0) }
    }

    private static func set(_ key: String, _ value: [UInt8], _ database: Database) throws {
        let statement = try database.cachedStatement(sql: Self.insert)
        try statement.execute(arguments: [key, Data(value)])
    }
}
