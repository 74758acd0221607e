import Foundation
import HTTPTypes
import LarderHTTP
import Synchronization
import Testing

/// RFC 9111, section 4.1; Rules, sections 2 and 6.
@Suite struct VariantListTests {
    private static func list(_ variants: [(name: String, request: String, headers: [String])], most: Int = 32) throws
        -> VariantList<String>
    {
        var list = VariantList<String>()
        for variant in variants {
            let headers = variant.headers.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
            let metadata = try stored(
                200,
                headers,
                request: request(.get, "/", variant.request.isEmpty ? [:] : fields(variant.request))
            ).metadata
            _ = list.insert(.init(metadata: metadata, payload: variant.name), most: most)
        }
        return list
    }

    private static func selected(_ list: VariantList<String>, _ request: String, after seconds: Int64 = 0) -> String? {
        let headers = request.isEmpty ? [:] : fields(request)
        let index = list.select(for: headers, now: noon.advanced(by: .seconds(seconds)), policy: .proxy)
        return index.map { list.variants[$0].payload }
    }

    private static let fresh = "Cache-Control: max-age=100"

    @Test func manyVariantsOfOneKey() throws {
        let list = try Self.list([
            ("one", "Foo: 1", [Self.fresh, "Vary: Foo"]), ("two", "Foo: 2", [Self.fresh, "Vary: Foo"]),
        ])
        #expect(Self.selected(list, "Foo: 1") == "one")
        #expect(Self.selected(list, "Foo: 2") == "two")
        #expect(Self.selected(list, "Foo: 3") == nil)
        #expect(Self.selected(list, "") == nil)
        #expect(list.names == ["foo"])
    }

    /// Each with a list of its own.
    @Test func variantsThatVaryDifferently() throws {
        let list = try Self.list([
            ("foo", "Foo: 1", [Self.fresh, "Vary: Foo"]), ("bar", "Bar: 1", [Self.fresh, "Vary: Bar"]),
        ])
        #expect(Self.selected(list, "Foo: 1") == "foo")
        #expect(Self.selected(list, "Bar: 1") == "bar")
        #expect(list.names == ["bar", "foo"])
    }

    @Test func freshBeforeStaleThenVaryingThenNewest() throws {
        let list = try Self.list([
            ("plain", "", [Self.fresh, "Date: " + date(-1)]),
            ("old", "Foo: 1", [Self.fresh, "Vary: Foo", "Date: " + date(-5)]),
            ("new", "Foo: 1", [Self.fresh, "Vary: Foo, Bar", "Date: " + date(-2)]),
            ("short", "Foo: 1", ["Cache-Control: max-age=10", "Vary: Foo, Baz", "Date: " + date(0)]),
        ])
        #expect(Self.selected(list, "Foo: 1") == "short")
        #expect(Self.selected(list, "Foo: 1", after: 20) == "new")
        #expect(Self.selected(list, "Foo: 2") == "plain")
        #expect(Self.selected(list, "Foo: 1", after: 500) == "short")
    }

    /// A response for the same requests takes the place of the one before.
    @Test func theSameVariantIsReplaced() throws {
        let list = try Self.list([
            ("old", "Foo: 1, 2", [Self.fresh, "Vary: Foo"]), ("new", "Foo: 1,2", [Self.fresh, "Vary: Foo"]),
        ])
        #expect(list.variants.map(\.payload) == ["new"])
    }

    @Test func theLeastRecentlyUsedLeaves() throws {
        var list = try Self.list((0..<3).map { ("\($0)", "Foo: \($0)", [Self.fresh, "Vary: Foo"]) })
        #expect(list.variants.map(\.payload) == ["2", "1", "0"])
        list.touch(2)
        #expect(list.variants.map(\.payload) == ["0", "2", "1"])
        let more = try Self.list([("3", "Foo: 3", [Self.fresh, "Vary: Foo"])]).variants[0]
        #expect(list.insert(more, most: 3).map(\.payload) == ["1"])
        #expect(list.variants.map(\.payload) == ["3", "0", "2"])
        #expect(list.remove(1)?.payload == "0")
        #expect(list.remove(9) == nil)
        list.update(0) { $0.payload = "changed" }
        list.touch(7)
        #expect(list.variants.map(\.payload) == ["changed", "2"])
        let last = try Self.list([("4", "Foo: 4", [Self.fresh, "Vary: Foo"])]).variants[0]
        #expect(list.insert(last, most: 0).map(\.payload) == ["2", "changed"])
    }

    /// RFC 9110, section 12.5.4: a response in the one language that a request likes best is what it asks for.
    @Test(
        arguments: [
            ("Accept-Language: fr;q=0.5, de;q=1.0", "german"), ("Accept-Language: de", "german"),
            ("Accept-Language: DE, fr;q=0.9", "german"), ("Accept-Language: fr, de", nil),
            ("Accept-Language: fr, de;q=0.9", nil), ("Accept-Language: de-AT", nil), ("Accept-Language: *", nil),
            ("Accept-Language: de;q=0", nil), ("", nil), ("Accept-Language: de, en", "german"),
        ] as [(String, String?)]
    )
    func contentLanguage(_ request: String, _ expected: String?) throws {
        let headers = [Self.fresh, "Vary: Accept-Language", "Content-Language: de"]
        let list = try Self.list([("german", "Accept-Language: en, de", headers)])
        #expect(Self.selected(list, request) == expected)
    }

    @Test func isCodable() throws {
        let list = try Self.list((0..<3).map { ("\($0)", "Foo: \($0)", [Self.fresh, "Vary: Foo"]) })
        let decoded = try JSONDecoder().decode(VariantList<String>.self, from: try JSONEncoder().encode(list))
        #expect(decoded.variants.map(\.payload) == ["2", "1", "0"])
        #expect(decoded.variants.map(\.metadata) == list.variants.map(\.metadata))
        #expect(decoded.count == 3)
        #expect(Self.selected(decoded, "Foo: 1") == "1")
    }

    @Test func contentLanguageCanBeIgnored() throws {
        let headers = [Self.fresh, "Vary: Accept-Language", "Content-Language: de"]
        let list = try Self.list([("german", "Accept-Language: en, de", headers)])
        let request = fields("Accept-Language: de")
        #expect(list.select(for: request, now: noon, policy: .proxy) == 0)
        #expect(list.select(for: request, now: noon, policy: .application) == nil)
    }

    /// However many variants there are, a request's fields are read once.
    @Test func formsAreMadeOnce() throws {
        let reads = Mutex(0)
        var policy = CachePolicy.proxy
        policy.normalizers["foo"] = .custom { value in
            reads.withLock { $0 += 1 }
            return value
        }
        let headers = [Self.fresh, "Vary: Foo", "Content-Language: de"]
        let list = try Self.list((0..<32).map { ("\($0)", "Foo: \($0)", headers) })
        let lines = fields("Foo: a", "Foo: b", "Accept-Language: de")
        #expect(list.select(for: lines, now: noon, policy: policy) == nil)
        #expect(reads.withLock { $0 } == 1)
    }

    /// What is longer than anybody sends is like nothing, and its answer is not stored.
    @Test(arguments: [
        ("Foo", "a", 4_097), ("Foo", String(repeating: "a", count: 8_192), 1), ("Accept-Encoding", "a,b", 129),
        ("Accept-Language", "a", 257),
    ])
    func moreThanAnybodySends(_ name: String, _ value: String, _ lines: Int) throws {
        var policy = CachePolicy.proxy
        policy.normalizers["accept-encoding"] = .acceptEncoding(offered: ["gzip"])
        let vary = fields(Self.fresh, "Vary: " + name)
        let less = fields((1..<max(2, lines)).map { _ in (name, String(value.dropLast())) })
        let key = try #require(VaryKey(response: vary, request: less, policy: policy))
        #expect(key.matches(less, policy: policy))
        let more = fields((0..<lines).map { _ in (name, value) })
        #expect(VaryKey(response: vary, request: more, policy: policy) == nil)
        #expect(!key.matches(more, policy: policy))
        let storability = Storability(exchange(200, vary, request: request(.get, "/", more)), policy: policy)
        // It is the request's fault, and takes nothing from others.
        #expect(storability.refusal == .requestSpecific)
    }
}
