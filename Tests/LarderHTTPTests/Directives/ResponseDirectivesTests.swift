import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, section 5.2; the parsing rules of which each tells a good cache from a poor one.
@Suite struct ResponseDirectivesTests {
    /// Section 1.2.2, delta-seconds, and section 4.2.1: what is no number makes a response stale.
    @Test(
        arguments: [
            ("max-age=3600", 3_600), ("MaX-aGe=3600", 3_600), ("max-age=0", 0), ("max-age=003600", 3_600),
            ("max-age=2147483647", 2_147_483_647), ("max-age=2147483648", 2_147_483_648),
            ("max-age=2147483649", 2_147_483_648), ("max-age=99999999999", 2_147_483_648),
            ("max-age=99999999999999999999999999999999", 2_147_483_648),
            ("max-age=\"3600\"", 3_600), ("max-age='3600'", 0), ("max-age=-3600", 0), ("max-age=3600.0", 0),
            ("max-age=3600.5", 0), ("max-age=a3600", 0), ("max-age=3600a", 0), ("max-age=", 0), ("max-age", 0),
            ("max-age =3600", 0), ("max-age= 3600", 0), ("max-age=36 00", 0), ("max-age=+3600", 0),
            ("max-age=\"3600", 0), ("max-age=\"\"", 0),
            // Twice: the smaller one.
            ("max-age=1800, max-age=1", 1), ("max-age=1, max-age=1800", 1), ("max-age=5, max-age=5", 5),
            ("max-age=5, max-age=x", 0),
            // Commas inside quoted strings do not separate, and unknown directives are ignored.
            ("extension=\"max-age=3600\", max-age=1", 1), ("max-age=1, extension=\"max-age=3600\"", 1),
            ("extension=\"a, max-age=9, b\", max-age=1", 1), ("x=\"\\\", max-age=3600, \", max-age=1", 1),
            ("foobar, max-age=3600", 3_600), ("foo=bar,,max-age=3600,", 3_600), (" , max-age=3600 ", 3_600),
            ("x-max-age=9, max-age=3600, max-age-x=9", 3_600),
        ] as [(String, Int64)]
    )
    func maxAge(_ value: String, _ seconds: Int64) {
        #expect(ResponseDirectives(cacheControl: fields(("Cache-Control: " + value))).maxAge == seconds)
    }

    @Test(arguments: ["", "public", "extension=\"max-age=3600\"", "s-maxage=5", "xmax-age=5", "max-agex=5"])
    func noMaxAge(_ value: String) {
        #expect(ResponseDirectives(cacheControl: fields("Cache-Control: " + value)).maxAge == nil)
    }

    @Test func severalLinesAreOneList() {
        let two = fields("Cache-Control: max-age=1800", "Cache-Control: max-age=1, NO-STORE")
        let directives = ResponseDirectives(cacheControl: two)
        #expect(directives.maxAge == 1)
        #expect(directives.flags == .noStore)
    }

    /// Section 5.2.2, RFC 5861 and RFC 8246.
    @Test(
        arguments: [
            ("no-store", .noStore), ("No-StOrE", .noStore), ("no-cache", .noCache), ("private", .isPrivate),
            ("public", .isPublic), ("must-revalidate", .mustRevalidate), ("proxy-revalidate", .proxyRevalidate),
            ("must-understand", .mustUnderstand), ("no-transform", .noTransform), ("immutable", .immutable),
            ("no-store, no-cache", [.noStore, .noCache]), ("no-storex", []), ("xno-store", []),
            ("ext=\"no-store\"", []),
            ("private-ish, nono-cache", []),
            // A prohibition with a needless argument is one; a permission with one is none.
            ("no-store=1", .noStore), ("public=1", []), ("must-understand=1", []), ("immutable=1", .immutable),
            // A quote that nothing closes hides nothing.
            ("x=\"y, no-store", .noStore), ("\"\\\", no-store", .noStore),
        ] as [(String, ResponseDirectives.Flags)]
    )
    func flags(_ value: String, _ flags: ResponseDirectives.Flags) {
        #expect(ResponseDirectives(cacheControl: fields("Cache-Control: " + value)).flags == flags)
    }

    /// Sections 5.2.2.4 and 5.2.2.7: field names restrict the directive to those fields.
    @Test(
        arguments: [
            ("private=\"a, B\"", ["a", "b"], [], []), ("private=a", ["a"], [], []),
            ("no-cache=\"Set-Cookie\"", [], ["set-cookie"], []),
            ("private=\"a\", private=\"b\"", ["a", "b"], [], []),
            ("private=\"a\", private", ["a"], [], .isPrivate),
            ("private=\"\"", [], [], .isPrivate), ("private=", [], [], .isPrivate),
            ("private=\"a b\"", [], [], .isPrivate), ("no-cache=\"a;b\"", [], [], .noCache),
        ] as [(String, [String], [String], ResponseDirectives.Flags)]
    )
    func fieldNames(_ value: String, _ privates: [String], _ noCache: [String], _ flags: ResponseDirectives.Flags) {
        let directives = ResponseDirectives(cacheControl: fields("Cache-Control: " + value))
        #expect(directives.privateFields == privates)
        #expect(directives.noCacheFields == noCache)
        #expect(directives.flags == flags)
    }

    @Test func moreFieldNamesThanAnybodyWritesAreAll() {
        let names = (0..<100).map { "x\($0)" }.joined(separator: ", ")
        #expect(ResponseDirectives(cacheControl: fields("Cache-Control: private=\"\(names)\"")).flags == .isPrivate)
    }

    /// RFC 5861, sections 3 and 4, and RFC 9111, section 5.2.2.10.
    @Test func otherNumbers() {
        let value = "s-maxage=1, stale-while-revalidate=2, Stale-If-Error=3"
        let directives = ResponseDirectives(cacheControl: fields("Cache-Control: " + value))
        #expect(directives.sharedMaxAge == 1)
        #expect(directives.staleWhileRevalidate == 2)
        #expect(directives.staleIfError == 3)
        let broken = ResponseDirectives(cacheControl: fields("Cache-Control: stale-if-error=x, s-maxage=-1"))
        #expect(broken.staleIfError == 0)
        #expect(broken.sharedMaxAge == 0)
    }

    /// Section 4.2.4, and section 5.2.2.10: `s-maxage` implies `proxy-revalidate`.
    @Test(
        arguments: [
            ("max-age=1", false), ("no-cache", true), ("must-revalidate", true), ("proxy-revalidate", true),
            ("s-maxage=1", true), ("no-cache=\"a\"", false), ("immutable", false),
        ]
    )
    func forbidsStale(_ value: String, _ expected: Bool) {
        #expect(ResponseDirectives(cacheControl: fields("Cache-Control: " + value)).forbidsStale == expected)
    }

    /// Section 5.4: in a response `Pragma` means nothing.
    @Test func pragmaInAResponseMeansNothing() {
        #expect(ResponseDirectives(cacheControl: fields("Pragma: no-cache")) == ResponseDirectives())
    }
}
