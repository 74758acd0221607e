/// A value that says itself which bytes it is, so that no codec has to.
///
/// Stores in this process keep the value as it is; others get ``encodedBytes()``, under the mark ``CodecID/bytes``. For values
/// that a codec would make large or slow: one that holds many bytes, or is read many thousand times a second.
public protocol ByteCodable: Codable {
    /// The value's bytes.
    ///
    /// - Throws: An error where there are none; what stores the value throws ``CacheError/Code/encodingFailed`` then.
    func encodedBytes() throws -> [UInt8]

    /// Reads a value.
    ///
    /// Put the version of the form into the bytes: they may be those that an earlier or later release has written.
    ///
    /// - Parameter bytes: What ``encodedBytes()`` made, or anything else that lay under the key.
    /// - Throws: An error where the bytes are no such value. The cache takes that for a miss.
    init(encodedBytes bytes: [UInt8]) throws
}

extension ByteCodable {
    /// Reads the value's bytes from a container of some other codec.
    public init(from decoder: any Decoder) throws {
        try self.init(encodedBytes: decoder.singleValueContainer().decode([UInt8].self))
    }

    /// Writes the value's bytes into a container of some other codec.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.encodedBytes())
    }
}
