#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a value decodes itself from: one place of a document.
struct MessagePackDecoding: Decoder {
    let document: MessagePackDocument
    let item: MessagePackItem
    let path: MessagePackPath

    init(_ document: MessagePackDocument, at offset: Int, _ path: MessagePackPath) {
        self.document = document
        self.item = document.item(at: offset)
        self.path = path
    }

    var codingPath: [any CodingKey] { self.path.keys }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard self.item.kind == .map else { throw self.mismatch([String: Any].self) }
        let map = try MessagePackMap(self.document, self.item, self.path)
        return KeyedDecodingContainer(MessagePackKeyedDecoding(map: map, path: self.path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard self.item.kind == .array else { throw self.mismatch([Any].self) }
        return MessagePackUnkeyedDecoding(self.document, self.item, self.path)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    // MARK: Values

    func bool() throws -> Bool {
        guard self.item.kind == .bool else { throw self.mismatch(Bool.self) }
        return self.item.value != 0
    }

    func string() throws -> String {
        guard self.item.kind == .text else { throw self.mismatch(String.self) }
        guard let text = String(validating: self.document.payload(self.item), as: UTF8.self) else {
            throw self.corrupted("the text is not UTF-8")
        }
        return text
    }

    func double() throws -> Double {
        switch self.item.kind {
        case .float64: return Double(bitPattern: self.item.value)
        case .float32: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: self.item.value)))
        case .unsigned: return Double(self.item.value)
        case .negative: return Double(Int64(bitPattern: self.item.value))
        default: throw self.mismatch(Double.self)
        }
    }

    func float() throws -> Float {
        // Not by way of `Double`, which would lose what a NaN carries.
        if self.item.kind == .float32 { return Float(bitPattern: UInt32(truncatingIfNeeded: self.item.value)) }
        let value = try self.double()
        let float = Float(value)
        guard float.isFinite || !value.isFinite else { throw self.corrupted("the number does not fit a Float") }
        return float
    }

    func integer<Integer: FixedWidthInteger>() throws -> Integer {
        let value: Integer? =
            switch self.item.kind {
            case .unsigned: Integer(exactly: self.item.value)
            case .negative: Integer(exactly: Int64(bitPattern: self.item.value))
            default: throw self.mismatch(Integer.self)
            }
        guard let value else { throw self.corrupted("the number does not fit a \(Integer.self)") }
        return value
    }

    private func bytes() throws -> ArraySlice<UInt8> {
        guard self.item.kind == .binary else { throw self.mismatch(Data.self) }
        return self.document.payload(self.item)
    }

    private func date() throws -> Date {
        guard self.item.kind == .timestamp else { throw self.mismatch(Date.self) }
        let (seconds, nanoseconds) = self.document.timestamp(self.item)
        let interval = MessagePackTime.interval(seconds: seconds, nanoseconds: nanoseconds)
        guard nanoseconds < 1_000_000_000, MessagePackTime.isDate(interval) else {
            throw self.corrupted("the timestamp is no date")
        }
        return Date(timeIntervalSinceReferenceDate: interval)
    }

    private func url() throws -> URL {
        guard let url = URL(string: try self.string()) else { throw self.corrupted("the text is no URL") }
        return url
    }

    /// A value of any type.
    ///
    /// - Throws: `DecodingError`, or what the value's own decoding throws.
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let value = try self.builtIn(type) { return value }
        return try type.init(from: self)
    }

    /// The types whose own form is not used, and those that are so frequent that a way around it pays.
    private func builtIn<Value>(_ type: Value.Type) throws -> Value? {
        if type == String.self { return try self.string() as? Value }
        if type == Int.self { return try self.integer() as Int as? Value }
        if type == Double.self { return try self.double() as? Value }
        if type == Data.self { return Data(try self.bytes()) as? Value }
        // Others write arrays of small integers as what they are.
        if type == [UInt8].self, self.item.kind == .binary { return [UInt8](try self.bytes()) as? Value }
        if type == Date.self { return try self.date() as? Value }
        if type == URL.self { return try self.url() as? Value }
        return nil
    }

    // MARK: Errors

    private func mismatch(_ type: Any.Type) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: self.codingPath,
            debugDescription: "there is \(self.item.kind), and not a \(type)"
        )
        return self.item.kind == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    private func corrupted(_ message: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: self.codingPath, debugDescription: message))
    }
}

extension MessagePackDecoding: SingleValueDecodingContainer {
    func decodeNil() -> Bool { self.item.kind == .null }

    func decode(_ type: Bool.Type) throws -> Bool { try self.bool() }
    func decode(_ type: String.Type) throws -> String { try self.string() }
    func decode(_ type: Double.Type) throws -> Double { try self.double() }
    func decode(_ type: Float.Type) throws -> Float { try self.float() }
    func decode(_ type: Int.Type) throws -> Int { try self.integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try self.integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try self.integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try self.integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try self.integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try self.integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try self.integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try self.integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try self.integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try self.integer() }
}
