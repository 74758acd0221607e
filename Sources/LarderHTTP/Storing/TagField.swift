public import HTTPTypes

/// A response field with the tags by which an entry can be purged; it is not sent to clients.
public struct TagField: Sendable, Hashable {
    /// The field's name.
    public let name: HTTPField.Name
    private let separator: UInt8

    private init(_ name: HTTPField.Name, separator: UInt8) {
        self.name = name
        self.separator = separator
    }

    /// `Surrogate-Key`, with spaces between the tags.
    public static let surrogateKey = TagField(FieldName.surrogateKey, separator: UInt8(ascii: " "))

    /// `Cache-Tag`, with commas between the tags.
    public static let cacheTag = TagField(FieldName.cacheTag, separator: UInt8(ascii: ","))

    /// A field with spaces between the tags.
    ///
    /// - Parameter name: The field's name.
    /// - Returns: The field.
    public static func spaces(_ name: HTTPField.Name) -> TagField { TagField(name, separator: UInt8(ascii: " ")) }

    /// A field with commas between the tags.
    ///
    /// - Parameter name: The field's name.
    /// - Returns: The field.
    public static func commas(_ name: HTTPField.Name) -> TagField { TagField(name, separator: UInt8(ascii: ",")) }

    /// The tags of a response, each once, in order; `nil` where they are more, or longer, than the policy stores.
    ///
    /// None is left out: an entry that does not know its tag outlives the purge.
    ///
    /// - Parameters:
    ///   - fields: The response's fields.
    ///   - policy: Which fields carry tags, and their bounds.
    /// - Returns: The tags.
    public static func tags(in fields: HTTPFields, policy: CachePolicy) -> [String]? {
        var tags: [String] = []
        var seen: Set<String> = []
        for tagField in policy.tagFields {
            for field in fields where field.name == tagField.name {
                let isWithinBounds = field.withUnsafeBytesOfValue { value in
                    value.forEachMember(separator: tagField.separator) { tag in
                        guard tag.count <= policy.longestTag else { return false }
                        let tag = String(decoding: tag, as: UTF8.self)
                        guard seen.insert(tag).inserted else { return true }
                        tags.append(tag)
                        return tags.count <= policy.mostTags
                    }
                }
                guard isWithinBounds else { return nil }
            }
        }
        return tags
    }
}
