import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, section 4.1; Rules, sections 3 and 6.
@Suite struct VaryKeyTests {
    private static func key(_ vary: [String], _ request: [String], _ policy: CachePolicy = .proxy) -> VaryKey? {
        VaryKey(response: lines("Vary", vary), request: all(request), policy: policy)
    }

    private static func lines(_ name: String, _ values: [String]) -> HTTPFields { fields(values.map { (name, $0) }) }

    private static func all(_ lines: [String]) -> HTTPFields {
        lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
    }

    /// `*` anywhere in the list, on any line, with empty members or company.
    @Test(
        arguments: [
            ["*"], ["*, *"], ["*", "*"], [", *"], ["", "*"], ["*, Foo"], ["Foo, *"], ["Foo", "Bar, *"], ["Foo Bar"],
            ["Foo;q=1"], ["\"Foo\""], ["ä"], [(0..<100).map { "x\($0)" }.joined(separator: ",")],
        ]
    )
    func matchesNothing(_ vary: [String]) {
        #expect(Self.key(vary, ["Foo: 1"]) == nil)
    }

    @Test(
        arguments: [
            (["Foo"], ["foo"]), (["Foo, bar"], ["bar", "foo"]), (["Foo", "BAR"], ["bar", "foo"]), ([""], []), ([], []),
            ([", Foo,,"], ["foo"]), (["Foo, FOO"], ["foo"]),
        ]
    )
    func names(_ vary: [String], _ names: [String]) {
        #expect(Self.key(vary, [])?.selectors.map(\.name) == names)
    }

    @Test(
        arguments: [
            (["Foo"], ["Foo: 1"], ["Foo: 1"], true), (["Foo"], ["Foo: 1"], ["foo: 1"], true),
            (["Foo"], ["Foo: 1"], ["Foo: 2"], false),
            // Absent matches absent, and not empty.
            (["Foo"], [], ["Foo: 1"], false), (["Foo"], ["Foo: 1"], [], false), (["Foo"], [], [], true),
            (["Foo"], [], ["Foo: "], false), (["Foo"], ["Foo: "], ["Foo: "], true), (["Foo"], ["Foo: "], [], false),
            // Other fields do not matter.
            (["Foo"], ["Foo: 1", "Other: 2"], ["Foo: 1", "Other: 3"], true),
            (["Foo, Bar"], ["Foo: 1", "Bar: abc"], ["Foo: 1", "Bar: abc"], true),
            (["Foo, Bar"], ["Foo: 1", "Bar: abc"], ["Foo: 2", "Bar: abc"], false),
            (["Foo, Bar"], ["Foo: 1", "Bar: abc"], [], false),
            (["Foo, Bar, Baz"], ["Foo: 1", "Baz: 789"], ["Baz: 789", "Foo: 1"], true),
            (["Foo, Bar, Baz"], ["Foo: 1", "Bar: a", "Baz: 7"], ["Foo: 1", "Baz: 7", "Bar: ab"], false),
            // Lines are joined, members trimmed.
            (["Foo"], ["Foo: 1, 2"], ["Foo: 1", "Foo: 2"], true), (["Foo"], ["Foo: 1,2"], ["Foo:  1, 2 "], true),
            (["Foo"], ["Foo: 1,2"], ["Foo: 2,1"], false), (["Foo"], ["Foo: a"], ["Foo: A"], false),
            (["Foo"], ["Foo: \"1, 2\""], ["Foo: \"1,2\""], false),
            (["Cookie"], ["Cookie: a=1,b=2"], ["Cookie: a=1", "Cookie: b=2"], false),
            (["Cookie"], ["Cookie: a=1; b=2"], ["Cookie: a=1", "Cookie: b=2"], true),
            (["Cookie"], ["Cookie: a=1,b=2"], ["Cookie: a=1, b=2"], false),
            // What would run together without separators does not.
            (["A, B"], ["A: x", "B: yz"], ["A: xy", "B: z"], false),
        ]
    )
    func matching(_ vary: [String], _ first: [String], _ second: [String], _ matches: Bool) throws {
        let key = try #require(Self.key(vary, first))
        #expect(key.matches(Self.all(second), policy: .proxy) == matches)
        #expect((key == Self.key(vary, second)) == matches)
    }

    @Test func bytesThatAreNoTextAreComparedAsBytes() throws {
        let name = try #require(HTTPField.Name("Foo"))
        func headers(_ byte: UInt8) -> HTTPFields { HTTPFields([HTTPField(name: name, value: [byte])]) }
        let key = try #require(VaryKey(response: fields("Vary: Foo"), request: headers(0xFE), policy: .proxy))
        #expect(key.matches(headers(0xFE), policy: .proxy))
        #expect(!key.matches(headers(0xFF), policy: .proxy))
    }

    /// Rules, section 6: such a `Vary` all but disables caching.
    @Test(
        arguments: [
            ("Cookie", .cookie), ("User-Agent, Cookie", .cookie), ("User-Agent", .userAgent), ("Accept", nil),
            ("", nil),
        ] as [(String, VaryKey.Warning?)]
    )
    func warnings(_ vary: String, _ warning: VaryKey.Warning?) {
        #expect(Self.key([vary], [])?.warning == warning)
    }
}
