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
                "A name has 1 to \(Accounts.longestName) letters, digits, spaces, dots, hyphens or underscores."
            case .password:
                "A password has \(Accounts.shortestPassword) to \(Accounts.longestPassword) characters."
            case .taken: "Somebody of that name has an account already."
            }
        }
    }

    static let longestName = 40
    static let shortestPassword = 10
    static let longestPassword = 200

    let database: CachedDatabase
    /// How much work it is to guess a password.
    var cost = PasswordHash.Cost()

    /// Makes an account.
    ///
    /// - Parameters:
    ///   - name: What its owner is called.
    ///   - password: The password.
    /// - Returns: The account.
    /// - Throws: ``Refusal``; `DatabaseError`.
    func register(_ name: String, password: String) async throws -> Account {
        let name = name.trimmingCharacters(in: .whitespaces).precomposedStringWithCompatibilityMapping
        guard (1...Self.longestName).contains(name.count), name.utf8.count <= 4 * Self.longestName,
            name.unicodeScalars.allSatisfy({
                CharacterSet.alphanumerics.contains($0) || " .-_".unicodeScalars.contains($0)
            })
        else { throw Refusal.name }
        guard (Self.shortestPassword...Self.longestPassword).contains(password.count) else { throw Refusal.password }
        let account = Account(name: name, password: try await self.hash(of: password), createdAt: Date())
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
    /// - Throws: `DatabaseError`.
    func account(_ name: String, password: String) async throws -> Account? {
        guard password.count <= Self.longestPassword, name.utf8.count <= 4 * Self.longestName else { return nil }
        let name = name.trimmingCharacters(in: .whitespaces).precomposedStringWithCompatibilityMapping
        let account = try await self.database.read { db in
            try Account.filter(Column("name") == name).fetchOne(db)
        }
        guard let account else {
            _ = try await self.hash(of: password)
            return nil
        }
        return try await Self.matches(account.password, password) ? account : nil
    }

    // Away from whoever waits: hashing works, and suspends nowhere.

    @concurrent private func hash(of password: String) async throws -> PasswordHash {
        try PasswordHash(of: password, cost: self.cost)
    }

    @concurrent private static func matches(_ hash: PasswordHash, _ password: String) async throws -> Bool {
        try hash.matches(password)
    }
}
