import LarderTesting
import Testing

@testable import Larder

@Suite struct GlobPatternTests {
    @Test(arguments: [
        ("", "", true), ("", "a", false), ("*", "", true), ("*", "abc", true), ("**", "abc", true), ("a*", "abc", true),
        ("*c", "abc", true), ("*b", "abc", false), ("a*c", "ac", true), ("a*c", "abbc", true), ("a*c", "acb", false),
        ("*a*b*", "xxaxxbxx", true), ("*a*b*", "xxbxxaxx", false), ("?", "a", true), ("?", "", false),
        ("?", "ab", false),
        ("??", "é", true), ("?", "é", false), ("a?c", "abc", true), ("[abc]", "b", true), ("[abc]", "d", false),
        ("[^abc]", "d", true), ("[^abc]", "b", false), ("[a-c]", "b", true), ("[c-a]", "b", true),
        ("[a-c]", "d", false),
        ("[^a-c]", "d", true), ("[-a]", "-", true), ("[a-]", "a", true), ("[\\]]", "]", true), ("[]", "a", false),
        ("[]a", "]a", false), ("[^]", "a", true), ("[a", "a", true), ("[a", "b", false), ("[", "[", false),
        ("\\*", "*", true),
        ("\\*", "a", false), ("\\a", "a", true), ("\\", "\\", true), ("\\\\", "\\", true), ("a\\", "a\\", true),
        ("[\\^]", "^", true), ("[a\\-c]", "b", false), ("[a\\-c]", "-", true), ("a]", "a]", true), ("*?", "", false),
        ("*?", "a", true), ("h[ae]llo*", "hallo!", true),
    ])
    func patternMatchesAsInRedis(_ pattern: String, _ text: String, _ matches: Bool) {
        #expect(GlobPattern(pattern).matches(text) == matches)
        #expect(Self.naive(Array(pattern.utf8)[...], Array(text.utf8)[...]) == matches, "the model itself")
    }

    @Test func randomPatternsMatchAsTheNaiveModelSays() {
        var random = SeededGenerator(seed: 1)
        let letters = Array("abc")
        let elements = ["*", "?", "a", "b", "c", "[ab]", "[^a]", "[a-b]", "\\", "[", "]", "-", "^", "**", "\\*"]
        var matched = 0
        for _ in 0..<100_000 {
            let pattern = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                elements.randomElement(using: &random) ?? ""
            }
            .joined()
            let text = String(
                (0..<Int.random(in: 0...7, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" }
            )
            let expected = Self.naive(Array(pattern.utf8)[...], Array(text.utf8)[...])
            if expected { matched += 1 }
            if GlobPattern(pattern).matches(text) != expected {
                Issue.record("\(pattern) on \(text) should be \(expected)")
                return
            }
        }
        #expect(matched > 5_000)
    }

    @Test func escapedTextMatchesItselfOnly() {
        var random = SeededGenerator(seed: 2)
        let characters = Array("ab*?[]\\^-é猫")
        for _ in 0..<10_000 {
            func text() -> String {
                String(
                    (0..<Int.random(in: 0...5, using: &random)).map { _ in
                        characters.randomElement(using: &random) ?? "a"
                    }
                )
            }
            let (one, other) = (text(), text())
            #expect(GlobPattern.escaping(one).matches(one))
            #expect(GlobPattern.escaping(one).matches(other) == (one == other))
        }
    }

    @Test func manyStarsTakeNoExponentialTime() {
        let pattern = GlobPattern(String(repeating: "a*", count: 50) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 5_000)))
    }

    /// Redis' own way, written as simply as it can be.
    private static func naive(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == UInt8(ascii: "*") {
            return (0...text.count).contains { Self.naive(pattern.dropFirst(), text.dropFirst($0)) }
        }
        guard let byte = text.first else { return false }
        switch first {
        case UInt8(ascii: "?"):
            return Self.naive(pattern.dropFirst(), text.dropFirst())
        case UInt8(ascii: "\\") where pattern.count > 1:
            let rest = pattern.dropFirst()
            return rest.first == byte && Self.naive(rest.dropFirst(), text.dropFirst())
        case UInt8(ascii: "["):
            var rest = pattern.dropFirst()
            let isNegated = rest.first == UInt8(ascii: "^")
            if isNegated { rest = rest.dropFirst() }
            var isMember = false
            while let element = rest.first, element != UInt8(ascii: "]") {
                let elements = Array(rest.prefix(3))
                if element == UInt8(ascii: "\\"), elements.count > 1 {
                    isMember = isMember || elements[1] == byte
                    rest = rest.dropFirst(2)
                } else if elements.count == 3, elements[1] == UInt8(ascii: "-") {
                    let (low, high) = (min(elements[0], elements[2]), max(elements[0], elements[2]))
                    isMember = isMember || (low <= byte && byte <= high)
                    rest = rest.dropFirst(3)
                } else {
                    isMember = isMember || element == byte
                    rest = rest.dropFirst()
                }
            }
            return isMember != isNegated && Self.naive(rest.dropFirst(), text.dropFirst())
        default:
            return first == byte && Self.naive(pattern.dropFirst(), text.dropFirst())
        }
    }
}
