import Foundation
import GRDB
import LarderSQLite

/// Who can sign in.
struct Accounts: Sendable {
    /// Why there is no account.
    enum Refusal: Error, Equatable {
        case name
        case password
        case taken

        /// What the visitor is told.
        var message: String {
            switch self {
            case .name:
                "A name has 1 to \(AccountName.longest) letters, digits, spaces, dots, hyphens or underscores."
            case .password:
                "A password has \(Accounts.shortestPassword) to \(Accounts.longestPassword) characters."
            case .taken: "Somebody of that name has an account already."
            }
        }
    }

    static let shortestPassword = 10
    static let longestPassword = 200

    let database: CachedDatabase
    /// How much work it is to guess a password.
    var cost = PasswordHash.Cost()
    /// Where that work is done.
    let work = PasswordWork()

    /// Makes an account.
    ///
    /// - Parameters:
    ///   - name: What its owner is called.
    ///   - password: The password.
    /// - Returns: The account.
    /// - Throws: ``Refusal``; ``PasswordWork/Full``; `DatabaseError`.
    func register(_ name: String, password: String) async throws -> Account {
        guard let name = AccountName(name) else { throw Refusal.name }
        guard (Self.shortestPassword...Self.longestPassword).contains(password.count) else { throw Refusal.password }
        let account = Account(
            name: name.shown,
            foldedName: name.folded,
            password: try await self.hash(of: password),
            createdAt: Date()
        )
        do {
            return try await self.database.write { db in try account.inserted(db) }
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            throw Refusal.taken
        }
    }

    /// The account of a name, if the password is its own.
    ///
    /// It takes the same time where there is no such account.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - password: The password.
    /// - Returns: The account; `nil` where name and password do not belong together.
    /// - Throws: ``PasswordWork/Full``; `DatabaseError`.
    func account(_ name: AccountName, password: String) async throws -> Account? {
        guard password.count <= Self.longestPassword else { return nil }
        let account = try await self.database.read { db in
            try Account.filter(Column("foldedName") == name.folded).fetchOne(db)
        }
        guard let account else {
            _ = try await self.hash(of: password)
            return nil
        }
        let hash = account.password
        return try await self.work.run { try hash.matches(password) } ? account : nil
    }

    private func hash(of password: String) async throws -> PasswordHash {
        let cost = self.cost
        return try await self.work.run { try PasswordHash(of: password, cost: cost) }
    }
}
