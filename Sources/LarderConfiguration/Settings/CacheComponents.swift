public import Larder

/// What a program has of which its configuration chooses: stores, codecs, compressors, sealers and their keys.
///
/// ```swift
/// let components = CacheComponents(
///     stores: [.redis, .memcached, .sqlite, .files],
///     compressors: Compressors.named,
///     sealers: Sealers.named
/// )
/// ```
///
/// `LarderConfiguration` itself imports none of the modules that have these, so a program builds only what it names here.
public struct CacheComponents: Sendable {
    /// Makes a compressor of a level; `nil` is the level that it thinks best.
    public typealias CompressorMaker = @Sendable (_ level: Int?) throws -> any ByteCompressor

    /// Makes a sealer of its keys.
    public typealias SealerMaker = @Sendable (_ keys: SealingKeys) throws -> any EntrySealer

    /// What makes stores, beside those for `memory://` and `null://`.
    public var stores: [any StoreFactory]

    /// Codecs by the names that the configuration gives them, beside `json`, `messagepack` and `plist`.
    public var codecs: [String: any CacheCodec]

    /// Makers of compressors by name; `LarderCompression` has those of its compressors as `Compressors.named`.
    ///
    /// Each of them reads what it has written before the configuration chose another.
    public var compressors: [String: CompressorMaker]

    /// Makers of sealers by name; `LarderCrypto` has those of its sealers as `Sealers.named`.
    public var sealers: [String: SealerMaker]

    /// Looks a key for sealing up by its name; `nil` where there is none of the name.
    ///
    /// Where this is absent, or knows no such key, the configuration itself is asked: `encryptionKeys` has keys by name, in base
    /// 64. What it throws should hold no key.
    public var sealingKey: (@Sendable (_ name: String) throws -> [UInt8]?)?

    /// Names what the configuration may choose of.
    ///
    /// - Parameters:
    ///   - stores: What makes stores, beside those for `memory://` and `null://`.
    ///   - codecs: Codecs by name, beside `json`, `messagepack` and `plist`.
    ///   - compressors: Makers of compressors by name.
    ///   - sealers: Makers of sealers by name.
    ///   - sealingKey: Looks a key up by its name; `nil`, only the configuration has keys.
    public init(
        stores: [any StoreFactory] = [],
        codecs: [String: any CacheCodec] = [:],
        compressors: [String: CompressorMaker] = [:],
        sealers: [String: SealerMaker] = [:],
        sealingKey: (@Sendable (_ name: String) throws -> [UInt8]?)? = nil
    ) {
        self.stores = stores
        self.codecs = codecs
        self.compressors = compressors
        self.sealers = sealers
        self.sealingKey = sealingKey
    }
}
