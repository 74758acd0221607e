/// What makes the bytes of entries unreadable to others, or tells that others have changed them.
///
/// `LarderCrypto` has encryption with AES-GCM and ChaCha20-Poly1305, and signing alone.
///
/// With a sealer all values of a cache are sealed, cached absences and integers as well. So the store cannot add to them:
/// ``Cache/increment(_:by:initial:ttl:)`` is refused.
public protocol EntrySealer: Sendable {
    /// The mark that entries of this sealer carry.
    var id: SealID { get }

    /// Seals bytes.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - context: What the seal is bound to beside the bytes: which entry they are of. It is not written down.
    /// - Returns: The sealed bytes, with all that ``open(_:boundTo:)`` has to know, such as which key was used.
    /// - Throws: An error where sealing fails.
    func seal(_ bytes: [UInt8], boundTo context: [UInt8]) throws -> [UInt8]

    /// Opens sealed bytes.
    ///
    /// - Parameters:
    ///   - bytes: What ``seal(_:boundTo:)`` has made, or anything else.
    ///   - context: What the seal has to be bound to.
    /// - Returns: The bytes before they were sealed.
    /// - Throws: An error where they were not sealed with one of this sealer's keys, for this context.
    func open(_ bytes: [UInt8], boundTo context: [UInt8]) throws -> [UInt8]
}

/// The mark in an entry's header that says how its bytes were sealed.
public struct SealID: Sendable, Hashable {
    /// The number in the header.
    ///
    /// Those from 128 on are free for sealers outside Larder.
    public let rawValue: UInt8

    /// Makes a mark for a sealer of your own.
    ///
    /// - Parameter rawValue: A number from 128 on.
    public init(custom rawValue: UInt8) {
        precondition(rawValue >= 128, "seal marks below 128 are Larder's own")
        self.rawValue = rawValue
    }

    /// Takes the mark out of a header, whoever wrote it.
    package init(header rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Bytes as they are.
    public static let none = SealID(header: 0)
    /// AES in Galois/counter mode (NIST SP 800-38D).
    public static let aesGCM = SealID(header: 1)
    /// ChaCha20-Poly1305 (RFC 8439).
    public static let chaChaPoly = SealID(header: 2)
    /// HMAC with SHA-256 (RFC 2104): readable, but not to be changed by others.
    public static let hmacSHA256 = SealID(header: 3)
}

extension SealID: CustomStringConvertible {
    /// The seal's name, or its number where it is none of Larder's own.
    public var description: String {
        switch self {
        case .none: "none"
        case .aesGCM: "AES-GCM"
        case .chaChaPoly: "ChaCha20-Poly1305"
        case .hmacSHA256: "HMAC-SHA256"
        default: "seal \(self.rawValue)"
        }
    }
}
