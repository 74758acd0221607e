import Crypto
import CryptoExtras
import Foundation

/// What is kept of a password: enough to recognise it, and dear to guess from (scrypt, RFC 7914).
///
/// Its parameters are kept with it, so that those of new ones can change.
struct PasswordHash: Sendable, Equatable {
    /// How much work a guess is: 16 MiB of memory, five times over, which takes a fraction of a second.
    struct Cost: Sendable, Equatable {
        var rounds = 16_384
        var blockSize = 8
        var parallelism = 5
    }

    private static let saltLength = 16
    private static let length = 32
    /// The most memory that a hash out of the database may ask for, in bytes.
    private static let mostMemory = 64 << 20

    private let cost: Cost
    private let salt: Data
    private let hash: Data

    /// Makes the hash of a new password.
    ///
    /// This works for a fraction of a second; call it where that keeps nobody waiting.
    ///
    /// - Parameters:
    ///   - password: The password.
    ///   - cost: How much work a guess is to be.
    /// - Throws: `CryptoKitError`.
    init(of password: String, cost: Cost = Cost()) throws {
        let salt = SymmetricKey(size: .init(bitCount: Self.saltLength * 8)).withUnsafeBytes { Data($0) }
        self.cost = cost
        self.salt = salt
        self.hash = try Self.derive(password, salt, cost)
    }

    /// Whether this is the hash of a password; it takes as long as making one.
    func matches(_ password: String) throws -> Bool {
        let given = try Self.derive(password, self.salt, self.cost)
        return constantTimeEqual(Array(given), Array(self.hash))
    }

    private static func derive(_ password: String, _ salt: Data, _ cost: Cost) throws -> Data {
        // The same letters are the same password, however a keyboard composes them.
        let password = Data(password.precomposedStringWithCompatibilityMapping.utf8)
        let key = try KDF.Scrypt.deriveKey(
            from: password,
            salt: salt,
            outputByteCount: Self.length,
            rounds: cost.rounds,
            blockSize: cost.blockSize,
            parallelism: cost.parallelism,
            maxMemory: Self.mostMemory
        )
        return key.withUnsafeBytes { Data($0) }
    }
}

extension PasswordHash: Codable {
    private var text: String {
        let numbers = [self.cost.rounds, self.cost.blockSize, self.cost.parallelism].map { "\($0)" }
        return (["scrypt"] + numbers + [self.salt.base64EncodedString(), self.hash.base64EncodedString()])
            .joined(separator: "$")
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let parts = try container.decode(String.self).split(separator: "$")
        guard parts.count == 6, parts[0] == "scrypt", let rounds = Int(parts[1]), let blockSize = Int(parts[2]),
            let parallelism = Int(parts[3]), let salt = Data(base64Encoded: String(parts[4])),
            let hash = Data(base64Encoded: String(parts[5])), hash.count == Self.length
        else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a password's hash")
        }
        self.cost = Cost(rounds: rounds, blockSize: blockSize, parallelism: parallelism)
        self.salt = salt
        self.hash = hash
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.text)
    }
}

extension PasswordHash: CustomStringConvertible, CustomReflectable {
    var description: String { "password (redacted)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
