import HTTPTypes

/// What an origin calls a state of a representation (RFC 9110, section 8.8.3).
///
/// The bytes are kept as they came: a tag that is malformed is not repaired, since the origin knows it under no other name.
public struct EntityTag: Sendable, Hashable {
    /// The field's value as it came.
    public let bytes: [UInt8]
    /// Whether the tag is a weak one: states that are equivalent, though not in each byte, may share it.
    public let isWeak: Bool

    /// More bytes than this are no tag.
    private static let longest = 4_096

    /// Makes a tag from a field's value; `nil` where it is empty, or longer than any tag.
    ///
    /// - Parameter bytes: The value.
    public init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.count <= Self.longest else { return nil }
        self.bytes = bytes
        self.isWeak = bytes.starts(with: [UInt8(ascii: "W"), UInt8(ascii: "/")])
    }

    /// The tag of a response; the first where there are several.
    init?(in fields: HTTPFields) {
        guard let bytes = fields.first(.eTag)?.withUnsafeBytesOfValue({ Array($0.trimmed) }) else { return nil }
        self.init(bytes)
    }

    /// The tag as a field.
    func field(_ name: HTTPField.Name) -> HTTPField { HTTPField(name: name, lenientValue: self.bytes) }

    /// Whether both say the same and neither is weak: the representations are equal in each byte (section 8.8.3.2).
    ///
    /// - Parameter other: The other tag.
    /// - Returns: Whether they match by the strong comparison.
    public func isStronglyEqual(to other: EntityTag) -> Bool {
        !self.isWeak && !other.isWeak && self.bytes == other.bytes
    }

    /// Whether both say the same but for their weakness (section 8.8.3.2).
    ///
    /// - Parameter other: The other tag.
    /// - Returns: Whether they match by the weak comparison.
    public func isWeaklyEqual(to other: EntityTag) -> Bool {
        self.opaque.elementsEqual(other.opaque)
    }

    private var opaque: ArraySlice<UInt8> { self.isWeak ? self.bytes.dropFirst(2) : self.bytes[...] }

    /// Whether a list, as in `If-None-Match`, has this tag by the weak comparison, or takes any.
    func isInList(_ name: HTTPField.Name, of fields: HTTPFields) -> Bool {
        self.opaque.withUnsafeBufferPointer { opaque in
            // Inside a tag a backslash is an ordinary byte.
            let isAbsent = fields.forEachMember(of: name, escapes: false) { member in
                let isWeak = member.count >= 2 && member[0] == UInt8(ascii: "W") && member[1] == UInt8(ascii: "/")
                return !(isWeak ? member.part(2..<member.count) : member).isEqual(to: opaque)
            }
            return !isAbsent
        }
    }
}

extension EntityTag: Codable {
    /// Reads the tag.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // Text takes a fraction of the room that a list of numbers does; each scalar is one byte.
        let bytes = try container.decode(String.self).unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        guard let tag = EntityTag(bytes) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "Not an entity tag")
        }
        self = tag
    }

    /// Writes the tag.
    public func encode(to encoder: any Encoder) throws {
        var text = String.UnicodeScalarView()
        for byte in self.bytes { text.append(Unicode.Scalar(byte)) }
        var container = encoder.singleValueContainer()
        try container.encode(String(text))
    }
}
