import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, sections 5.2.1 and 5.4.
@Suite struct RequestDirectivesTests {
    private struct Asked {
        var directives = RequestDirectives()

        init(_ change: (inout RequestDirectives) -> Void) { change(&self.directives) }
    }

    private static func asked(_ change: (inout RequestDirectives) -> Void) -> RequestDirectives {
        Asked(change).directives
    }

    static let rows: [(String, RequestDirectives)] = [
        ("no-cache", asked { $0.noCache = true }), ("No-Cache", asked { $0.noCache = true }),
        ("no-store", asked { $0.noStore = true }), ("only-if-cached", asked { $0.onlyIfCached = true }),
        ("no-transform", asked { $0.noTransform = true }),
        ("max-age=600", asked { $0.maxAge = 600 }), ("max-age=0", asked { $0.maxAge = 0 }),
        ("max-age=5, max-age=3", asked { $0.maxAge = 3 }), ("max-age=x", asked { $0.maxAge = 0 }),
        ("min-fresh=20", asked { $0.minFresh = 20 }), ("min-fresh=x", RequestDirectives()),
        ("max-stale=1000", asked { $0.maxStale = 1_000 }), ("max-stale", asked { $0.maxStale = .max }),
        ("max-stale=x", RequestDirectives()), ("stale-if-error=9", asked { $0.staleIfError = 9 }),
        ("foo=\"no-cache\"", RequestDirectives()), ("", RequestDirectives()),
        (
            "no-cache, max-stale=5",
            asked {
                $0.noCache = true; $0.maxStale = 5
            }
        ),
    ]

    @Test(arguments: Self.rows)
    func reads(_ value: String, _ expected: RequestDirectives) {
        #expect(RequestDirectives(fields("Cache-Control: " + value)) == expected)
        #expect(expected.isEmpty == (expected == RequestDirectives()))
    }

    /// Section 5.4: `Pragma: no-cache` counts only in a request without `Cache-Control`.
    @Test(
        arguments: [
            (["Pragma: no-cache"], true), (["Pragma: foo, No-Cache"], true),
            (["Pragma: unrecognised-extension"], false),
            (["Pragma: no-cache", "Cache-Control: max-age=100"], false),
            (["Pragma: no-cache", "Cache-Control: foo"], false),
        ]
    )
    func pragma(_ lines: [String], _ noCache: Bool) {
        let headers = lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
        #expect(RequestDirectives(headers).noCache == noCache)
    }
}
