import HTTPTypes
import LarderHTTP
import RawStructuredFieldValues
import Testing

/// RFC 9211, and its syntax by RFC 9651; Rules, section 13.
@Suite struct CacheStatusTests {
    private static func status(
        _ outcome: CacheStatus.Outcome,
        cache: String = "Larder",
        _ change: (inout CacheStatus) -> Void = { _ in }
    ) -> CacheStatus {
        var status = CacheStatus(cache, outcome)
        change(&status)
        return status
    }

    static let rows: [(CacheStatus, String)] = [
        (status(.hit) { $0.timeToLive = 376 }, "Larder;hit;ttl=376"),
        (status(.hit) { $0.timeToLive = -412 }, "Larder;hit;ttl=-412"),
        (status(.forward(.uriMiss)) { $0.isCollapsed = true }, "Larder;fwd=uri-miss;collapsed"),
        (status(.forward(.varyMiss)) { $0.isStored = true }, "Larder;fwd=vary-miss;stored"),
        (status(.forward(.stale)) { $0.forwardStatus = 304 }, "Larder;fwd=stale;fwd-status=304"),
        (status(.forward(.bypass)), "Larder;fwd=bypass"), (status(.forward(.method)), "Larder;fwd=method"),
        (status(.forward(.request)), "Larder;fwd=request"), (status(.forward(.partial)), "Larder;fwd=partial"),
        (status(.forward(.miss)) { $0.detail = "BUSY" }, "Larder;fwd=miss;detail=BUSY"),
        (status(.hit) { $0.key = "a \"b\" \\ é" }, "Larder;hit;key=\"a \\\"b\\\" \\\\ ??\""),
        (status(.hit) { $0.detail = "not a token" }, "Larder;hit;detail=\"not a token\""),
        (status(.hit, cache: "my cache"), "\"my cache\";hit"), (status(.hit, cache: "1st"), "\"1st\";hit"),
        (status(.hit, cache: ""), "\"\";hit"), (status(.hit, cache: "cache.example:80/a"), "cache.example:80/a;hit"),
        // `hit` and what the origin did exclude each other.
        (
            status(.hit) {
                $0.forwardStatus = 200; $0.isStored = true; $0.isCollapsed = true
            }, "Larder;hit"
        ),
        (status(.hit) { $0.timeToLive = .min }, "Larder;hit;ttl=-999999999999999"),
        (status(.forward(.miss)) { $0.forwardStatus = -5 }, "Larder;fwd=miss;fwd-status=0"),
    ]

    @Test(arguments: Self.rows)
    func serialized(_ status: CacheStatus, _ expected: String) throws {
        #expect(status.serialized == expected)
        var parser = StructuredFieldValueParser(Array(status.serialized.utf8))
        let list = try parser.parseListFieldValue()
        #expect(list.count == 1)
    }

    /// Section 2: nearest to the origin first.
    @Test func isAppended() {
        var headers = fields("Cache-Status: Origin;hit", "X: 1")
        CacheStatus("Larder", .hit).append(to: &headers)
        #expect(headers.lines("Cache-Status") == ["Origin;hit", "Larder;hit"])
    }

    @Test func aPolicySaysWhatIsTold() throws {
        let key = try #require(ResponseKey(request(), policy: KeyPolicy()))
        var policy = CachePolicy.proxy
        #expect(CacheStatus(policy, .hit, key: key) == nil)
        policy.statusName = "Larder"
        #expect(CacheStatus(policy, .hit, key: key)?.serialized == "Larder;hit")
        policy.tellsKey = true
        #expect(CacheStatus(policy, .hit, key: key)?.serialized == "Larder;hit;key=\"\(key.fingerprint)\"")
    }

    @Test func decisionsHaveNames() throws {
        let metadata = try stored(200, fields("Cache-Control: max-age=10", "ETag: \"a\"")).metadata
        func forward(_ line: String, after seconds: Int64) -> CacheStatus.Forward? {
            let asked = line.isEmpty ? [:] : fields(line)
            return .init(metadata.reuse(for: summary(.get, asked), after: .seconds(seconds), policy: .proxy))
        }
        #expect(forward("", after: 5) == nil)
        #expect(forward("", after: 15) == .stale)
        #expect(forward("Cache-Control: no-cache", after: 5) == .request)
        #expect(forward("Cache-Control: max-age=1", after: 5) == .request)
        #expect(CacheStatus.Forward(RequestTreatment.lookUp) == nil)
        #expect(CacheStatus.Forward(RequestTreatment.forward) == .method)
        #expect(CacheStatus.Forward(RequestTreatment.forwardAndInvalidate) == .method)
        #expect(CacheStatus.Forward(RequestTreatment.bypass(.noStore)) == .request)
        #expect(CacheStatus.Forward(RequestTreatment.bypass(.body)) == .bypass)
    }
}
