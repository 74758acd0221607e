/// The part of a store that belongs to one cache: all its keys begin with it, and ``Cache/clear()`` ends at its border.
///
/// A namespace is text without control characters, and its parts between colons neither begin with `@` nor, from the
/// second on, read like a number. So `bookshop` and `bookshop:staging` are fine and `bookshop:2` is not: its keys could not
/// be told from those of version 2 of `bookshop`, and clearing the one would reach the other. Nor does it begin with `{@` or
/// contain `}:tag:`, as the names do under which stores keep what belongs to a namespace as a whole.
public struct CacheNamespace: Sendable, Hashable, CustomStringConvertible {
    /// The namespace's text.
    public let name: String

    /// Makes a namespace from text that is only known when the program runs.
    ///
    /// - Parameter name: The namespace's text; empty is allowed and gives keys such as `:1:key`, Django's default.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidNamespace`` that says what is wrong with it.
    public init(_ name: String) throws {
        if let fault = Self.fault(in: name) {
            throw CacheError(.invalidNamespace, "the namespace \(name.debugDescription) \(fault)")
        }
        self.name = name
    }

    /// The namespace's text.
    public var description: String { self.name }

    private static func fault(in name: String) -> String? {
        if name.isEmpty { return nil }
        if let fault = KeyRules.fault(in: name) { return fault }
        if name.hasPrefix("{@") || name.contains("}:tag:") {
            return "must not begin with \"{@\" or contain \"}:tag:\": those are Larder's own"
        }
        for (index, part) in name.split(separator: ":", omittingEmptySubsequences: false).enumerated() {
            if part.hasPrefix("@") {
                return "must not have a part that begins with \"@\": those are Larder's own"
            }
            if index > 0, Self.readsLikeVersion(part) {
                return "must not have \(part.debugDescription) as a part: it reads like a version"
            }
        }
        return nil
    }

    /// Whether a part could be taken for a version, which may be negative.
    private static func readsLikeVersion(_ part: Substring) -> Bool {
        let digits = part.utf8.first == UInt8(ascii: "-") ? part.utf8.dropFirst() : part.utf8[...]
        return !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}

extension CacheNamespace {
    /// The words that stand behind the namespace in the names of locks, limits and collections.
    private static let kinds: Set<Substring> = [
        "counter", "distinct", "fenced", "hash", "leaderboard", "limit", "list", "lock", "permits", "queue", "set",
        "stream",
    ]

    /// The namespace as the names of locks, limits and collections begin with it: `@bookshop`.
    ///
    /// A part that reads like one of their kinds, from the second on, gets an `@`, which no part of a namespace begins with:
    /// `@bookshop:@list`. So the first part that reads like a kind is the kind, and `@bookshop:list:set:x` is the list `set:x` of
    /// `bookshop`, never the set `x` of `bookshop:list`.
    package var coordinationName: String {
        guard self.name.utf8.contains(UInt8(ascii: ":")) else { return "@" + self.name }
        let parts = self.name.split(separator: ":", omittingEmptySubsequences: false)
        return "@"
            + parts.enumerated().map { $0 > 0 && Self.kinds.contains($1) ? "@" + $1 : String($1) }.joined(
                separator: ":"
            )
    }
}

extension CacheNamespace: ExpressibleByStringLiteral {
    /// Makes a namespace from a literal.
    ///
    /// - Precondition: The literal keeps the rules for namespaces. Text that is not in the program's source goes through
    ///   ``init(_:)``, which throws.
    /// - Parameter value: The namespace's text.
    public init(stringLiteral value: String) {
        if let fault = Self.fault(in: value) {
            preconditionFailure("the namespace \(value.debugDescription) \(fault)")
        }
        self.name = value
    }
}
