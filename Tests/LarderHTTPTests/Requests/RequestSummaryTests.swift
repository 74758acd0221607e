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
            ("Upgrade: websocket", .lookUp), ("Connection: X", .lookUp), ("Content-Length: 5", .bypass(.body)),
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
        var request = request(.get, "/", fields("Connection: X", "X: 1"))
        let summary = RequestSummary(&request, hasBody: true, policy: .proxy)
        #expect(summary.treatment(.proxy) == .bypass(.body))
        #expect(request.headerFields.isEmpty)
    }

    /// RFC 9110, section 7.8: `Connection` says so, and the protocol is one that is spoken here; the method goes first.
    @Test(
        arguments: [
            ("GET", "Upgrade", "websocket", .bypass(.upgrade)),
            ("HEAD", "keep-alive, upgrade", "h2c, WebSocket/13", .bypass(.upgrade)),
            ("GET", "upgrade", "h2c", .lookUp), ("GET", "keep-alive", "websocket", .lookUp),
            ("POST", "upgrade", "websocket", .forwardAndInvalidate),
            ("DELETE", "upgrade", "h2c", .forwardAndInvalidate),
            ("OPTIONS", "upgrade", "websocket", .forward), ("CONNECT", "upgrade", "websocket", .bypass(.upgrade)),
        ] as [(String, String, String, RequestTreatment)]
    )
    func upgrades(_ method: String, _ connection: String, _ upgrade: String, _ treatment: RequestTreatment) throws {
        let headers = fields("Connection: " + connection, "Upgrade: " + upgrade)
        #expect(summary(try #require(HTTPRequest.Method(method)), headers).treatment(.proxy) == treatment)
    }

    /// What does not reach the origin selects nothing, and a client takes away nothing that others count on.
    @Test func whatConnectionNamesIsTakenFirst() {
        var policy = CachePolicy.proxy
        policy.key.fields = ["x-keyed"]
        let names = "X-Hop, Range, X-Keyed, Cache-Control, Host, Content-Length, Authorization, Cookie"
        let kept = ["X-Keyed: 2", "Cache-Control: no-cache", "Content-Length: 0", "Authorization: a", "Cookie: b=c"]
        let lines = ["Connection: " + names, "X-Hop: 1", "Range: bytes=0-1", "Keep-Alive: 5"] + kept
        var request = request(.get, "/", lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 })
        let summary = RequestSummary(&request, hasBody: false, policy: policy)
        #expect(request.headerFields.map { "\($0.name): \($0.value)" } == kept)
        #expect(summary.traits == [.authorization])
        #expect(summary.directives.noCache)
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
            ("Upgrade: websocket", []), ("Transfer-Encoding: x", .body), ("Content-Length: 1", .body),
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
