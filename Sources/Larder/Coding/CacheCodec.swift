/// Turns `Codable` values into bytes and back.
///
/// A cache uses one codec for all of its values but `String`, integers and raw bytes, which need none. Each entry is marked
/// with the codec that wrote it. Whatever its own codec, a cache reads entries of ``JSONCodec``, ``MessagePackCodec`` and
/// ``PropertyListCodec``, so that it can change from one to another while entries live; others are misses.
public protocol CacheCodec: Sendable {
    /// The mark that entries of this codec carry.
    var id: CodecID { get }

    /// Turns a value into bytes.
    ///
    /// - Throws: Whatever the value's own encoding throws.
    func encode<Value: Encodable>(_ value: Value) throws -> [UInt8]

    /// Turns bytes into a value.
    ///
    /// - Throws: An error where the bytes are not of this type. The cache takes that for a miss.
    func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value
}

/// The mark in an entry's header that says what its bytes are.
public struct CodecID: Sendable, Hashable {
    /// The number in the header.
    ///
    /// Those from 128 on are free for codecs outside Larder.
    public let rawValue: UInt8

    /// Makes a mark for a codec of your own.
    ///
    /// - Parameter rawValue: A number from 128 on.
    public init(custom rawValue: UInt8) {
        precondition(rawValue >= 128, "codec marks below 128 are Larder's own")
        self.rawValue = rawValue
    }

    /// Takes the mark out of a header, whoever wrote it.
    package init(header rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Bytes as they are.
    public static let bytes = CodecID(header: 0)
    /// UTF-8 text.
    public static let text = CodecID(header: 1)
    /// A signed integer of 64 bits, the most significant byte first.
    public static let integer = CodecID(header: 2)
    /// JSON (RFC 8259).
    public static let json = CodecID(header: 3)
    /// MessagePack, see ``MessagePackCodec``.
    public static let messagePack = CodecID(header: 4)
    /// A binary property list, see ``PropertyListCodec``.
    public static let propertyList = CodecID(header: 5)
}

extension CodecID: CustomStringConvertible {
    /// The codec's name, or its number where it is none of Larder's own.
    public var description: String {
        switch self {
        case .bytes: "bytes"
        case .text: "text"
        case .integer: "integer"
        case .json: "json"
        case .messagePack: "messagepack"
        case .propertyList: "plist"
        default: "codec \(self.rawValue)"
        }
    }
}
