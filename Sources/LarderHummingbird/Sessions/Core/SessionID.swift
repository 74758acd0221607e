import Crypto
import Larder

/// The secret by which a browser names its session: 192 random bits.
///
/// Who knows it has the session, so it is never printed, and stores do not get to know it: they keep sessions under its
/// ``reference``.
public struct SessionID: Sendable, Hashable {
    /// How many bytes of randomness there are in an id, from the system's generator.
    static let byteCount = 24

    /// How many characters an id has.
    static let length = 32

    /// The id's text: 32 characters of base 64 for URLs (RFC 4648, section 5).
    ///
    /// For the cookie, and for nothing that anybody else sees.
    public let secret: String

    /// Draws a new id.
    public init() {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        for _ in 0..<(Self.byteCount / 8) {
            let word: UInt64 = generator.next()
            for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        self.secret = Base64URL.text(of: bytes)
    }

    /// Takes an id that somebody presents.
    ///
    /// It is `nil` where it cannot be an id, whatever sessions there are.
    ///
    /// - Parameter text: The text.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.length, text.utf8.allSatisfy(Base64URL.isDigit) else { return nil }
        self.secret = String(text)
    }

    /// The name of the session that everybody may know: the SHA-256 of the id.
    public var reference: SessionReference {
        SessionReference(digest: SHA256.hash(data: Array("larder session \(self.secret)".utf8)))
    }
}

extension SessionID: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Nothing of the id.
    public var description: String { "session id (redacted)" }

    /// Nothing of the id.
    public var debugDescription: String { self.description }

    /// Nothing of the id.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The name of a session that gives nobody the session: for lists of a user's sessions, for logs, for the button that ends one.
public struct SessionReference: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The name: 64 hexadecimal digits.
    public let text: String

    /// Takes a name out of a list, a form or a path.
    ///
    /// It is `nil` where it is not 64 hexadecimal digits in lower case.
    ///
    /// - Parameter text: The text.
    public init?(_ text: some StringProtocol) {
        let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard text.utf8.count == 2 * SHA256.byteCount, isPlain else { return nil }
        self.text = String(text)
    }

    init(digest: SHA256.Digest) {
        self.text = digest.map { Self.hexadecimal($0) }.joined()
    }

    /// Reads a name.
    ///
    /// - Throws: `DecodingError` where it is none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let reference = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not the name of a session")
        }
        self = reference
    }

    /// Writes the name as text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.text)
    }

    /// The name.
    public var description: String { self.text }

    /// Where a session is kept.
    var key: CacheKey<SessionRecord> { "session:\(self.text)" }

    /// A hash of text that may be of any length and hold anything, as a part of keys and tags.
    static func hash(of text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map { Self.hexadecimal($0) }.joined()
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }
}
