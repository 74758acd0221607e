import Foundation
import GRDB

/// Somebody who can sign in.
struct Account: Codable, Sendable, Equatable, FetchableRecord, MutablePersistableRecord {
    static let databaseTableName = "account"

    /// `nil` until it is in the database.
    var id: Int64?
    /// What they are called, as they have written it.
    let name: String
    /// What they are found by: names that differ only in case are the same; see ``AccountName/folded``.
    let foldedName: String
    /// What their password is checked with.
    let password: PasswordHash
    let createdAt: Date

    mutating func didInsert(_ inserted: InsertionSuccess) {
        self.id = inserted.rowID
    }
}
