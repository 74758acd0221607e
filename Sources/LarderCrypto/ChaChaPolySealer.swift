import Crypto
public import Larder

/// Encrypts entries with ChaCha20-Poly1305 (RFC 8439): for processors without AES.
///
/// Sealed bytes are: the key's number, four bytes; a random nonce, twelve; the bytes encrypted; the tag, sixteen. What the seal
/// is bound to is the associated data, with the key's number behind it.
public struct ChaChaPolySealer: EntrySealer {
    /// How many bytes sealing adds.
    public static let overhead = 32

    /// The keys.
    public let keys: KeyRing

    /// The mark of this sealer.
    public var id: SealID { .chaChaPoly }

    /// Makes a sealer.
    ///
    /// - Parameter keys: The keys; the first one seals.
    public init(_ keys: KeyRing) {
        self.keys = keys
    }

    /// Makes a sealer with one key.
    ///
    /// - Parameter key: The key.
    public init(_ key: SealingKey) { self.init(KeyRing(key)) }

    /// Encrypts bytes.
    ///
    /// - Throws: What the library throws if it fails.
    public func seal(_ bytes: [UInt8], boundTo context: [UInt8]) throws -> [UInt8] {
        let key = self.keys.sealing
        return key.mark + (try Self.sealed(bytes, key.key, ChaChaPoly.Nonce(), context + key.mark))
    }

    /// Decrypts bytes.
    ///
    /// - Throws: ``SealError`` where they were not sealed with one of the keys, for this context.
    public func open(_ bytes: [UInt8], boundTo context: [UInt8]) throws -> [UInt8] {
        let (key, sealed) = try self.keys.key(of: bytes)
        return try Self.opened(sealed, key.key, context + key.mark)
    }

    /// Nonce, encrypted bytes and tag.
    static func sealed(
        _ bytes: [UInt8],
        _ key: SymmetricKey,
        _ nonce: ChaChaPoly.Nonce,
        _ associated: [UInt8]
    ) throws -> [UInt8] {
        let box = try ChaChaPoly.seal(bytes, using: key, nonce: nonce, authenticating: associated)
        return [UInt8](nonce) + box.ciphertext + box.tag
    }

    /// The bytes before they were encrypted.
    static func opened(
        _ sealed: ArraySlice<UInt8>,
        _ key: SymmetricKey,
        _ associated: [UInt8]
    ) throws(SealError) -> [UInt8] {
        guard sealed.count >= 12 + 16 else { throw SealError.tooShort(sealed.count) }
        do {
            let box = try ChaChaPoly.SealedBox(combined: sealed)
            return [UInt8](try ChaChaPoly.open(box, using: key, authenticating: associated))
        } catch {
            throw SealError.refused
        }
    }
}
