import Larder

/// Tags and keys of your own that are to be invalidated together with a transaction.
public struct RelatedEntries: Sendable, Hashable {
    /// Tags that are to be invalidated.
    public var tags: Set<String>

    /// The names of keys that are to be removed.
    public var keys: Set<String>

    /// Describes what is to be invalidated.
    ///
    /// - Parameters:
    ///   - tags: Tags that are to be invalidated.
    ///   - keys: The names of keys that are to be removed, in the cache's version.
    public init(tags: Set<String> = [], keys: Set<String> = []) {
        self.tags = tags
        self.keys = keys
    }

    /// Nothing.
    public static let none = RelatedEntries()

    mutating func add(_ other: Self) {
        self.tags.formUnion(other.tags)
        self.keys.formUnion(other.keys)
    }

    /// Refuses, before anything is written, what no store would take.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag`` or ``CacheError/Code/invalidKey``.
    func check() throws {
        for tag in self.tags {
            guard !tag.isEmpty, tag.utf8.count <= 250, tag.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw CacheError(.invalidTag, "a tag has to have 1 to 250 bytes without control characters")
            }
        }
        for key in self.keys
        where key.isEmpty || key.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw CacheError(.invalidKey, "a key must not be empty or carry control characters", key: key)
        }
    }
}
