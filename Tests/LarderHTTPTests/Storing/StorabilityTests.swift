import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, sections 3 and 3.5; Rules, sections 3 and 12.
@Suite struct StorabilityTests {
    private static func refusal(
        _ lines: [String],
        status: Int = 200,
        request: HTTPRequest = request(),
        policy: CachePolicy = .proxy
    ) -> StorageRefusal? {
        let headers = lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
        return Storability(exchange(status, headers, request: request), policy: policy).refusal
    }

    private static let modified = "Last-Modified: " + date(-86_400)

    /// Rules, section 3: with explicit freshness any final status is kept.
    @Test(arguments: [
        200, 201, 202, 203, 204, 299, 301, 302, 303, 307, 308, 400, 403, 404, 410, 499, 500, 502, 503, 504, 599,
    ])
    func explicitFreshness(_ status: Int) {
        #expect(Self.refusal(["Cache-Control: max-age=3600"], status: status) == nil)
        #expect(Self.refusal(["Expires: " + date(3_600)], status: status) == nil)
        #expect(Self.refusal(["Cache-Control: s-maxage=3600"], status: status) == nil)
        #expect(Self.refusal(["CDN-Cache-Control: max-age=3600"], status: status) == nil)
    }

    /// Without it, only the statuses of the heuristic set, or any that is public.
    @Test(arguments: 200..<600)
    func heuristicFreshness(_ status: Int) {
        guard ![206, 304, 412, 416].contains(status) else { return }
        let known = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501].contains(status)
        #expect(Self.refusal([Self.modified], status: status) == (known ? nil : .noFreshness))
        #expect(Self.refusal(["ETag: \"a\""], status: status) == (known ? nil : .noFreshness))
        #expect(Self.refusal([Self.modified, "Cache-Control: public"], status: status) == nil)
    }

    @Test(
        arguments: [
            // Never a hidden default.
            ([], .noFreshness), (["Cache-Control: public"], .noFreshness), (["Pragma: no-cache"], .noFreshness),
            // A validator is worth asking with.
            (["ETag: \"a\""], nil), (["Cache-Control: no-cache", "ETag: \"a\""], nil),
            (["Cache-Control: max-age=0", "ETag: \"a\""], nil), (["Last-Modified: " + date(0)], nil),
            (["Last-Modified: yesterday"], .noFreshness),
            (["Cache-Control: no-cache, max-age=10"], .staleOnArrival),
            // Stale, with nothing to ask again with, and not to be sent stale.
            (["Cache-Control: no-cache, max-age=0"], .staleOnArrival),
            (["Cache-Control: s-maxage=0"], .staleOnArrival), (["Cache-Control: max-age=5", "Age: 9"], nil),
            (["Cache-Control: max-age=5, must-revalidate", "Age: 9"], .staleOnArrival),
        ] as [([String], StorageRefusal?)]
    )
    func grounds(_ lines: [String], _ refusal: StorageRefusal?) {
        #expect(Self.refusal(lines) == refusal)
    }

    @Test func anApplicationDoesNotKeepWhatIsStaleOnArrival() {
        #expect(Self.refusal(["Cache-Control: max-age=0"], policy: .proxy) == nil)
        #expect(Self.refusal(["Cache-Control: max-age=0"], policy: .application) == .staleOnArrival)
        #expect(Self.refusal(["Cache-Control: max-age=0", "ETag: \"a\""], policy: .application) == nil)
    }

    /// Section 5.2.2; each with a lifetime beside it that does not help.
    @Test(
        arguments: [
            (["Cache-Control: no-store, max-age=100"], 200, .noStore),
            (["Cache-Control: No-StOrE", "Cache-Control: max-age=100"], 200, .noStore),
            (["Cache-Control: private, max-age=100"], 200, .isPrivate),
            (["Cache-Control: private=\"a, b\", max-age=100"], 200, nil),
            (["Cache-Control: ext=\"no-store\", max-age=100"], 200, nil),
            // `must-understand` lifts `no-store` where the status is understood, and else forbids.
            (["Cache-Control: no-store, must-understand, max-age=100"], 200, nil),
            (["Cache-Control: no-store, must-understand, max-age=100"], 599, .notUnderstood),
            (["Cache-Control: must-understand, max-age=100"], 599, .notUnderstood),
            (["Cache-Control: must-understand, max-age=100"], 299, .notUnderstood),
            (["Cache-Control: must-understand, max-age=100"], 404, nil),
            // RFC 9213, section 2.2.
            (["CDN-Cache-Control: no-store", "Cache-Control: max-age=100"], 200, .noStore),
            (["CDN-Cache-Control: private", "Cache-Control: max-age=100"], 200, .isPrivate),
            (["CDN-Cache-Control: max-age=100", "Cache-Control: no-store"], 200, nil),
            (["CDN-Cache-Control: max-age=\"100\"", "Cache-Control: no-store"], 200, .noStore),
            (["Vary: *", "Cache-Control: max-age=100"], 200, .varyAny),
            (["Vary: Foo, *", "Cache-Control: max-age=100"], 200, .varyAny),
            (["Vary: Foo", "Cache-Control: max-age=100"], 200, nil),
            (["Cache-Control: max-age=100", "Content-Type: Text/Event-Stream; charset=utf-8"], 200, .eventStream),
            (["Cache-Control: max-age=100", "Content-Type: text/event-streams"], 200, nil),
            (["Cache-Control: max-age=100"], 206, .partialContent),
            (["Cache-Control: max-age=100"], 304, .notModified),
            (["Cache-Control: max-age=100"], 412, .requestSpecific),
            (["Cache-Control: max-age=100"], 416, .requestSpecific),
            (["Cache-Control: max-age=100"], 103, .status),
            (["Cache-Control: max-age=100"], 100, .status),
            (["Cache-Control: max-age=100"], 600, .status),
            (["Cache-Control: max-age=100", "Cache-Tag: " + String(repeating: "x", count: 300)], 200, .tooManyTags),
        ] as [([String], Int, StorageRefusal?)]
    )
    func vetoes(_ lines: [String], _ status: Int, _ refusal: StorageRefusal?) {
        #expect(Self.refusal(lines, status: status) == refusal)
    }

    /// Section 3.5.
    @Test(
        arguments: [
            (["Cache-Control: max-age=100"], false), (["Cache-Control: max-age=100, public"], true),
            (["Cache-Control: max-age=100, must-revalidate"], true), (["Cache-Control: s-maxage=100"], true),
            (["CDN-Cache-Control: max-age=100, public"], true), (["CDN-Cache-Control: max-age=100"], false),
            (["Cache-Control: max-age=100, proxy-revalidate"], false),
            (["CDN-Cache-Control: max-age=100", "Cache-Control: public"], false),
        ]
    )
    func authorization(_ lines: [String], _ isPermitted: Bool) {
        let request = request(.get, "/", fields("Authorization: Basic x"))
        #expect(Self.refusal(lines, request: request) == (isPermitted ? nil : .authorization))
        #expect(Self.refusal(lines, request: request, policy: .application) == .authorization)
        var keyed = CachePolicy.application
        keyed.authorization = .keyed
        // Not before the key tells one from the other.
        #expect(Self.refusal(lines, request: request, policy: keyed) == .authorization)
        keyed.key.fields = ["authorization"]
        #expect(Self.refusal(lines, request: request, policy: keyed) == nil)
    }

    /// Rules, section 12.
    @Test(
        arguments: [
            (.store, "max-age=100", nil), (.store, "max-age=100, public", nil),
            (.bypass, "max-age=100, public", .setCookie), (.storeIfPublic, "max-age=100", .setCookie),
            (.storeIfPublic, "max-age=100, public", nil), (.strip, "max-age=100", nil),
            // Never by a guess.
            (.store, "public", .setCookie), (.store, "foo", .setCookie), (.strip, "foo", nil),
            (.storeIfPublic, "public", .setCookie),
            // Nor by a lifetime that has ended.
            (.store, "max-age=0", .setCookie), (.store, "no-cache", .setCookie),
            (.store, "no-cache, max-age=100", nil),
        ] as [(CachePolicy.SetCookie, String, StorageRefusal?)]
    )
    func setCookie(_ setCookie: CachePolicy.SetCookie, _ directives: String, _ refusal: StorageRefusal?) {
        var policy = CachePolicy.proxy
        policy.setCookie = setCookie
        let lines = ["Cache-Control: " + directives, "Set-Cookie: a=b", Self.modified]
        #expect(Self.refusal(lines, policy: policy) == refusal)
        // With no lifetime at all, only something to ask with.
        let bare = Self.refusal(["Set-Cookie: a=b", "ETag: \"a\""], policy: policy)
        #expect(bare == (setCookie == .strip ? nil : .setCookie))
    }

    @Test func aLifetimeOfThePastIsNone() {
        let lines = ["Set-Cookie: a=b", "ETag: \"a\""]
        #expect(Self.refusal(lines + ["Expires: -1"]) == .setCookie)
        #expect(Self.refusal(lines + ["Cache-Control: max-age=10", "Age: 10"]) == .setCookie)
        #expect(Self.refusal(lines + ["Cache-Control: max-age=10", "Age: 9"]) == nil)
    }

    /// Rules, section 12: a page that says nothing may be its visitor's.
    @Test(
        arguments: [
            ([Self.modified], .cookie), (["ETag: \"a\""], .cookie),
            ([Self.modified, "Cache-Control: public"], .cookie),
            (["Cache-Control: max-age=10"], nil), ([Self.modified, "Vary: Cookie"], nil),
            (["Expires: " + date(9)], nil),
        ] as [([String], StorageRefusal?)]
    )
    func visitorsCookies(_ lines: [String], _ refusal: StorageRefusal?) {
        let asked = request(.get, "/", fields("Cookie: user=alice"))
        #expect(Self.refusal(lines, request: asked, policy: .application) == refusal)
        #expect(Self.refusal(lines, policy: .application) == nil)
        #expect(Self.refusal(lines, request: asked, policy: .proxy) == nil)
        var keyed = CachePolicy.application
        keyed.key.fields = ["cookie"]
        #expect(Self.refusal(lines, request: asked, policy: keyed) == nil)
    }

    /// Section 5.2.1.5, and Rules, section 1: methods.
    @Test(
        arguments: [
            ("GET", [], nil), ("HEAD", [], .method), ("PUT", [], .method), ("OPTIONS", [], .method),
            ("FOO", [], .method),
            ("GET", ["Content-Length: 5"], .method), ("GET", ["Cache-Control: no-store"], .requestNoStore),
            ("GET", ["Cookie: a=b"], nil), ("GET", ["Cache-Control: no-cache"], nil),
        ] as [(String, [String], StorageRefusal?)]
    )
    func requests(_ method: String, _ lines: [String], _ refusal: StorageRefusal?) throws {
        let headers = lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
        let request = request(try #require(HTTPRequest.Method(method)), "/", headers)
        #expect(Self.refusal(["Cache-Control: max-age=100"], request: request) == refusal)
    }

    /// What one client's range or condition came to is not for everybody.
    @Test(
        arguments: [
            ("Range: bytes=9-", 416, .requestSpecific), ("Range: bytes=9-", 200, nil),
            ("Range: x", 404, .requestSpecific), ("Range: x", 400, .requestSpecific),
            ("If-Match: \"a\"", 200, .requestSpecific), ("If-None-Match: \"a\"", 200, nil),
            ("X: y", 404, nil),
        ] as [(String, Int, StorageRefusal?)]
    )
    func rangesAndConditions(_ line: String, _ status: Int, _ refusal: StorageRefusal?) {
        let request = request(.get, "/", fields(line))
        #expect(Self.refusal(["Cache-Control: max-age=100"], status: status, request: request) == refusal)
    }

    /// A body of HTTP/2 need not be told of in any field.
    @Test func whatIsBypassedIsNotStored() {
        var asked = request(.get, "/", fields("Connection: upgrade", "Upgrade: websocket"))
        var exchange = exchange(200, fields("Cache-Control: max-age=100"), request: asked)
        #expect(Storability(exchange, policy: .proxy).refusal == .method)
        asked.headerFields = [:]
        exchange.request = asked
        exchange.summary = summary(asked, hasBody: true)
        #expect(Storability(exchange, policy: .proxy).refusal == .method)
    }

    /// RFC 9110, section 9.3.3: a POST whose answer says that it is what a GET of the same URI would give.
    @Test(
        arguments: [
            ("/form?x", "max-age=100", 200, true), ("https://shop.example/form?x", "max-age=100", 200, true),
            ("", "max-age=100", 200, true), ("/form", "max-age=100", 200, false), ("/other", "max-age=100", 200, false),
            ("https://other.example/form?x", "max-age=100", 200, false), ("/form?x", "foo", 200, false),
            ("/form?x", "max-age=100", 201, false), (nil, "max-age=100", 200, false),
            ("/form?x", "max-age=100, no-store", 200, false),
        ] as [(String?, String, Int, Bool)]
    )
    func post(_ location: String?, _ directives: String, _ status: Int, _ isStored: Bool) {
        let lines =
            ["Cache-Control: " + directives, Self.modified] + (location.map { ["Content-Location: " + $0] } ?? [])
        let request = request(.post, "/form?x", fields("Content-Length: 5"))
        #expect((Self.refusal(lines, status: status, request: request) == nil) == isStored)
        var policy = CachePolicy.proxy
        policy.storesPOST = false
        #expect(Self.refusal(lines, status: status, request: request, policy: policy) == .method)
    }

    @Test func moreFieldsThanAnybodySends() {
        let lines = ["Cache-Control: max-age=100"] + (0..<1_000).map { "X-\($0): 1" }
        #expect(Self.refusal(lines) == .tooManyFields)
    }

    /// Rules, section 3: a newer answer that may not be stored means that the older is not true any more.
    @Test(
        arguments: [
            (.noStore, 200, true), (.noStore, 500, false), (.isPrivate, 200, true), (.setCookie, 200, true),
            (.varyAny, 200, true), (.noFreshness, 404, true), (.noFreshness, 503, false), (.incomplete, 200, false),
            (.requestNoStore, 200, false), (.method, 200, false), (.partialContent, 206, false),
            (.noFreshness, 400, false), (.noStore, 400, false), (.isPrivate, 429, false), (.noFreshness, 431, false),
            (.noStore, 404, true), (.isPrivate, 403, true), (.noFreshness, 410, true), (.noStore, 401, true),
            (.requestSpecific, 416, false), (.cookie, 200, false),
            (.eventStream, 200, true), (.uncacheable, 200, true), (.tooLarge, 200, true), (.invalidated, 200, false),
            (.authorization, 200, false), (.notModified, 304, false), (.tooManyTags, 200, true),
        ] as [(StorageRefusal, Int, Bool)]
    )
    func dropsOlder(_ refusal: StorageRefusal, _ status: Int, _ drops: Bool) {
        #expect(refusal.dropsOlder(status: status, policy: .proxy) == drops)
    }

    @Test func anOlderEntryMayBeKept() {
        var policy = CachePolicy.proxy
        policy.keepsOlderOnNoStore = true
        #expect(!StorageRefusal.noStore.dropsOlder(status: 200, policy: policy))
        #expect(StorageRefusal.isPrivate.dropsOlder(status: 200, policy: policy))
    }

    @Test func reasonsHaveNames() {
        #expect(StorageRefusal.noStore.description == "noStore")
        #expect("\(StorageRefusal.setCookie)" == "setCookie")
    }
}
