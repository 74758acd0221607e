import Foundation
import Larder
import LarderStencil
import Testing

/// The keys are Django's: the rows were made by `django.core.cache.utils.make_template_fragment_key` of Django 5.2.
@Suite struct FragmentKeyTests {
    struct Row: @unchecked Sendable, CustomTestStringConvertible {
        // Unchecked: values of any type, which nobody changes.
        let name: String
        let vary: [Any?]
        let key: String

        init(_ name: String, _ vary: [Any?], _ key: String) {
            self.name = name
            self.vary = vary
            self.key = key
        }

        var testDescription: String { "\(self.name) \(self.vary)" }
    }

    static let rows: [Row] = [
        Row("sidebar", [], "template.cache.sidebar.d41d8cd98f00b204e9800998ecf8427e"),
        Row("sidebar", [], "template.cache.sidebar.d41d8cd98f00b204e9800998ecf8427e"),
        Row("sidebar", [42], "template.cache.sidebar.ef70b397e869e6fd08714e2f9edd3f8c"),
        Row("sidebar", [-7, 0], "template.cache.sidebar.264f01c8f6777abbb8f98c04822031d0"),
        Row("sidebar", [Int.max], "template.cache.sidebar.91d95c3b48979dbb018e96bdcb15349d"),
        Row("sidebar", [UInt64.max], "template.cache.sidebar.624e5f94e84c31693d027d35f920f9f8"),
        Row("sidebar", ["abc"], "template.cache.sidebar.493e283d571a73056196f1a68efd0f66"),
        Row("sidebar", [""], "template.cache.sidebar.853ae90f0351324bd73ea615e6487517"),
        Row("sidebar", ["", ""], "template.cache.sidebar.4501c091b0366d76ea3218b6cfdd8097"),
        Row("sidebar", ["a:b", "c"], "template.cache.sidebar.39e6f0c3b0396246d06add453fe355e5"),
        Row("sidebar", ["a", "b:c"], "template.cache.sidebar.39e6f0c3b0396246d06add453fe355e5"),
        Row("sidebar", ["grün 東京 🍃 e\u{301}"], "template.cache.sidebar.387f1dddb1f66735e5f73da69a803b88"),
        Row("sidebar", [true, false, nil], "template.cache.sidebar.7fec1b569ec60887ebaeba098f7e75f8"),
        Row("sidebar", [1.5, 0.1, -0.0, 3.0], "template.cache.sidebar.cbc9f553159710da5229b504b574082f"),
        Row(
            "sidebar",
            [1e15, 9007199254740992.0, 9.1e15, 1e16, 1.5e300],
            "template.cache.sidebar.129079d498b58856c3967ea95d253ece"
        ),
        Row(
            "sidebar",
            [0.0001, 0.00001, Double.leastNonzeroMagnitude],
            "template.cache.sidebar.a6d0aa3d341a2bfe4e69d3a4dbbc9879"
        ),
        Row(
            "sidebar",
            [Double.infinity, -Double.infinity, Double.nan],
            "template.cache.sidebar.e839b15d5b59bb605cc328ea73c1222b"
        ),
        Row(
            "sidebar",
            [[1, "a", nil, true] as [Any?], [Int]()],
            "template.cache.sidebar.61a1c2f7d14f1be3d43265efdf66546e"
        ),
        Row(
            "sidebar",
            [["it's", "say \"x\"", "both ' and \"", "tab\tnew\nline\\ \u{7} \u{A0} \u{200B} é \u{E0001}"]],
            "template.cache.sidebar.11316473317e84bdcf6f75e789a4d41d"
        ),
        Row(
            "sidebar",
            [["a": 1, "b": [2.5]] as [String: Any]],
            "template.cache.sidebar.50d92e32545ea752e53d13fb8840c419"
        ),
        Row(
            "sidebar",
            [UUID(uuidString: "E621E1F8-C36C-495A-93FC-0C247A3E6E5F")],
            "template.cache.sidebar.7404d072a9ae54a78af45089ed8f3d63"
        ),
        Row(
            "sidebar",
            [Date(timeIntervalSince1970: 1_709_210_096)],
            "template.cache.sidebar.10a7143b8dcd3878d3832cccd7857cd7"
        ),
        Row("sidebar", [Date(timeIntervalSince1970: -0.75)], "template.cache.sidebar.4536bc8510d897c1f90e4bdabcbf0701"),
        Row("book list", ["x"], "template.cache.book list.89c090488479a41cad9954347908e91c"),
        Row("\"quoted\"", [1], "template.cache.\"quoted\".3afcdbfeb6ecfbdd0ba628696e3cc163"),
    ]

    @Test(arguments: Self.rows) func keyIsDjangos(_ row: Row) throws {
        try #expect(CacheKey.fragment(row.name, vary: row.vary).name == row.key)
    }

    enum Shelf: String {
        case poetry
    }

    enum Plain {
        case one
    }

    struct Twin: CustomStringConvertible {
        let description: String
    }

    @Test func swiftValuesCountAsTheirText() throws {
        let poetry = try CacheKey.fragment("x", vary: ["poetry"])
        #expect(try CacheKey.fragment("x", vary: [Shelf.poetry]) == poetry)
        #expect(try CacheKey.fragment("x", vary: [Twin(description: "poetry")]) == poetry)
        #expect(try CacheKey.fragment("x", vary: ["poetry"[...]]) == poetry)
        #expect(try CacheKey.fragment("x", vary: [String??.some("poetry") as Any]) == poetry)
        #expect(try CacheKey.fragment("x", vary: [Plain.one]) == CacheKey.fragment("x", vary: ["one"]))
        #expect(try CacheKey.fragment("x", vary: [Int?.none as Any]) == CacheKey.fragment("x", vary: ["None"]))
        #expect(try CacheKey.fragment("x", vary: [Float(0.1)]) == CacheKey.fragment("x", vary: ["0.1"]))
        let first = try CacheKey.fragment("x", vary: [["b": 1, "a": 2]])
        #expect(try CacheKey.fragment("x", vary: [["a": 2, "b": 1]]) == first)
        let set: Set = ["a", "b", "c"]
        #expect(try CacheKey.fragment("x", vary: [set]) == CacheKey.fragment("x", vary: ["{'a', 'b', 'c'}"]))
    }

    final class User {}

    struct Person {
        var name: String
    }

    @Test func valuesThatLookAlikeAreRefused() {
        for value: Any in [User(), Person(name: "Ada"), Data([1]), [User()], ["k": Person(name: "Ada")]] {
            let error = #expect(throws: CacheError.self) { try CacheKey.fragment("sidebar", vary: [value]) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("vary on a property of it") == true)
            #expect(error?.description.contains("Ada") == false)
        }
    }

    @Test func fragmentIsRemovedByItsNameAndValues() async throws {
        let kitchen = Kitchen()
        let template = "{% cache 300 sidebar user %}{{ \"side\"|made }}{% endcache %}"
        for _ in 0..<2 { _ = try await kitchen.serve(template, ["user": 7]) }
        #expect(kitchen.made["side"] == 1)
        #expect(try await kitchen.caches.fragments.remove(fragment: "sidebar", vary: [7]))
        #expect(try await !kitchen.caches.fragments.remove(fragment: "sidebar", vary: [7]))
        _ = try await kitchen.serve(template, ["user": 7])
        #expect(kitchen.made["side"] == 2)
    }
}
