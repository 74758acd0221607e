/// A named cache, before it is made: where its entries live, and what it does with them.
///
/// ```swift
/// let caches = try Caches([
///     CacheDefinition("pages", url: "memory://?bytes=256MiB", defaults: .init(ttl: .minutes(5))),
///     CacheDefinition("sessions", url: "redis://cache.internal/1?near_cache=10000"),
/// ], stores: [.redis])
/// ```
public struct CacheDefinition: Sendable {
    /// The name under which the program asks for the cache: letters, digits, `-` and `_`, a letter first.
    public var name: String

    /// Where the entries live; which schemes there are, the store factories say that ``Caches`` is given.
    public var url: String

    /// Options of the store, as they may also stand in the query of the URL.
    public var options: [String: String]

    /// The cache's part of the store; `nil`, one of the cache's own name.
    public var namespace: CacheNamespace?

    /// The version of keys that do not say another one.
    public var version: Int

    /// What the cache does where a call says nothing.
    public var defaults: CacheDefaults

    /// How values become bytes, in stores that keep bytes.
    public var codec: any CacheCodec

    /// Which of these bytes are compressed, and how; `nil`, none.
    public var compression: EntryCompression?

    /// What encrypts or signs them; `nil`, nothing.
    public var sealer: (any EntrySealer)?

    /// Describes a cache.
    ///
    /// - Parameters:
    ///   - name: The name under which the program asks for it.
    ///   - url: Where the entries live.
    ///   - options: Options of the store, as they may also stand in the query of the URL.
    ///   - namespace: The cache's part of the store; `nil`, one of the cache's own name.
    ///   - version: The version of keys that do not say another one.
    ///   - defaults: What the cache does where a call says nothing.
    ///   - codec: How values become bytes, in stores that keep bytes.
    ///   - compression: Which of these bytes are compressed, and how.
    ///   - sealer: What encrypts or signs them.
    public init(
        _ name: String,
        url: String,
        options: [String: String] = [:],
        namespace: CacheNamespace? = nil,
        version: Int = 1,
        defaults: CacheDefaults = CacheDefaults(),
        codec: any CacheCodec = JSONCodec(),
        compression: EntryCompression? = nil,
        sealer: (any EntrySealer)? = nil
    ) {
        self.name = name
        self.url = url
        self.options = options
        self.namespace = namespace
        self.version = version
        self.defaults = defaults
        self.codec = codec
        self.compression = compression
        self.sealer = sealer
    }

    /// Whether a text can be the name of a cache: ASCII letters, digits, `-` and `_`, a letter first, so that every source of
    /// settings can spell it.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first | 0x20) else { return false }
        return text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
        }
    }

    /// What ``isName(_:)`` accepts, in words.
    package static let nameForm = "letters, digits, - and _, a letter first"
}
