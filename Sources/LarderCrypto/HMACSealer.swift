import Crypto
public import Larder

/// Signs entries with HMAC-SHA-256 (RFC 2104): all can read them, and nobody without the key can change one or make one.
///
/// Sealed bytes are: the key's number, four bytes; the bytes as they are; the code, 32 bytes. It is the code of the length of
/// what the seal is bound to (eight bytes, the least significant first), of that, of the key's number and of the bytes.
public struct HMACSealer: EntrySealer {
    /// How many bytes sealing adds.
    public static let overhead = 36

    private static let codeLength = 32

    /// The keys.
    public let keys: KeyRing

    /// The mark of this sealer.
    public var id: SealID { .hmacSHA256 }

    /// Makes a sealer.
    ///
    /// - Parameter keys: The keys; the first one signs.
    public init(_ keys: KeyRing) {
        self.keys = keys
    }

    /// Makes a sealer with one key.
    ///
    /// - Parameter key: The key.
    public init(_ key: SealingKey) { self.init(KeyRing(key)) }

    /// Signs bytes.
    public func seal(_ bytes: [UInt8], boundTo context: [UInt8]) throws -> [UInt8] {
        let key = self.keys.sealing
        let code = HMAC<SHA256>.authenticationCode(for: Self.signed(bytes[...], key, context), using: key.key)
        return key.mark + bytes + code
    }

    /// Checks bytes.
    ///
    /// - Throws: ``SealError`` where they were not signed with one of the keys, for this context.
    public func open(_ bytes: [UInt8], boundTo context: [UInt8]) throws -> [UInt8] {
        let (key, sealed) = try self.keys.key(of: bytes)
        guard sealed.count >= Self.codeLength else { throw SealError.tooShort(sealed.count) }
        let content = sealed.dropLast(Self.codeLength)
        // Compares in the same time wherever the two differ.
        let isValid = HMAC<SHA256>.isValidAuthenticationCode(
            sealed.suffix(Self.codeLength),
            authenticating: Self.signed(content, key, context),
            using: key.key
        )
        guard isValid else { throw SealError.refused }
        return [UInt8](content)
    }

    private static func signed(_ content: ArraySlice<UInt8>, _ key: SealingKey, _ context: [UInt8]) -> [UInt8] {
        var signed: [UInt8] = []
        signed.reserveCapacity(12 + context.count + content.count)
        for shift in 0..<8 as Range<UInt64> {
            signed.append(UInt8(truncatingIfNeeded: UInt64(context.count) >> (8 * shift)))
        }
        signed += context
        signed += key.mark
        signed += content
        return signed
    }
}
