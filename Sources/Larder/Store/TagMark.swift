/// A tag as somebody found it: what an entry made of data under that tag is bound to.
///
/// A tag has two generations, both drawn at random and never used twice. `invalidate(tags:)` draws both anew, which leaves
/// the entries under the tag dead; `expire(tags:)` draws the second, which leaves them stale.
public struct TagMark: Sendable, Hashable {
    /// The tag.
    public let name: String

    /// Entries under another generation are dead.
    public let generation: UInt64

    /// Entries under another one are stale.
    public let freshness: UInt64

    /// What the store keeps of the tag as long as somebody holds the mark, in stores that forget tags nobody holds.
    package let record: (any AnyObject & Sendable)?

    /// Describes what somebody found.
    ///
    /// - Parameters:
    ///   - name: The tag.
    ///   - generation: Its generation.
    ///   - freshness: Its second generation.
    public init(name: String, generation: UInt64, freshness: UInt64) {
        self.init(name: name, generation: generation, freshness: freshness, record: nil)
    }

    package init(name: String, generation: UInt64, freshness: UInt64, record: (any AnyObject & Sendable)?) {
        self.name = name
        self.generation = generation
        self.freshness = freshness
        self.record = record
    }

    /// Whether both found the tag in the same state.
    public static func == (left: Self, right: Self) -> Bool {
        left.generation == right.generation && left.freshness == right.freshness && left.name == right.name
    }

    /// Hashes the tag and its state.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.name)
        hasher.combine(self.generation)
        hasher.combine(self.freshness)
    }
}

/// What invalidating a tag does to the entries under it.
public enum TagInvalidation: Sendable, Hashable {
    /// They are dead: nobody is served with them again.
    case dead
    /// They are stale: whoever accepts stale values may be served with them until they are filled anew.
    case stale
}

/// What a tag's name may be.
enum TagRules {
    /// The longest name, in bytes of UTF-8.
    static let longestName = 250
    /// The most tags that an entry can have.
    static let mostTags = 100

    /// - Returns: The tags, each once, in the order of their names.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag``.
    static func checked(_ tags: [String]) throws -> [String] {
        if tags.isEmpty { return tags }
        for tag in tags { try Self.check(tag) }
        let names = Self.areAscending(tags) ? tags : Self.ascending(tags)
        guard names.count <= Self.mostTags else {
            throw CacheError(.invalidTag, "\(names.count) tags; an entry can have \(Self.mostTags)")
        }
        return names
    }

    private static func check(_ tag: String) throws {
        guard !tag.isEmpty else { throw CacheError(.invalidTag, "a tag must not be empty") }
        guard tag.utf8.count <= Self.longestName else {
            throw CacheError(
                .invalidTag,
                "a tag has \(tag.utf8.count) bytes; at most \(Self.longestName) are accepted"
            )
        }
        guard tag.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw CacheError(.invalidTag, "a tag must not carry control characters: \(tag.debugDescription)")
        }
    }

    /// Whether nothing has to be done, as with tags that are written down in order.
    private static func areAscending(_ tags: [String]) -> Bool {
        zip(tags, tags.dropFirst()).allSatisfy { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Sorted by bytes, as Redis compares names: letters that look alike and are written differently are two tags there.
    private static func ascending(_ tags: [String]) -> [String] {
        var names: [String] = []
        names.reserveCapacity(tags.count)
        for tag in tags.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        where names.last.map({ !$0.utf8.elementsEqual(tag.utf8) }) ?? true {
            names.append(tag)
        }
        return names
    }
}
