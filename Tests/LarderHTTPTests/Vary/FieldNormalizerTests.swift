import HTTPTypes
import LarderTesting
import Testing

@testable import LarderHTTP

/// RFC 9111, section 4.1, and RFC 9110, section 12.5; Rules, section 6.
@Suite struct FieldNormalizerTests {
    private static func value(_ normalizer: FieldNormalizer, _ name: String, _ values: [String]) -> String? {
        normalizer.value(of: name, in: fields(values.map { (name, $0) })).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        arguments: [
            (["1, 2"], "1,2"), (["1", "2"], "1,2"), ([" 1 ,2 "], "1,2"), (["", ""], ""), ([], nil), ([",,"], ""),
            (["\"a , b\" , c"], "\"a , b\",c"), (["Mozilla/5.0 (X11, like Gecko)"], "Mozilla/5.0 (X11,like Gecko)"),
        ] as [([String], String?)]
    )
    func lists(_ values: [String], _ expected: String?) {
        #expect(Self.value(.list, "foo", values) == expected)
    }

    @Test func exact() {
        #expect(Self.value(.exact, "foo", [" 1 , 2", "3"]) == "1 , 2,3")
        #expect(Self.value(.exact, "foo", []) == nil)
    }

    /// RFC 9110, section 12.5.4.
    @Test(
        arguments: [
            (["en, de"], true, "de,en"), (["de, en"], true, "de,en"), (["eN, De"], true, "de,en"),
            ([" en ,   de"], true, "de,en"), (["en;q=1.0, de"], true, "de,en"), (["en; Q=0.500"], true, "en;q=0.5"),
            (["de, en"], false, "de,en"), (["en, DE"], false, "en,de"), (["en;q=0"], false, "en;q=0"),
            (["en;q=x"], false, "en;q=0"), (["en;q=2"], false, "en;q=0"), (["en;q=0.05"], false, "en;q=0.05"),
            (["en;q=0.12345"], false, "en;q=0"), (["en;q=1.001"], false, "en"), ([], false, nil), ([""], false, ""),
        ] as [([String], Bool, String?)]
    )
    func languages(_ values: [String], _ ignoresOrder: Bool, _ expected: String?) {
        let normalizer = FieldNormalizer.acceptLanguage(ignoresOrder: ignoresOrder)
        #expect(Self.value(normalizer, "accept-language", values) == expected)
    }

    /// RFC 9110, section 12.5.3.
    @Test(
        arguments: [
            (["gzip, deflate, br"], "br"), (["gzip, deflate"], "gzip"), (["deflate"], "identity"), ([""], "identity"),
            ([], "identity"), (["br;q=0.5, gzip"], "gzip"), (["*"], "br"), (["*, br;q=0"], "gzip"),
            (["*;q=0"], "identity"), (["GZIP"], "gzip"), (["x-gzip"], "gzip"), (["gzip;q=0, *;q=0.1"], "br"),
            (["gzip", "br"], "br"), (["identity"], "identity"), (["br;q=0, gzip;q=0"], "identity"),
            // There are no quoted strings in it, so quotes hide nothing.
            (["\", gzip, \""], "gzip"), (["\", br;q=0.5, \""], "br"),
        ]
    )
    func encodings(_ values: [String], _ expected: String) {
        #expect(Self.value(.acceptEncoding(offered: ["br", "gzip"]), "accept-encoding", values) == expected)
    }

    /// RFC 9110, section 12.5.1.
    @Test(
        arguments: [
            (["text/html, */*;q=0.8"], "*/*;q=0.8,text/html"), (["*/* ; q=0.80 , Text/HTML"], "*/*;q=0.8,text/html"),
            (["text/html; Level=1"], "text/html;level=1"), ([], nil),
            (["A/b; profile=\"C , d\", e"], "a/b;profile=\"C , d\",e"),
        ] as [([String], String?)]
    )
    func mediaTypes(_ values: [String], _ expected: String?) {
        #expect(Self.value(.accept, "accept", values) == expected)
    }

    @Test(
        arguments: [
            (["a=1; session=x; theme=dark"], "session=x; theme=dark"),
            (["theme=dark", "a=1", "session=x"], "session=x; theme=dark"),
            (["a=1"], nil), ([], nil), (["session=x; session=y"], "session=x; session=y"),
            (["session=y; session=x"], "session=y; session=x"), (["Session=x"], nil), (["session"], "session"),
            // RFC 6265, section 5.4: a semicolon ends a cookie wherever it stands, for every handler.
            (["x=\"; session=mine; y=\""], "session=mine"), (["session=\"a;b\""], "session=\"a"),
        ] as [([String], String?)]
    )
    func cookies(_ values: [String], _ expected: String?) {
        #expect(Self.value(.cookies(named: ["session", "theme"]), "cookie", values) == expected)
    }

    /// RFC 9113, section 8.2.3: lines of `Cookie` are joined with semicolons, and a comma is a byte like others.
    @Test(
        arguments: [
            (["lang=de", "theme=x"], "lang=de; theme=x"), (["lang=de,theme=x"], "lang=de,theme=x"),
            (["a=\"1 , 2\" , b"], "a=\"1 , 2\" , b"), ([""], ""), ([], nil),
        ] as [([String], String?)]
    )
    func wholeCookies(_ values: [String], _ expected: String?) {
        #expect(Self.value(.list, "cookie", values) == expected)
        #expect(Self.value(.exact, "cookie", values) == expected)
        #expect(Self.value(.custom { $0 }, "cookie", values) == expected)
        let request = fields(values.map { ("cookie", $0) })
        #expect(FieldNormalizer.list.matches("cookie", in: request, value: expected.map { Array($0.utf8) }))
    }

    /// Two sessions that are no text must not be one.
    @Test func cookiesAreBytes() {
        let normalizer = FieldNormalizer.cookies(named: ["session"])
        let one = HTTPFields([HTTPField(name: .cookie, value: Array("session=".utf8) + [0xFE])])
        let other = HTTPFields([HTTPField(name: .cookie, value: Array("session=".utf8) + [0xFF])])
        #expect(normalizer.value(of: "cookie", in: one) != normalizer.value(of: "cookie", in: other))
    }

    @Test func custom() {
        let normalizer = FieldNormalizer.custom { $0?.contains("Mobile") == true ? "phone" : "desk" }
        #expect(Self.value(normalizer, "user-agent", ["Mozilla Mobile"]) == "phone")
        #expect(Self.value(normalizer, "user-agent", []) == "desk")
        let literal = fields("User-Agent: phone")
        // A request that says what the form is, and is none.
        #expect(!normalizer.matches("user-agent", in: literal, value: Array("phone".utf8)))
    }

    /// A form stays as it is: what has its bytes need not be made comparable again.
    @Test(
        arguments: [
            FieldNormalizer.list, .exact, .accept, .acceptLanguage(ignoresOrder: true),
            .acceptLanguage(ignoresOrder: false),
            .acceptEncoding(offered: ["br", "gzip"]), .cookies(named: ["a", "b"]),
        ]
    )
    func formsAreStable(_ normalizer: FieldNormalizer) {
        var generator = SeededGenerator(seed: 4_1)
        let alphabet = Array("aAbB ,;=\"\\q01.*\t".utf8)
        let name = HTTPField.Name.acceptLanguage
        var before: [UInt8]?
        for _ in 0..<4_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            let request = HTTPFields([HTTPField(name: name, value: bytes)])
            let made = normalizer.value(of: "accept-language", in: request)
            // Comparing in place says the same as making the form and comparing that.
            #expect(normalizer.matches("accept-language", in: request, value: made))
            #expect(normalizer.matches("accept-language", in: request, value: before) == (made == before))
            before = made
            guard let form = made, !form.isEmpty,
                !form.contains(UInt8(ascii: "\""))
            else { continue }
            let again = HTTPFields([HTTPField(name: name, value: form)])
            #expect(normalizer.value(of: "accept-language", in: again) == form, "\(bytes)")
        }
    }
}

extension FieldNormalizer {
    /// Whether a request's field has this form.
    fileprivate func matches(_ name: String, in request: HTTPFields, value: [UInt8]?) -> Bool {
        var policy = CachePolicy.proxy
        policy.normalizers[name] = self
        var forms = RequestForms()
        return forms.matches(.init(name: name, value: value), in: request, policy: policy)
    }
}
