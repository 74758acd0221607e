/// What kind of collection a key names.
public struct CollectionKind: Sendable, Hashable, CustomStringConvertible {
    /// The word that stands in the key.
    public let name: String

    private init(_ name: String) {
        self.name = name
    }

    /// A number that is added to.
    public static let counter = CollectionKind("counter")
    /// Elements in order.
    public static let list = CollectionKind("list")
    /// Elements that are each taken once.
    public static let queue = CollectionKind("queue")
    /// Elements without order, each once.
    public static let set = CollectionKind("set")
    /// Values under fields.
    public static let hash = CollectionKind("hash")
    /// Members with scores.
    public static let leaderboard = CollectionKind("leaderboard")
    /// A count of different elements, without the elements.
    public static let distinct = CollectionKind("distinct")
    /// Entries in the order of their arrival, which several groups read.
    public static let stream = CollectionKind("stream")

    /// The word.
    public var description: String { self.name }
}

/// The full name of a collection: `@namespace:kind:name`.
///
/// It begins with `@`, as no entry's does, so caches in the same namespace neither meet nor clear it. In a namespace with a part that
/// reads like a kind, as `bookshop:list`, that part begins with another: `@bookshop:@list:set:name`.
public struct CollectionKey: Sendable, Hashable, CustomStringConvertible {
    /// The namespace.
    public let namespace: CacheNamespace

    /// The kind.
    public let kind: CollectionKind

    /// The name within namespace and kind.
    public let name: String

    /// All of it, as it stands in Redis.
    public let text: String

    /// Puts a name together.
    ///
    /// - Parameters:
    ///   - namespace: The namespace.
    ///   - kind: The kind.
    ///   - name: The name; ``checkName()`` tells whether stores take it.
    public init(_ namespace: CacheNamespace, _ kind: CollectionKind, _ name: String) {
        self.namespace = namespace
        self.kind = kind
        self.name = name
        self.text = "\(namespace.coordinationName):\(kind.name):\(name)"
    }

    /// Refuses a name that no store should see: an empty one, or one with control characters.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey``.
    public func checkName() throws { try KeyRules.check(self.name) }

    /// The full name.
    public var description: String { self.text }

    /// Whether two names are the same bytes, as stores compare them.
    public static func == (left: Self, right: Self) -> Bool { left.text.hasSameBytes(as: right.text) }

    /// Hashes the name's bytes.
    public func hash(into hasher: inout Hasher) { self.text.hashBytes(into: &hasher) }
}
