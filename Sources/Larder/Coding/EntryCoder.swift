/// Turns the values of one type into bytes and back, without the store having to know the type.
public protocol EntryCoder: Sendable {
    /// The bytes of a boxed value.
    ///
    /// - Parameters:
    ///   - box: The value.
    ///   - key: The key of the entry, to which the bytes may be bound.
    /// - Returns: The bytes, with the marks of what made them.
    /// - Throws: ``CacheError`` with ``CacheError/Code/encodingFailed``.
    func encode(_ box: ValueBox, for key: StoreKey) throws -> EncodedValue

    /// The value of bytes, boxed; what a store keeps that hands one entry out many times.
    ///
    /// - Parameters:
    ///   - encoded: The bytes.
    ///   - key: The key of the entry.
    /// - Returns: The value.
    /// - Throws: ``CacheError`` with ``CacheError/Code/decodingFailed``.
    func decode(_ encoded: EncodedValue, of key: StoreKey) throws -> EntryValue

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
    let transforms: EntryTransforms
    let counters: CounterStorage

    init(_ codec: any CacheCodec, _ transforms: EntryTransforms, counters: CounterStorage) {
        self.codec = codec
        self.transforms = transforms
        self.counters = counters
    }
}

/// The coder of a cache for one type.
struct ValueCoder<Value: Codable & Sendable>: EntryCoder {
    let reference: CodecReference

    private var coding: ValueCoding<Value> { ValueCoding(codec: self.reference.codec) }

    /// Whether nothing but sealed bytes may leave for a store.
    private var seals: Bool { self.reference.transforms.sealer != nil }

    /// The entry that a value becomes.
    func entry(for value: Value) -> EntryValue {
        if self.seals { return .object(.boxing(value)) }
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
    func value(of entry: EntryValue, at key: StoreKey) throws -> Value {
        switch entry {
        case .object(let box):
            if let value = box.value(as: Value.self) { return value }
        case .encoded(let encoded):
            return try self.value(of: encoded, at: key)
        case .integer, .null:
            // Somebody has put it there who has no key.
            if self.seals { throw CacheError(.decodingFailed, "the entry is not sealed") }
            if case .integer(let integer) = entry {
                if let value = self.coding.value(of: integer) { return value }
            } else if let value = self.coding.absence {
                return value
            }
        }
        throw CacheError(.decodingFailed, "the entry does not hold a \(Value.self)")
    }

    private func value(of encoded: EncodedValue, at key: StoreKey) throws -> Value {
        self.reference.counters.add(encoded.bytes.count, to: .bytesRead)
        if let plain = try self.reference.transforms.undone(encoded, of: key) { return try self.coding.decode(plain) }
        guard let value = self.coding.absence else {
            throw CacheError(.decodingFailed, "the entry does not hold a \(Value.self)")
        }
        return value
    }

    func encode(_ box: ValueBox, for key: StoreKey) throws -> EncodedValue {
        guard let value = box.value(as: Value.self) else {
            throw CacheError(.encodingFailed, "the value to encode is not a \(Value.self)")
        }
        let isAbsence = self.seals && (value as? any OptionalCoding)?.isNone == true
        let plain = isAbsence ? nil : try self.coding.encode(value)
        let encoded = try self.reference.transforms.applied(to: plain, for: key)
        self.reference.counters.add(encoded.bytes.count, to: .bytesWritten)
        return encoded
    }

    func decode(_ encoded: EncodedValue, of key: StoreKey) throws -> EntryValue {
        .object(.boxing(try self.value(of: encoded, at: key)))
    }

    func accepts(_ box: ValueBox) -> Bool { box.holds(Value.self) }
}

/// The coder of a reader who looks at no value: it takes any, and lets nobody keep what it would make of bytes.
struct UnreadCoder: EntryCoder {
    func encode(_ box: ValueBox, for key: StoreKey) throws -> EncodedValue {
        throw CacheError(.encodingFailed, "a read that looks at no value encodes none")
    }

    func decode(_ encoded: EncodedValue, of key: StoreKey) throws -> EntryValue {
        throw CacheError(.decodingFailed, "a read that looks at no value decodes none")
    }
}
