#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Values as binary property lists: for what else is read on Apple's platforms.
///
/// Keys of maps are text, there is no `nil` in arrays, and the text `$null` is read as `nil`; take ``MessagePackCodec`` where you can.
public struct PropertyListCodec: CacheCodec {
    // Configured once and never changed; both are documented as safe to use from several threads then.
    private let encoder = PropertyListEncoder()
    private let decoder = PropertyListDecoder()

    /// Makes a codec.
    public init() {
        self.encoder.outputFormat = .binary
    }

    /// The mark of property lists.
    public var id: CodecID { .propertyList }

    /// Turns a value into a property list.
    ///
    /// A single value, which no property list can be, is wrapped in an array.
    public func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
        [UInt8](try self.encoder.encode([value]))
    }

    /// Turns a property list into a value.
    ///
    /// Only binary ones are read, no deeper than 128 levels, of up to 256 MiB.
    public func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try BinaryPropertyList(bytes).check()
        let values = try self.decoder.decode([Value].self, from: Data(bytes))
        guard let value = values.first, values.count == 1 else {
            let context = DecodingError.Context(codingPath: [], debugDescription: "there is not one value")
            throw DecodingError.dataCorrupted(context)
        }
        return value
    }
}
