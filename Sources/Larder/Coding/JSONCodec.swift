#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Values as JSON (RFC 8259): readable by people and by every other language.
public struct JSONCodec: CacheCodec {
    // Configured once and never changed; both are documented as safe to use from several threads then.
    private let encoder = JSONEncoder()
    private let decoder = JSONDecoder()

    /// Makes a codec that writes dates as seconds since 1970 and data as base 64.
    ///
    /// - Parameter sortedKeys: Whether the members of objects are sorted by name, so that equal values have equal bytes.
    public init(sortedKeys: Bool = false) {
        if sortedKeys { self.encoder.outputFormatting = .sortedKeys }
        self.encoder.dateEncodingStrategy = .secondsSince1970
        self.decoder.dateDecodingStrategy = .secondsSince1970
    }

    /// The mark of JSON.
    public var id: CodecID { .json }

    /// Turns a value into JSON.
    public func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
        [UInt8](try self.encoder.encode(value))
    }

    /// Turns JSON into a value.
    public func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try self.decoder.decode(type, from: Data(bytes))
    }
}
