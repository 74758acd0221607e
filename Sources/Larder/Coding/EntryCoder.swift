/// Turns the values of one type into bytes and back, without the store having to know the type.
public protocol EntryCoder: Sendable {
    /// The bytes of a boxed value.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/encodingFailed``.
    func encode(_ box: ValueBox) throws -> EncodedValue

    /// The value of bytes, boxed; what a store keeps that hands one entry out many times.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/decodingFailed``.
    func decode(_ encoded: EncodedValue) throws -> EntryValue

    /// Whether a box that somebody else's coder made holds a value of this one's type.
    ///
    /// A store asks before it hands a value out that it has decoded for another reader: the bytes may be of use to a reader
    /// to whom that value is not.
    func accepts(_ box: ValueBox) -> Bool
}

extension EntryCoder {
    /// Readers that are all of one type take what there is.
    public func accepts(_ box: ValueBox) -> Bool { true }
}

/// A cache's codec behind one reference, so that a coder fits into an existential without an allocation.
final class CodecReference: Sendable {
    let codec: any CacheCodec
    let counters: CounterStorage

    init(_ codec: any CacheCodec, counters: CounterStorage) {
        self.codec = codec
        self.counters = counters
    }
}

/// The coder of a cache for one type.
struct ValueCoder<Value: Codable & Sendable>: EntryCoder {
    let reference: CodecReference

    private var coding: ValueCoding<Value> { ValueCoding(codec: self.reference.codec) }

    /// The entry that a value becomes.
    func entry(for value: Value) -> EntryValue {
        if let integer = value as? any FixedWidthInteger, let exact = Int64(exactly: integer) {
            return .integer(exact)
        }
        if let optional = value as? any OptionalCoding, optional.isNone {
            return .null
        }
        return .object(.boxing(value))
    }

    /// The value of an entry.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/decodingFailed`` where the entry is not of this type.
    func value(of entry: EntryValue) throws -> Value {
        switch entry {
        case .object(let box):
            if let value = box.value(as: Value.self) { return value }
        case .integer(let integer):
            if let value = self.coding.value(of: integer) { return value }
        case .null:
            if let value = self.coding.absence { return value }
        case .encoded(let encoded):
            self.reference.counters.add(encoded.bytes.count, to: .bytesRead)
            return try self.coding.decode(encoded)
        }
        throw CacheError(.decodingFailed, "the entry does not hold a \(Value.self)")
    }

    func encode(_ box: ValueBox) throws -> EncodedValue {
        guard let value = box.value(as: Value.self) else {
            throw CacheError(.encodingFailed, "the value to encode is not a \(Value.self)")
        }
        let encoded = try self.coding.encode(value)
        self.reference.counters.add(encoded.bytes.count, to: .bytesWritten)
        return encoded
    }

    func decode(_ encoded: EncodedValue) throws -> EntryValue {
        self.reference.counters.add(encoded.bytes.count, to: .bytesRead)
        return .object(.boxing(try self.coding.decode(encoded)))
    }

    func accepts(_ box: ValueBox) -> Bool { box.holds(Value.self) }
}

/// The coder of a reader who looks at no value: it takes any, and lets nobody keep what it would make of bytes.
struct UnreadCoder: EntryCoder {
    func encode(_ box: ValueBox) throws -> EncodedValue {
        throw CacheError(.encodingFailed, "a read that looks at no value encodes none")
    }

    func decode(_ encoded: EncodedValue) throws -> EntryValue {
        throw CacheError(.decodingFailed, "a read that looks at no value decodes none")
    }
}
