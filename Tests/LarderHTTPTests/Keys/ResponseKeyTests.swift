import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, section 2; Rules, section 2.
@Suite struct ResponseKeyTests {
    private static func key(
        _ path: String,
        _ policy: KeyPolicy = KeyPolicy(),
        authority: String = "shop.example",
        scheme: String = "https",
        parts: [ResponseKey.Part] = []
    ) -> ResponseKey? {
        ResponseKey(request(.get, path, authority: authority, scheme: scheme), policy: policy, parts: parts)
    }

    @Test(
        arguments: [
            ("/a", "/b"), ("/a?x=1", "/a?x=2"), ("/a?x=1", "/a"), ("/a?", "/a"), ("/a?x=1&y=2", "/a?y=2&x=1"),
            ("/a%2F", "/a/"), ("/a/../b", "/b"), ("/A", "/a"), ("/a?b", "/a/?b"), ("/a//b", "/a/b"),
        ]
    )
    func differentTargetsDiffer(_ one: String, _ other: String) {
        #expect(Self.key(one) != Self.key(other))
        #expect(Self.key(one) == Self.key(one))
    }

    @Test func schemeAndAuthorityAreInIt() {
        #expect(Self.key("/") != Self.key("/", scheme: "http"))
        #expect(Self.key("/") != Self.key("/", authority: "other.example"))
        #expect(Self.key("/") == Self.key("/", authority: "SHOP.example:443"))
    }

    /// GET and HEAD have one key: HEAD is answered from GETs (Rules, section 1).
    @Test func theMethodIsNotInIt() {
        #expect(ResponseKey(request(.head, "/a"), policy: KeyPolicy()) == Self.key("/a"))
    }

    @Test func partsAreKeptApartByTheirLengths() {
        #expect(Self.key("/", parts: [.init("a", "bc")]) != Self.key("/", parts: [.init("ab", "c")]))
        #expect(Self.key("/", parts: [.init("a", "b"), .init("c", "d")]) != Self.key("/", parts: [.init("a", "bcd")]))
        #expect(Self.key("/", parts: [.init("a", "")]) != Self.key("/"))
        let parts = [ResponseKey.Part("language", "de"), ResponseKey.Part("tenant", "7")]
        #expect(Self.key("/", parts: parts) == Self.key("/", parts: parts.reversed()))
    }

    /// An invalidation knows the URI and not the parts.
    @Test func allKeysOfAURIHaveItsTarget() throws {
        let plain = try #require(Self.key("/a?b"))
        let parts = try #require(Self.key("/a?b", parts: [.init("language", "de")]))
        #expect(plain.target == plain.bytes)
        #expect(parts.target == plain.target)
        #expect(parts != plain)
        #expect(Self.key("/a?c", parts: [.init("language", "de")])?.target != plain.target)
    }

    /// Of two lines a handler may heed the first, or the last; and bytes that are no text are not all the same.
    @Test func linesOfOneNameAreKeptAsTheyCame() throws {
        var policy = KeyPolicy()
        policy.fields = ["x-host"]
        let name = try #require(HTTPField.Name("X-Host"))
        func key(_ values: [UInt8]...) -> ResponseKey? {
            let headers = HTTPFields(values.map { HTTPField(name: name, value: $0) })
            return ResponseKey(request(.get, "/", headers), policy: policy)
        }
        #expect(key([0x61], [0x62]) != key([0x62], [0x61]))
        #expect(key([0xFE]) != key([0xFF]))
        #expect(key([0x61], [0x62]) == key([0x61], [0x62]))
    }

    /// The form is kept in stores, so it must not change by accident.
    @Test func bytes() {
        let key = Self.key("/a?b", parts: [.init("t", "7")])
        let expected: [UInt8] =
            [1, 0, 0, 0, 5] + Array("https".utf8) + [0, 0, 0, 12] + Array("shop.example".utf8) + [0, 0, 0, 2]
            + Array("/a".utf8) + [1, 0, 0, 0, 1] + Array("b".utf8) + [0, 0, 0, 1] + Array("t".utf8) + [0, 0, 0, 1]
            + Array("7".utf8)
        #expect(key?.bytes == expected)
        #expect(key?.fingerprint.utf8.count == 16)
    }

    /// An attacker who chooses `Host` must not choose where a page is stored.
    @Test func onlyConfiguredHostsHaveKeys() {
        var policy = KeyPolicy()
        policy.hosts = ["shop.example", "shop.example:8443"]
        #expect(Self.key("/", policy) != nil)
        #expect(Self.key("/", policy, authority: "SHOP.example:8443") != nil)
        #expect(Self.key("/", policy, authority: "evil.example") == nil)
        #expect(Self.key("/", policy, authority: "shop.example:1") == nil)
    }

    /// Rules, section 12: what changes the answer is in the key, in `Vary`, or removed before the handler.
    @Test func unkeyedInputsCanBeKeyed() {
        let plain = request(.get, "/")
        let forged = request(.get, "/", fields("X-Forwarded-Host: evil.example", "Accept: a"))
        var policy = KeyPolicy()
        #expect(ResponseKey(plain, policy: policy) == ResponseKey(forged, policy: policy))
        policy.fields = KeyPolicy.unkeyedInputs
        #expect(ResponseKey(plain, policy: policy) != ResponseKey(forged, policy: policy))
        #expect(ResponseKey(plain, policy: policy) == ResponseKey(plain, policy: KeyPolicy()))
        let other = request(.get, "/", fields("X-Forwarded-Host: evil.example", "Accept: b"))
        #expect(ResponseKey(other, policy: policy) == ResponseKey(forged, policy: policy))
        // An application's part of the same name is another part.
        let part = ResponseKey(plain, policy: policy, parts: [.init("x-forwarded-host", "evil.example")])
        #expect(part != ResponseKey(forged, policy: policy))
        let target = TargetURI(forged)
        let parts = policy.parts(of: forged.headerFields)
        #expect(target.flatMap { ResponseKey($0, policy: policy, parts: parts) } == ResponseKey(forged, policy: policy))
    }

    /// Forgetting for whom a request is must not make its page everybody's.
    @Test func credentialsNeedTheirPart() {
        var policy = KeyPolicy()
        policy.credentials = "user"
        let asked = request(.get, "/", fields("Authorization: x"))
        #expect(ResponseKey(asked, policy: policy) == nil)
        #expect(ResponseKey(asked, policy: policy, parts: [.init("tenant", "7")]) == nil)
        #expect(ResponseKey(asked, policy: policy, parts: [.init("user", "7")]) != nil)
        #expect(ResponseKey(request(.get, "/"), policy: policy) != nil)
        policy.fields = ["authorization"]
        #expect(ResponseKey(asked, policy: policy) != ResponseKey(request(.get, "/"), policy: policy))
        #expect(ResponseKey(asked, policy: policy) != nil)
    }

    @Test(
        arguments: [
            (QueryPolicy.sorted, "/?b=2&a=1", "/?a=1&b=2", true), (.sorted, "/?a=2&a=1", "/?a=1&a=2", false),
            (.sorted, "/?a=1&&b=2", "/?a=1&b=2", true), (.sorted, "/?a", "/?a=", false),
            (.keeping(["id"]), "/?id=1&utm_source=x", "/?id=1", true), (.keeping(["id"]), "/?id=1", "/?id=2", false),
            (.keeping(["id"]), "/?x=1", "/", true), (.dropping(["utm_source"]), "/?utm_source=x&id=1", "/?id=1", true),
            (.dropping(["utm_source"]), "/?id=1", "/?id=2", false),
            (.dropping(["utm_source"]), "/?utm_source", "/", true),
            (.dropping(["x"], sorts: false), "/?b&x&a", "/?b&a", true),
            (.dropping(["x"], sorts: false), "/?b&x&a", "/?a&b", false),
            (.asReceived, "/?b=2&a=1", "/?a=1&b=2", false),
        ]
    )
    func queryPolicies(_ query: QueryPolicy, _ one: String, _ other: String, _ isSame: Bool) {
        var policy = KeyPolicy()
        policy.query = query
        #expect((Self.key(one, policy) == Self.key(other, policy)) == isSame)
    }

    /// What the key does not hold, a handler must not see.
    @Test(
        arguments: [
            (QueryPolicy.keeping(["id"]), "/a?x=1&id=2&id=1", "/a?id=2&id=1"), (.keeping(["id"]), "/a?x=1", "/a"),
            (.dropping(["x"]), "/a?b&x=1&a", "/a?b&a"), (.sorted, "/a?b&a", "/a?b&a"),
            (.asReceived, "/a?b&a", "/a?b&a"),
            (.keeping(["id"]), "/a", "/a"),
        ]
    )
    func visible(_ query: QueryPolicy, _ path: String, _ expected: String) {
        #expect(query.visible(path) == expected)
    }
}
