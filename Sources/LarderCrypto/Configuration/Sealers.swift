import Crypto
public import Larder

/// The sealers of this module by name, for configurations.
public enum Sealers: Sendable {
    /// `aes-gcm`, `chacha20-poly1305`, and `hmac-sha256`, which signs only: makers of each from its keys.
    ///
    /// ```swift
    /// let components = CacheComponents(stores: [.redis], sealers: Sealers.named)
    /// ```
    ///
    /// A key's number follows from its name, so a new key needs a new name.
    public static let named: [String: @Sendable (_ keys: SealingKeys) throws -> any EntrySealer] = [
        "aes-gcm": { keys in AESGCMSealer(try KeyRing(keys)) },
        "chacha20-poly1305": { keys in ChaChaPolySealer(try KeyRing(keys)) },
        "hmac-sha256": { keys in HMACSealer(try KeyRing(keys)) },
    ]
}

extension SealingKey {
    /// Takes a key as a configuration names it.
    ///
    /// The number that sealed bytes name it by is the first four bytes of the name's SHA-256: all processes that call a key the same
    /// find it, and none has to number its keys.
    ///
    /// - Parameter key: The key; it has to have ``length`` bytes.
    /// - Throws: `CacheError` with `.invalidArgument` where it has more or fewer.
    public init(_ key: SealingKeys.Key) throws {
        guard key.bytes.count == Self.length else {
            throw CacheError(
                .invalidArgument,
                "the key \(key.name.debugDescription) has \(key.bytes.count) bytes; accepted are \(Self.length)"
            )
        }
        let number = SHA256.hash(data: Array(key.name.utf8)).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        try self.init(number, bytes: key.bytes)
    }
}

extension KeyRing {
    /// Makes a ring of the keys that a configuration names.
    ///
    /// - Parameter keys: The keys.
    /// - Throws: `CacheError` with `.invalidArgument` where one has the wrong length, or two have the same name.
    public init(_ keys: SealingKeys) throws {
        var names: Set<String> = []
        for key in [keys.current] + keys.previous where !names.insert(key.name).inserted {
            throw CacheError(
                .invalidArgument,
                "the key \(key.name.debugDescription) is there twice; accepted is each key once"
            )
        }
        try self.init(([keys.current] + keys.previous).map { try SealingKey($0) })
    }
}
