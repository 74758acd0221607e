import Crypto
import Larder

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A secret key of 256 bits, and the number by which sealed bytes name it.
///
/// It is never printed: neither its description nor a debugger's view of it has a byte of it.
public struct SealingKey: Sendable {
    /// How many bytes a key has.
    public static let length = 32

    /// How many bytes a secret has at least of which a key is derived.
    public static let shortestSecret = 16

    /// The number that stands in what was sealed with this key.
    ///
    /// A new key has a new one.
    public let number: UInt32

    let key: SymmetricKey

    /// Takes the bytes of a key.
    ///
    /// - Parameters:
    ///   - number: The key's number.
    ///   - bytes: ``length`` random bytes.
    /// - Throws: `CacheError` with `.invalidArgument` where there are more or fewer.
    public init(_ number: UInt32, bytes: [UInt8]) throws {
        guard bytes.count == Self.length else {
            throw CacheError(
                .invalidArgument,
                "key \(number) has \(bytes.count) bytes; a key has to have \(Self.length)"
            )
        }
        self.number = number
        self.key = SymmetricKey(data: bytes)
    }

    /// Takes a key as `openssl rand -base64 32` prints it.
    ///
    /// - Parameters:
    ///   - number: The key's number.
    ///   - base64: ``length`` random bytes in base 64.
    /// - Throws: `CacheError` with `.invalidArgument` where it is not base 64 (RFC 4648, section 4), or of another length.
    public init(_ number: UInt32, base64: String) throws {
        guard let data = Data(base64Encoded: base64) else {
            throw CacheError(.invalidArgument, "key \(number) is not base 64")
        }
        try self.init(number, bytes: [UInt8](data))
    }

    /// Derives a key from a secret that is used for other things as well (HKDF with SHA-256, RFC 5869).
    ///
    /// The secret has to be random: a password that people remember is guessed, and this does nothing to slow that down.
    ///
    /// - Parameters:
    ///   - number: The key's number; another number makes another key of the same secret.
    ///   - secret: At least ``shortestSecret`` bytes.
    /// - Throws: `CacheError` with `.invalidArgument` where the secret is shorter.
    public init(_ number: UInt32, derivedFrom secret: [UInt8]) throws {
        guard secret.count >= Self.shortestSecret else {
            throw CacheError(
                .invalidArgument,
                "the secret of key \(number) has \(secret.count) bytes; it has to have \(Self.shortestSecret) or more"
            )
        }
        self.number = number
        self.key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret),
            salt: Array("larder".utf8),
            info: Array("sealing key \(number)".utf8),
            outputByteCount: Self.length
        )
    }

    /// The number as it stands before sealed bytes, the least significant byte first.
    var mark: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self.number >> (8 * UInt32($0))) } }
}

extension SealingKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The number, and nothing of the key.
    public var description: String { "key \(self.number) (redacted)" }

    /// The number, and nothing of the key.
    public var debugDescription: String { self.description }

    /// The number, and nothing of the key.
    public var customMirror: Mirror { Mirror(self, children: ["number": self.number]) }
}

/// The keys of a sealer: the first one seals, all of them open.
///
/// To take a new key into use while several processes run, first add it behind the others everywhere; then put it first
/// everywhere; and when nothing that the old one has sealed lives any more, remove that. Entries whose key is gone are misses.
///
/// A key that seals with random nonces of 96 bits, as ``AESGCMSealer`` and ``ChaChaPolySealer`` do, should not seal more than
/// 2³² entries (NIST SP 800-38D, section 8.3): by then two of them share their nonce with a probability of 2⁻³³. At a
/// thousand writes a second that is seven weeks.
public struct KeyRing: Sendable {
    /// The keys, the one that seals first.
    public let keys: [SealingKey]

    private let byNumber: [UInt32: SealingKey]

    /// What seals.
    let sealing: SealingKey

    /// Makes a ring.
    ///
    /// - Parameter keys: The keys, the one that seals first.
    /// - Throws: `CacheError` with `.invalidArgument` where there is none, or two have the same number.
    public init(_ keys: [SealingKey]) throws {
        guard let first = keys.first else { throw CacheError(.invalidArgument, "a key ring needs a key") }
        var byNumber: [UInt32: SealingKey] = [:]
        for key in keys {
            guard byNumber.updateValue(key, forKey: key.number) == nil else {
                throw CacheError(.invalidArgument, "two keys have the number \(key.number)")
            }
        }
        self.keys = keys
        self.byNumber = byNumber
        self.sealing = first
    }

    /// Makes a ring of one key.
    ///
    /// - Parameter key: The key.
    public init(_ key: SealingKey) {
        self.keys = [key]
        self.byNumber = [key.number: key]
        self.sealing = key
    }

    /// Finds the key that sealed bytes name.
    ///
    /// - Parameter bytes: The sealed bytes.
    /// - Returns: The key, and what stands behind its number.
    /// - Throws: ``SealError``.
    func key(of bytes: [UInt8]) throws(SealError) -> (SealingKey, ArraySlice<UInt8>) {
        guard bytes.count >= 4 else { throw SealError.tooShort(bytes.count) }
        let number = bytes.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard let key = self.byNumber[number] else { throw SealError.unknownKey(number) }
        return (key, bytes.dropFirst(4))
    }
}

extension KeyRing: CustomStringConvertible {
    /// The numbers of the keys.
    public var description: String { "keys \(self.keys.map { "\($0.number)" }.joined(separator: ", "))" }
}

/// Why sealed bytes do not open.
public enum SealError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There are too few bytes to be sealed ones.
    case tooShort(Int)
    /// The ring has no key of this number.
    case unknownKey(UInt32)
    /// The bytes or what they are bound to are not what was sealed.
    case refused

    /// What happened, in a few words.
    public var description: String {
        switch self {
        case .tooShort(let count): "\(count) bytes are too few to be sealed"
        case .unknownKey(let number): "the ring has no key \(number)"
        case .refused: "the seal does not fit"
        }
    }
}
