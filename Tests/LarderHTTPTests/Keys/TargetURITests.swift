import HTTPTypes
import Testing

@testable import LarderHTTP

/// RFC 9110, section 4.2.3, and RFC 3986: what a URI is to a key.
@Suite struct TargetURITests {
    @Test(
        arguments: [
            ("https", "Shop.Example", "shop.example"), ("https", "shop.example:443", "shop.example"),
            ("http", "shop.example:80", "shop.example"), ("http", "shop.example:443", "shop.example:443"),
            ("HTTPS", "shop.example:443", "shop.example"), ("https", "shop.example:", "shop.example"),
            ("https", "[::1]:443", "[::1]"), ("https", "[::1]", "[::1]"), ("https", "[::1]:8443", "[::1]:8443"),
        ]
    )
    func authority(_ scheme: String, _ authority: String, _ expected: String) {
        #expect(TargetURI(scheme: scheme, authority: authority, pathAndQuery: "/")?.authority == expected)
    }

    @Test(arguments: [
        "", "user@shop.example", "shop.example/x", "shop example", "shop.example?x", "a#b", "a\\b", "ä", ":443",
        "shop.example:443:443", "shop.example:80:", "::1", "shop.example:x", "[::1", "[::1]x", "[::1]:80:80", "a[::1]",
        "a]",
        "[::1]]", "[::1]:x",
    ])
    func refusedAuthority(_ authority: String) {
        #expect(TargetURI(scheme: "https", authority: authority, pathAndQuery: "/") == nil)
    }

    /// The path's bytes are as received: neither decoded nor folded.
    @Test(
        arguments: [
            ("/", "/", nil), ("", "/", nil), ("/a%2Fb", "/a%2Fb", nil), ("/a/../b", "/a/../b", nil), ("//", "//", nil),
            ("/a?", "/a", ""), ("/a?b?c", "/a", "b?c"), ("?q", "/", "q"), ("/é", "/é", nil),
        ] as [(String, String, String?)]
    )
    func pathAndQuery(_ text: String, _ path: String, _ query: String?) {
        let target = TargetURI(request(.get, text))
        #expect(target?.path == path)
        #expect(target?.query == query)
    }

    @Test func aWholeURIIsTakenForItsParts() {
        let absolute = TargetURI(request(.get, "HTTPS://Shop.Example:443/a?b", authority: "shop.example"))
        #expect(absolute == TargetURI(scheme: "https", authority: "shop.example", pathAndQuery: "/a?b"))
    }

    /// The cache could believe the one and the handler the other.
    @Test(
        arguments: [
            ("https://shop.example/", "evil.example", "https"), ("https://evil.example/", "shop.example", "https"),
            ("http://shop.example/", "shop.example", "https"), ("https://shop.example/", "shop.example", nil),
            ("https://shop.example/", nil, "https"), ("https://shop.example:8443/", "shop.example", "https"),
        ] as [(String, String?, String?)]
    )
    func aWholeURIThatSaysSomethingElseIsNoTarget(_ path: String, _ authority: String?, _ scheme: String?) {
        #expect(TargetURI(request(.get, path, authority: authority, scheme: scheme)) == nil)
    }

    @Test func noAuthorityIsNoTarget() {
        #expect(TargetURI(request(.get, "/", authority: nil)) == nil)
    }

    /// Bytes that are no UTF-8 all look the same in a string.
    @Test func aPathThatLostItsBytesIsNoTarget() {
        #expect(TargetURI(request(.get, "/\u{FFFD}")) == nil)
    }

    /// RFC 3986, section 5.4.1 and 5.4.2, of the base `http://a/b/c/d;p?q`, without fragments.
    @Test(
        arguments: [
            ("g", "/b/c/g"), ("./g", "/b/c/g"), ("g/", "/b/c/g/"), ("/g", "/g"), ("?y", "/b/c/d;p?y"),
            ("g?y", "/b/c/g?y"),
            ("#s", "/b/c/d;p?q"), ("g#s", "/b/c/g"), ("g?y#s", "/b/c/g?y"), (";x", "/b/c/;x"), ("g;x", "/b/c/g;x"),
            ("", "/b/c/d;p?q"), (".", "/b/c/"), ("./", "/b/c/"), ("..", "/b/"), ("../", "/b/"), ("../g", "/b/g"),
            ("../..", "/"), ("../../", "/"), ("../../g", "/g"), ("../../../g", "/g"), ("../../../../g", "/g"),
            ("/./g", "/g"), ("/../g", "/g"), ("g.", "/b/c/g."), (".g", "/b/c/.g"), ("g..", "/b/c/g.."),
            ("./../g", "/b/g"), ("./g/.", "/b/c/g/"), ("g/./h", "/b/c/g/h"), ("g/../h", "/b/c/h"),
            ("g;x=1/./y", "/b/c/g;x=1/y"), ("g?y/./x", "/b/c/g?y/./x"), ("http://a/g", "/g"), ("//a/g", "/g"),
        ]
    )
    func references(_ reference: String, _ expected: String) throws {
        let base = try #require(TargetURI(scheme: "http", authority: "a", pathAndQuery: "/b/c/d;p?q"))
        let resolved = base.resolving(reference)
        #expect(resolved == TargetURI(scheme: "http", authority: "a", pathAndQuery: expected))
    }

    @Test(arguments: [
        "mailto:a@b", "http:", "http:///x", "//user@a/", "a b", "\u{7F}", String(repeating: "a", count: 9_000),
    ])
    func noReferences(_ reference: String) throws {
        let base = try #require(TargetURI(scheme: "http", authority: "a", pathAndQuery: "/"))
        #expect(base.resolving(reference) == nil)
    }
}
