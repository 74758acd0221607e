#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How the values of one type become bytes: text and bytes as they are, everything else through a codec.
struct ValueCoding<Value: Codable> {
    let codec: any CacheCodec

    func encode(_ value: Value) throws -> EncodedValue {
        // The types are compared first: a cast alone takes every empty array for an empty `[UInt8]`.
        if Value.self == String.self, let text = value as? String {
            return .init(codec: .text, bytes: Array(text.utf8))
        }
        if Value.self == [UInt8].self, let bytes = value as? [UInt8] { return .init(codec: .bytes, bytes: bytes) }
        if Value.self == Data.self, let data = value as? Data { return .init(codec: .bytes, bytes: [UInt8](data)) }
        if let optional = value as? any OptionalCoding { return try optional.encodeWrapped(self.codec) }
        do {
            if let value = value as? any ByteCodable { return .init(codec: .bytes, bytes: try value.encodedBytes()) }
            return .init(codec: self.codec.id, bytes: try self.codec.encode(value))
        } catch {
            throw CacheError(.encodingFailed, "a \(Value.self) could not be encoded", underlying: CodingFault(error))
        }
    }

    func decode(_ encoded: EncodedValue) throws -> Value {
        if let optional = Value.self as? any OptionalCoding.Type {
            return try self.decodeWrapped(optional, encoded)
        }
        switch encoded.codec {
        case .text where Value.self == String.self:
            if let value = String(validating: encoded.bytes, as: UTF8.self) as? Value { return value }
        case .bytes where Value.self == [UInt8].self:
            if let value = encoded.bytes as? Value { return value }
        case .bytes where Value.self == Data.self:
            if let value = Data(encoded.bytes) as? Value { return value }
        case .bytes:
            guard let type = Value.self as? any ByteCodable.Type else { break }
            do {
                if let value = try type.init(encodedBytes: encoded.bytes) as? Value { return value }
            } catch {
                throw CacheError(.decodingFailed, "the bytes are not a \(Value.self)", underlying: CodingFault(error))
            }
        default:
            guard let codec = self.codec(marked: encoded.codec) else { break }
            do {
                return try codec.decode(Value.self, from: encoded.bytes)
            } catch {
                throw CacheError(.decodingFailed, "the bytes are not a \(Value.self)", underlying: CodingFault(error))
            }
        }
        throw CacheError(.decodingFailed, "a \(Value.self) cannot be read from codec \(encoded.codec.rawValue)")
    }

    /// The codec that reads what carries a mark: the cache's own, or one of Larder's.
    ///
    /// So a cache can change its codec while entries of the old one live.
    private func codec(marked id: CodecID) -> (any CacheCodec)? {
        if id == self.codec.id { return self.codec }
        switch id {
        case .json: return BuiltInCodecs.json
        case .messagePack: return BuiltInCodecs.messagePack
        case .propertyList: return BuiltInCodecs.propertyList
        default: return nil
        }
    }

    /// The value that an integer in a store stands for; `nil` where it is none of this type.
    func value(of integer: Int64) -> Value? {
        if Value.self == Int.self { return Int(integer) as? Value }
        if let type = Value.self as? any FixedWidthInteger.Type { return Self.exactly(integer, as: type) }
        return (Value.self as? any OptionalCoding.Type)?.wrapping(integer, self.codec) as? Value
    }

    /// The `nil` of an optional type.
    var absence: Value? {
        guard let optional = Value.self as? any OptionalCoding.Type else { return nil }
        return Self.absence(of: optional)
    }

    private static func exactly<Integer: FixedWidthInteger>(_ integer: Int64, as type: Integer.Type) -> Value? {
        Integer(exactly: integer) as? Value
    }

    private static func absence<Wrapping: OptionalCoding>(of type: Wrapping.Type) -> Value? {
        Wrapping.absence as? Value
    }

    private func decodeWrapped<Wrapping: OptionalCoding>(
        _ type: Wrapping.Type,
        _ encoded: EncodedValue
    ) throws -> Value {
        guard let value = try Wrapping.decodingWrapped(encoded, self.codec) as? Value else {
            throw CacheError(.decodingFailed, "the bytes are not a \(Value.self)")
        }
        return value
    }
}

/// Larder's codecs as they read entries of caches that have another one; each is made when it is first needed.
private enum BuiltInCodecs {
    static let json = JSONCodec()
    static let messagePack = MessagePackCodec()
    static let propertyList = PropertyListCodec()
}

/// What `Optional` can do here without anyone naming its wrapped type.
///
/// `nil` itself is a mark on the entry, so the wrapped value keeps its own coding: a `String?` is stored as text.
protocol OptionalCoding {
    static var absence: Self { get }
    var isNone: Bool { get }
    func encodeWrapped(_ codec: any CacheCodec) throws -> EncodedValue
    static func decodingWrapped(_ encoded: EncodedValue, _ codec: any CacheCodec) throws -> Self
    static func wrapping(_ integer: Int64, _ codec: any CacheCodec) -> Self?
}

extension Optional: OptionalCoding where Wrapped: Codable {
    static var absence: Self { .none }

    var isNone: Bool {
        if case .none = self { true } else { false }
    }

    func encodeWrapped(_ codec: any CacheCodec) throws -> EncodedValue {
        guard let value = self else {
            throw CacheError(.encodingFailed, "an optional within an optional that is nil has no form in bytes")
        }
        return try ValueCoding<Wrapped>(codec: codec).encode(value)
    }

    static func decodingWrapped(_ encoded: EncodedValue, _ codec: any CacheCodec) throws -> Self {
        .some(try ValueCoding<Wrapped>(codec: codec).decode(encoded))
    }

    static func wrapping(_ integer: Int64, _ codec: any CacheCodec) -> Self? {
        ValueCoding<Wrapped>(codec: codec).value(of: integer).map(Self.some)
    }
}
