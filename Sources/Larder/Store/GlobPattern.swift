/// A pattern for keys, as Redis and shells know it.
///
/// `*` stands for any text, `?` for one byte (which is one character of ASCII), `[abc]` and `[a-z]` for one byte of a set,
/// `[^a]` for one outside it, and `\` takes the next character as it is.
public struct GlobPattern: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The pattern's text.
    public let text: String

    /// Takes a pattern.
    ///
    /// - Parameter text: The pattern's text.
    public init(_ text: String) {
        self.text = text
    }

    /// Takes a pattern from a literal.
    ///
    /// - Parameter value: The pattern's text.
    public init(stringLiteral value: String) {
        self.text = value
    }

    /// The pattern's text.
    public var description: String { self.text }

    /// A pattern that matches just `text`, whatever characters it has.
    ///
    /// - Parameter text: The text to match.
    /// - Returns: The pattern.
    public static func escaping(_ text: String) -> Self {
        var escaped = ""
        for scalar in text.unicodeScalars {
            if "*?[]\\^-".unicodeScalars.contains(scalar) { escaped.unicodeScalars.append("\\") }
            escaped.unicodeScalars.append(scalar)
        }
        return .init(escaped)
    }

    /// Whether the pattern matches the whole of `text`, byte by byte as Redis does it.
    ///
    /// - Parameter text: The text to match.
    /// - Returns: Whether it does.
    /// - Complexity: The product of both lengths at worst: only the last `*` is ever gone back to.
    public func matches(_ text: String) -> Bool {
        let pattern = Array(self.text.utf8)
        let text = Array(text.utf8)
        var place = (pattern: 0, text: 0)
        var star: (pattern: Int, text: Int)?
        while place.text < text.count {
            if place.pattern < pattern.count, pattern[place.pattern] == UInt8(ascii: "*") {
                star = (place.pattern + 1, place.text)
                place.pattern += 1
            } else if let next = Self.match(pattern, at: place.pattern, text[place.text]) {
                place = (next, place.text + 1)
            } else if let back = star {
                star = (back.pattern, back.text + 1)
                place = (back.pattern, back.text + 1)
            } else {
                return false
            }
        }
        while place.pattern < pattern.count, pattern[place.pattern] == UInt8(ascii: "*") { place.pattern += 1 }
        return place.pattern == pattern.count
    }

    /// Matches one byte against the element of the pattern at `index`.
    ///
    /// - Returns: Where the next element begins; `nil` where the byte does not match.
    private static func match(_ pattern: [UInt8], at index: Int, _ byte: UInt8) -> Int? {
        guard index < pattern.count else { return nil }
        switch pattern[index] {
        case UInt8(ascii: "?"):
            return index + 1
        case UInt8(ascii: "\\") where index + 1 < pattern.count:
            return pattern[index + 1] == byte ? index + 2 : nil
        case UInt8(ascii: "["):
            return Self.matchSet(pattern, at: index + 1, byte)
        case let literal:
            return literal == byte ? index + 1 : nil
        }
    }

    /// Matches one byte against a set whose first element is at `index`; a set that nothing closes ends with the pattern.
    private static func matchSet(_ pattern: [UInt8], at index: Int, _ byte: UInt8) -> Int? {
        var index = index
        let isNegated = index < pattern.count && pattern[index] == UInt8(ascii: "^")
        if isNegated { index += 1 }
        var isMember = false
        while index < pattern.count, pattern[index] != UInt8(ascii: "]") {
            if pattern[index] == UInt8(ascii: "\\"), index + 1 < pattern.count {
                isMember = isMember || pattern[index + 1] == byte
                index += 2
            } else if index + 2 < pattern.count, pattern[index + 1] == UInt8(ascii: "-") {
                let bounds = [pattern[index], pattern[index + 2]].sorted()
                isMember = isMember || (bounds[0]...bounds[1]).contains(byte)
                index += 3
            } else {
                isMember = isMember || pattern[index] == byte
                index += 1
            }
        }
        guard isMember != isNegated else { return nil }
        return min(index + 1, pattern.count)
    }
}
