import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9213: targeted fields.
@Suite struct TargetedDirectivesTests {
    private static let cdn = HTTPField.Name("CDN-Cache-Control").map { [$0] } ?? []

    private static func effective(_ lines: String...) -> (directives: ResponseDirectives, source: DirectiveSource) {
        let all = lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
        return ResponseDirectives.effective(in: all, targets: Self.cdn)
    }

    /// Section 2.2: where there is a targeted field that parses, `Cache-Control` does not count, nor its prohibitions.
    @Test(
        arguments: [
            ("max-age=3600", 3_600), ("max-age=0", 0), ("max-age=99999999999", 2_147_483_648), ("max-age=-5", 0),
            ("max-age=10;note=1, foo", 10), ("  max-age=10 ", 10), ("max-age=1, max-age=2", 2),
        ] as [(String, Int64)]
    )
    func targetedFieldWins(_ value: String, _ seconds: Int64) {
        let (directives, source) = Self.effective("Cache-Control: no-store, private", "CDN-Cache-Control: " + value)
        #expect(source == .targeted("cdn-cache-control"))
        #expect(directives.maxAge == seconds)
        #expect(directives.flags == [])
    }

    /// Section 2.1: it is a Dictionary of structured fields, and what is not one is ignored as a whole.
    @Test(
        arguments: [
            "", "max-age=10000, &&&&&", "max-age=\"10000\"", "max-age=10.5", "max-age", "MaX-aGe=3600", "max-age=10,",
            "max-age=10 no-store", "max-age=1000000000000000", "max-age=(1 2)", "no-store=1", "no-store=?2",
            "s-maxage=a", "public=\"x\"", "=5", "max-age=10, stale-if-error=?1",
        ]
    )
    func malformedFieldIsIgnored(_ value: String) {
        let (directives, source) = Self.effective("Cache-Control: no-store", "CDN-Cache-Control: " + value)
        #expect(source == .cacheControl)
        #expect(directives.flags == .noStore)
    }

    @Test(
        arguments: [
            ("no-store", .noStore), ("no-store=?0", []), ("private", .isPrivate), ("no-cache", .noCache),
            ("foo", []), ("must-revalidate, public", [.mustRevalidate, .isPublic]),
            ("must-understand, proxy-revalidate", [.mustUnderstand, .proxyRevalidate]),
            ("immutable, no-transform", [.immutable, .noTransform]),
        ] as [(String, ResponseDirectives.Flags)]
    )
    func flags(_ value: String, _ flags: ResponseDirectives.Flags) {
        let (directives, source) = Self.effective("Cache-Control: max-age=10000", "CDN-Cache-Control: " + value)
        #expect(source == .targeted("cdn-cache-control"))
        #expect(directives.flags == flags)
        #expect(directives.maxAge == nil)
    }

    @Test func namesAndWindows() {
        let value = "private=\"a, b\", no-cache=c, s-maxage=1, stale-while-revalidate=2, stale-if-error=3"
        let (directives, _) = Self.effective("CDN-Cache-Control: " + value)
        #expect(directives.privateFields == ["a", "b"])
        #expect(directives.noCacheFields == ["c"])
        #expect(directives.sharedMaxAge == 1)
        #expect(directives.staleWhileRevalidate == 2)
        #expect(directives.staleIfError == 3)
    }

    @Test func severalLinesAreOneDictionary() {
        let (directives, _) = Self.effective("CDN-Cache-Control: max-age=5", "CDN-Cache-Control: must-revalidate")
        #expect(directives.maxAge == 5)
        #expect(directives.flags == .mustRevalidate)
    }

    @Test func theFirstTargetThatMeansSomethingWins() throws {
        let own = try #require(HTTPField.Name("Larder-Cache-Control"))
        let both = fields("CDN-Cache-Control: max-age=1", "Larder-Cache-Control: max-age=2")
        let targets = [own] + Self.cdn
        #expect(ResponseDirectives.effective(in: both, targets: targets).directives.maxAge == 2)
        let broken = fields("CDN-Cache-Control: max-age=1", "Larder-Cache-Control: max-age=x")
        #expect(ResponseDirectives.effective(in: broken, targets: targets).directives.maxAge == 1)
        #expect(ResponseDirectives.effective(in: both, targets: []).source == .cacheControl)
    }

    /// The parser compares each key with all before it, so what is too long is not parsed, and not stored.
    @Test func whatIsTooLongIsNotStored() {
        let value = (0..<1_000).map { "x\($0)" }.joined(separator: ", ")
        #expect(Self.effective("CDN-Cache-Control: \(value), no-store").directives.flags == .noStore)
    }
}
