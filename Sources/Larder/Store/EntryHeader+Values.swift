extension EntryHeader {
    /// The header and the bytes of an entry that is about to be written, for stores that keep bytes.
    ///
    /// - Parameter write: The entry.
    /// - Returns: The header, with neither generation nor tags, which only the store knows; and what stands behind it.
    /// - Throws: ``CacheError`` with ``CacheError/Code/encodingFailed``.
    package static func writing(_ write: EntryWrite) throws -> (header: EntryHeader, value: [UInt8]) {
        let encoded: EncodedValue
        switch write.value {
        case .null:
            encoded = EncodedValue(codec: .bytes, bytes: [])
        case .integer(let integer):
            var bytes: [UInt8] = []
            bytes.appendBigEndian(integer)
            encoded = EncodedValue(codec: .integer, bytes: bytes)
        case .object(let box):
            encoded = try write.coder.encode(box, for: write.key)
        case .encoded(let value):
            encoded = value
        }
        var header = EntryHeader(
            codec: encoded.codec,
            isNull: write.value.isNull,
            fillCost: write.fillCost,
            lifetime: write.lifetime,
            generation: 0
        )
        header.compression = encoded.compression
        header.seal = encoded.seal
        return (header, encoded.bytes)
    }

    /// The value of an entry, of the bytes behind its header.
    ///
    /// - Parameter bytes: The bytes.
    /// - Returns: The value; `nil` where there cannot be such bytes behind this header.
    package func value(_ bytes: UnsafeRawBufferPointer) -> EntryValue? {
        if self.isNull { return .null }
        guard self.codec == .integer, self.seal == .none, self.compression == .none else {
            return .encoded(self.encodedValue([UInt8](bytes)))
        }
        return bytes.count == 8 ? .integer(bytes.bigEndian(at: 0, as: Int64.self)) : nil
    }

    private func encodedValue(_ bytes: [UInt8]) -> EncodedValue {
        var encoded = EncodedValue(codec: self.codec, bytes: bytes)
        encoded.compression = self.compression
        encoded.seal = self.seal
        return encoded
    }
}

extension EntryValue {
    fileprivate var isNull: Bool {
        if case .null = self { true } else { false }
    }
}
