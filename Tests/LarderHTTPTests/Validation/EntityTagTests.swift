import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9110, section 8.8.3.
@Suite struct EntityTagTests {
    private static func tag(_ text: String) throws -> EntityTag { try #require(EntityTag(Array(text.utf8))) }

    /// Section 8.8.3.2, with its own table first.
    @Test(
        arguments: [
            ("W/\"1\"", "W/\"1\"", false, true), ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true), ("\"1\"", "\"2\"", false, false),
            // Malformed tags are not repaired: they equal themselves.
            ("abc", "abc", true, true), ("abc", "\"abc\"", false, false), ("w/\"1\"", "W/\"1\"", false, false),
            ("w/\"1\"", "w/\"1\"", true, true), ("W\\\"1\"", "W\\\"1\"", true, true), ("\"é\"", "\"é\"", true, true),
            ("\"A\"", "\"a\"", false, false),
        ]
    )
    func comparison(_ one: String, _ other: String, _ strong: Bool, _ weak: Bool) throws {
        let (one, other) = (try Self.tag(one), try Self.tag(other))
        #expect(one.isStronglyEqual(to: other) == strong)
        #expect(other.isStronglyEqual(to: one) == strong)
        #expect(one.isWeaklyEqual(to: other) == weak)
        #expect(other.isWeaklyEqual(to: one) == weak)
    }

    @Test func whatIsNoTag() {
        #expect(EntityTag([]) == nil)
        #expect(EntityTag(Array(repeating: 0x61, count: 5_000)) == nil)
    }
}
