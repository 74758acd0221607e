import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, section 2; Rules, section 1.
@Suite struct RequestSummaryTests {
    @Test(
        arguments: [
            ("GET", .lookUp), ("HEAD", .lookUp), ("OPTIONS", .forward), ("TRACE", .forward),
            ("POST", .forwardAndInvalidate), ("PUT", .forwardAndInvalidate), ("M-SEARCH", .forwardAndInvalidate),
            ("get", .forwardAndInvalidate), ("CONNECT", .bypass(.upgrade)),
        ] as [(String, RequestTreatment)]
    )
    func methods(_ method: String, _ treatment: RequestTreatment) throws {
        let method = try #require(HTTPRequest.Method(method))
        #expect(summary(method).treatment(.proxy) == treatment)
    }

    @Test(
        arguments: [
            ("Upgrade: websocket", .bypass(.upgrade)), ("Content-Length: 5", .bypass(.body)),
            ("Content-Length: 0", .lookUp), ("Content-Length: x", .bypass(.body)),
            ("Transfer-Encoding: chunked", .bypass(.body)), ("If-Match: \"a\"", .bypass(.precondition)),
            ("If-Unmodified-Since: x", .bypass(.precondition)), ("Cache-Control: no-store", .bypass(.noStore)),
            ("If-None-Match: \"a\"", .lookUp), ("If-Modified-Since: x", .lookUp), ("Range: bytes=0-1", .lookUp),
            ("If-Range: \"a\"", .lookUp), ("Cookie: a=b", .lookUp), ("Cache-Control: no-cache", .lookUp),
            ("Authorization: Basic x", .lookUp),
        ] as [(String, RequestTreatment)]
    )
    func fieldsOfAGet(_ line: String, _ treatment: RequestTreatment) {
        #expect(summary(.get, fields(line)).treatment(.proxy) == treatment)
    }

    @Test func aBodyThatNoFieldTellsOf() {
        #expect(summary(.get, hasBody: true).treatment(.proxy) == .bypass(.body))
    }

    /// Rules, section 12: an application's pages for those who are logged in are not for others, nor the reverse.
    @Test func credentialsAreNotForAnApplicationsCache() {
        let summary = summary(.get, fields("Authorization: Basic x"))
        #expect(summary.treatment(.application) == .bypass(.authorization))
    }

    /// Rules, section 7: a switch ignores what untrusted clients say.
    @Test func directivesCanBeIgnored() {
        var policy = CachePolicy.proxy
        policy.heedsRequestDirectives = false
        #expect(summary(.get, fields("Cache-Control: no-store")).treatment(policy) == .lookUp)
    }

    @Test(
        arguments: [
            ("Range: x", .range), ("If-Range: x", .ifRange), ("If-None-Match: x", .ifNoneMatch),
            ("If-Modified-Since: x", .ifModifiedSince), ("If-Match: x", .originPrecondition),
            ("If-Unmodified-Since: x", .originPrecondition), ("Authorization: x", .authorization),
            ("Upgrade: x", .upgrade), ("Transfer-Encoding: x", .body), ("Content-Length: 1", .body),
            ("RANGE: x", .range), ("Ranges: x", []), ("Cookie: x", []), ("Accept: x", []),
        ] as [(String, RequestSummary.Traits)]
    )
    func traits(_ line: String, _ traits: RequestSummary.Traits) {
        #expect(summary(.get, fields(line)).traits == traits)
    }

    @Test func directivesAreRead() {
        #expect(summary(.get, fields("Cache-Control: max-age=5")).directives.maxAge == 5)
        #expect(summary(.get, fields("Pragma: no-cache")).directives.noCache)
        #expect(summary(.get, fields("Accept: text/html")).directives.isEmpty)
    }
}
