#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension MemoryStore.Limit {
    /// About so many bytes of memory.
    ///
    /// A store in memory keeps Swift values, and nobody can ask those for their size. So each entry is estimated when it is
    /// written: its key, 128 bytes for what the store keeps beside it, and what the value would encode, text and bytes by
    /// their length, numbers and dates by eight bytes, with the names of its fields. That is about what JSON would take, and tends to be
    /// above what the memory holds; objects that many values share are counted for each.
    ///
    /// An estimate walks the whole value, twice a write, as encoding it would but without making anything; reading pays nothing. It
    /// calls the value's `encode(to:)` with part of the store locked, which therefore must not use the cache.
    ///
    /// - Parameter total: What all entries together may take.
    /// - Returns: The limit.
    public static func bytes(_ total: Int) -> Self {
        .cost(total) { key, value in 128 + key.utf8.count + Footprint.bytes(of: value) }
    }
}

/// An estimate of the memory that a value takes.
enum Footprint {
    /// - Parameter value: The value; `nil` for a cached absence.
    /// - Returns: The estimate in bytes.
    static func bytes(of value: (any Sendable)?) -> Int {
        guard let value else { return 0 }
        let encoder = FootprintEncoder()
        if let encodable = value as? any Encodable {
            encoder.add(encodable)
        } else {
            // Only values that a cache has not written have no encoding.
            encoder.total += 64
        }
        return encoder.total
    }
}

/// Adds up what an encoder would write, and writes nothing.
///
/// Used by one thread at a time: it lives as long as one estimate.
private final class FootprintEncoder: Encoder {
    var total = 0

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func add(_ value: some Encodable) {
        switch value {
        case let text as String: self.total += 16 + text.utf8.count
        case let bytes as [UInt8]: self.total += 16 + bytes.count
        case let data as Data: self.total += 16 + data.count
        case is Date: self.total += 8
        case is any FixedWidthInteger, is any BinaryFloatingPoint, is Bool: self.total += 8
        default:
            do {
                try value.encode(to: self)
            } catch {
                // What cannot be encoded is kept all the same; it counts for as far as it went.
                self.total += 64
            }
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        self.total += 16
        return KeyedEncodingContainer(Keyed<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        self.total += 32
        return Unkeyed(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoder: self) }

    private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let encoder: FootprintEncoder

        var codingPath: [any CodingKey] { [] }

        mutating func encodeNil(forKey key: Key) { self.encoder.total += 8 }

        mutating func encode(_ value: some Encodable, forKey key: Key) {
            self.encoder.total += key.stringValue.utf8.count
            self.encoder.add(value)
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy keyType: Nested.Type,
            forKey key: Key
        ) -> KeyedEncodingContainer<Nested> {
            self.encoder.container(keyedBy: keyType)
        }

        mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            self.encoder.unkeyedContainer()
        }

        mutating func superEncoder() -> any Encoder { self.encoder }

        mutating func superEncoder(forKey key: Key) -> any Encoder { self.encoder }
    }

    private struct Unkeyed: UnkeyedEncodingContainer {
        let encoder: FootprintEncoder
        var count = 0

        var codingPath: [any CodingKey] { [] }

        init(encoder: FootprintEncoder) {
            self.encoder = encoder
        }

        mutating func encodeNil() {
            self.count += 1
            self.encoder.total += 8
        }

        mutating func encode(_ value: some Encodable) {
            self.count += 1
            self.encoder.add(value)
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy keyType: Nested.Type
        ) -> KeyedEncodingContainer<Nested> {
            self.count += 1
            return self.encoder.container(keyedBy: keyType)
        }

        mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            self.count += 1
            return self.encoder.unkeyedContainer()
        }

        mutating func superEncoder() -> any Encoder { self.encoder }
    }

    private struct Single: SingleValueEncodingContainer {
        let encoder: FootprintEncoder

        var codingPath: [any CodingKey] { [] }

        mutating func encodeNil() { self.encoder.total += 8 }

        mutating func encode(_ value: some Encodable) { self.encoder.add(value) }
    }
}
