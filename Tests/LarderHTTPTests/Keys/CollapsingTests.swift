import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, section 4, on collapsed requests; Rules, section 10.
@Suite struct CollapsingTests {
    @Test(
        arguments: [
            ("GET", "", true, true), ("HEAD", "", false, false), ("POST", "", false, false),
            ("GET", "Cache-Control: no-store", false, false), ("GET", "Range: bytes=0-1", false, false),
            ("GET", "Authorization: x", false, false), ("GET", "Content-Length: 1", false, false),
            ("GET", "Cache-Control: only-if-cached", false, false), ("GET", "Cookie: a=b", true, true),
            ("GET", "Cache-Control: no-cache", true, true), ("GET", "If-Match: \"a\"", false, false),
            // Without anything to validate the client's own conditions go to the origin, for it alone.
            ("GET", "If-None-Match: \"a\"", false, true), ("GET", "If-Modified-Since: x", false, true),
        ]
    )
    func eligibility(_ method: String, _ line: String, _ atMiss: Bool, _ atStale: Bool) throws {
        let method = try #require(HTTPRequest.Method(method))
        let request = summary(method, line.isEmpty ? [:] : fields(line))
        #expect(Collapsing.isEligible(request, hasStored: false, policy: .proxy) == atMiss)
        #expect(Collapsing.isEligible(request, hasStored: true, policy: .proxy) == atStale)
    }

    @Test func credentialsInTheKeyDoNotKeepRequestsApart() {
        var policy = CachePolicy.application
        policy.authorization = .keyed
        let request = summary(.get, fields("Authorization: x"))
        #expect(!Collapsing.isEligible(request, hasStored: false, policy: policy))
        policy.key.credentials = "user"
        #expect(Collapsing.isEligible(request, hasStored: false, policy: policy))
    }

    /// Rules, section 7: a switch ignores what untrusted clients say, and then they wait like others.
    @Test func onlyIfCachedCanBeIgnored() {
        var policy = CachePolicy.proxy
        let request = summary(.get, fields("Cache-Control: only-if-cached"))
        #expect(request.wantsOnlyStored(policy))
        policy.heedsRequestDirectives = false
        #expect(!request.wantsOnlyStored(policy))
        #expect(Collapsing.isEligible(request, hasStored: false, policy: policy))
    }

    @Test func keysTellVariantsApart() throws {
        let key = try #require(ResponseKey(request(), policy: KeyPolicy()))
        func bytes(_ names: Set<String>, _ lines: HTTPFields) -> [UInt8] {
            Collapsing.key(key, varyingBy: names, request: lines, policy: .proxy)
        }
        #expect(bytes([], fields("Foo: 1")) == key.bytes)
        #expect(bytes(["foo"], fields("Foo: 1")) != bytes(["foo"], fields("Foo: 2")))
        #expect(bytes(["foo"], fields("Foo: 1,2")) == bytes(["foo"], fields("Foo: 1", "Foo: 2")))
        #expect(bytes(["foo"], [:]) != bytes(["foo"], fields("Foo: ")))
        #expect(bytes(["a", "b"], fields("A: x", "B: yz")) != bytes(["a", "b"], fields("A: xy", "B: z")))
    }

    /// Those who wait may take an answer that was stored and is one for them.
    @Test func followers() throws {
        let varying = fields("Cache-Control: max-age=10", "Vary: Foo")
        let metadata = try stored(200, varying, request: request(.get, "/", fields("Foo: 1"))).metadata
        func mayUse(_ stored: StoredResponse.Metadata?, _ lines: HTTPFields, after seconds: Int64 = 0) -> Bool {
            let request = summary(.get, lines)
            return Collapsing.mayUse(stored, request: request, fields: lines, after: .seconds(seconds), policy: .proxy)
        }
        #expect(mayUse(metadata, fields("Foo: 1")))
        #expect(!mayUse(metadata, fields("Foo: 2")))
        #expect(!mayUse(nil, fields("Foo: 1")))
        #expect(!mayUse(metadata, fields("Foo: 1"), after: 10))
        #expect(!mayUse(metadata, fields("Foo: 1", "Cache-Control: no-cache")))
        let always = try stored(200, fields("Cache-Control: no-cache", "ETag: \"a\"")).metadata
        #expect(!mayUse(always, [:]))
    }
}
