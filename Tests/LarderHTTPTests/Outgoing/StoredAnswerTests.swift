import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, sections 4 and 5.1, and RFC 9110, section 15.4.5; Rules, sections 5, 6, 8 and 11.
@Suite struct StoredAnswerTests {
    private static func all(_ lines: [String]) -> HTTPFields {
        lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
    }

    private static func answer(
        _ response: [String],
        _ request: [String] = [],
        method: HTTPRequest.Method = .get,
        status: Int = 200,
        body: Int64 = 11,
        policy: CachePolicy = .proxy,
        cacheStatus: CacheStatus? = nil
    ) throws -> StoredAnswer {
        let stored = try stored(status, all(["Cache-Control: max-age=100"] + response), body: body)
        let asked = all(request)
        return stored.answer(
            to: summary(method, asked),
            fields: asked,
            age: Age(milliseconds: 32_900),
            now: noon,
            policy: policy,
            status: cacheStatus
        )
    }

    /// One `Age`, in whole seconds; `Date` and `Expires` as they came; no `Warning`.
    @Test func ageReplacesTheStoredOne() throws {
        let response = ["Age: 30", "Date: " + date(-5), "Expires: " + date(500), "Warning: 110 - \"x\"", "X: 1"]
        let answer = try Self.answer(response)
        let headers = answer.response.headerFields
        #expect(answer.response.status.code == 200)
        #expect(answer.body == .whole)
        #expect(headers.lines("Age") == ["32"])
        #expect(headers.lines("Date") == [date(-5)])
        #expect(headers.lines("Expires") == [date(500)])
        #expect(headers.lines("Warning").isEmpty)
        #expect(headers.lines("Content-Length") == ["11"])
        #expect(headers.lines("X") == ["1"])
    }

    @Test func cacheStatusComesLast() throws {
        let answer = try Self.answer(["Cache-Status: Origin;hit"], cacheStatus: CacheStatus("Larder", .hit))
        #expect(answer.response.headerFields.lines("Cache-Status") == ["Origin;hit", "Larder;hit"])
    }

    /// Rules, section 8: HEAD has the same fields and no body.
    @Test func head() throws {
        let whole = try Self.answer(["ETag: \"a\""])
        let head = try Self.answer(["ETag: \"a\""], method: .head)
        #expect(head.response == whole.response)
        #expect(head.body == .none)
        #expect(head.response.headerFields.lines("Content-Length") == ["11"])
    }

    @Test(arguments: [204, 301, 404, 410, 299])
    func otherStatuses(_ status: Int) throws {
        let answer = try Self.answer([], status: status, body: status == 204 ? 0 : 11)
        #expect(answer.response.status.code == status)
        #expect(answer.body == (status == 204 ? .none : .whole))
    }

    /// RFC 9110, section 15.4.5.
    @Test func notModified() throws {
        let answer = try Self.answer(
            [
                "ETag: \"a\"", "Content-Location: /x", "Expires: " + date(9), "Vary: Foo", "Last-Modified: " + date(-9),
                "Set-Cookie: a=b", "Content-Type: text/html", "X: 1", "CDN-Cache-Control: max-age=100",
                "Cache-Status: Origin;hit",
            ],
            ["If-None-Match: \"a\"", "Range: bytes=0-1"]
        )
        #expect(answer.response.status.code == 304)
        #expect(answer.body == .none)
        let names = Set(answer.response.headerFields.map(\.name.canonicalName))
        #expect(
            names == [
                "cache-control", "etag", "content-location", "expires", "vary", "last-modified", "set-cookie", "date",
                "age",
                "cdn-cache-control", "cache-status",
            ]
        )
    }

    /// RFC 9110, section 15.3.7.
    @Test func partialContent() throws {
        let answer = try Self.answer(["ETag: \"a\"", "X: 1"], ["Range: bytes=2-4"])
        #expect(answer.response.status.code == 206)
        guard case .part(let range) = answer.body else { throw NotStored() }
        #expect(range.offsets == 2..<5)
        #expect(answer.response.headerFields.lines("Content-Range") == ["bytes 2-4/11"])
        #expect(answer.response.headerFields.lines("Content-Length") == ["3"])
        #expect(answer.response.headerFields.lines("ETag") == ["\"a\""])
        #expect(answer.response.headerFields.lines("X") == ["1"])
    }

    /// RFC 9110, section 15.5.17.
    @Test func rangeNotSatisfiable() throws {
        let answer = try Self.answer(["ETag: \"a\""], ["Range: bytes=99-"])
        #expect(answer.response.status.code == 416)
        #expect(answer.body == .none)
        #expect(answer.response.headerFields.lines("Content-Range") == ["bytes */11"])
        #expect(answer.response.headerFields.lines("Date") == [date(0)])
        #expect(answer.response.headerFields.lines("Content-Length") == ["0"])
        #expect(answer.response.headerFields.lines("Age") == ["32"])
    }

    /// Rules, section 12: where cookies are not stored, the client that caused one still gets it.
    @Test func cookiesOfA304AreForThisClient() throws {
        var policy = CachePolicy.proxy
        let received = exchange(304, fields("Set-Cookie: a=b", "Set-Cookie: c=d", "X: 1"))
        var answer = try Self.answer([])
        answer.addCookies(of: received, policy: policy)
        #expect(answer.response.headerFields.lines("Set-Cookie").isEmpty)
        policy.setCookie = .strip
        answer.addCookies(of: received, policy: policy)
        #expect(answer.response.headerFields.lines("Set-Cookie") == ["a=b", "c=d"])
        #expect(answer.response.headerFields.lines("X").isEmpty)
    }

    @Test func tagsAreNotSent() throws {
        #expect(try Self.answer(["Surrogate-Key: a"]).response.headerFields.lines("Surrogate-Key").isEmpty)
    }

    /// What passes through: without hop-by-hop fields and tags, and as old as it is.
    @Test(
        arguments: [
            ([], 0, 0, []), ([], 5, 0, ["5"]), (["Age: 7"], 0, 0, ["7"]), (["Age: 7", "Age: 9"], 5, 3, ["15"]),
            (["Age: x"], 0, 0, ["x"]), ([], 0, 2, ["2"]),
        ] as [([String], Int64, Int64, [String])]
    )
    func passing(_ lines: [String], _ delay: Int64, _ held: Int64, _ age: [String]) {
        let headers = Self.all(
            ["Connection: X-Hop", "X-Hop: 1", "Surrogate-Key: a", "X: 1", "Set-Cookie: a=b"] + lines
        )
        let response = Outgoing.passing(
            exchange(200, headers, delay: .seconds(delay)),
            policy: .proxy,
            status: CacheStatus("Larder", .forward(.uriMiss)),
            now: noon.advanced(by: .seconds(held))
        )
        #expect(response.headerFields.lines("Age") == age)
        let names = response.headerFields.map(\.name.canonicalName).filter { $0 != "age" }
        #expect(names == ["x", "set-cookie", "cache-status"])
    }

    /// RFC 9213, section 2.2, lets a cache take its own field away.
    @Test func targetedFieldsMayBeTakenAway() {
        var policy = CachePolicy.proxy
        let exchange = exchange(200, fields("CDN-Cache-Control: max-age=5"))
        #expect(Outgoing.passing(exchange, policy: policy).headerFields.lines("CDN-Cache-Control") == ["max-age=5"])
        policy.forwardsTargetedFields = false
        #expect(Outgoing.passing(exchange, policy: policy).headerFields.isEmpty)
    }

    /// Nor by a 304, a part or a whole from the store.
    @Test(arguments: ["X: 1", "If-None-Match: \"a\"", "Range: bytes=0-1"])
    func storedTargetedFieldsMayBeTakenAway(_ line: String) throws {
        var policy = CachePolicy.proxy
        let name = try #require(HTTPField.Name("Larder-Cache-Control"))
        policy.targetedFields.append(name)
        let response = ["Larder-Cache-Control: max-age=5", "ETag: \"a\""]
        let kept = try Self.answer(response, [line], policy: policy).response.headerFields
        #expect(kept.lines("Larder-Cache-Control") == ["max-age=5"])
        policy.forwardsTargetedFields = false
        let sent = try Self.answer(response, [line], policy: policy).response.headerFields
        #expect(sent.lines("Larder-Cache-Control").isEmpty)
    }

    /// RFC 9111, section 5.2.1.7.
    @Test func gatewayTimeout() {
        let response = Outgoing.gatewayTimeout(status: CacheStatus("Larder", .forward(.request)))
        #expect(response.status.code == 504)
        #expect(response.headerFields.lines("Cache-Status") == ["Larder;fwd=request"])
    }

    /// RFC 9110, section 7.6.1, both ways.
    @Test func hopByHop() {
        var headers = fields(
            "Connection: a, keep-alive, Host, Cache-Control",
            "A: 1",
            "Keep-Alive: 5",
            "Host: x",
            "Cache-Control: y",
            "B: 2",
            "TE: trailers",
            "Proxy-Authorization: z",
            "Connection: close, c",
            "C: 3"
        )
        HopByHop.remove(from: &headers)
        #expect(headers.map(\.name.canonicalName) == ["host", "cache-control", "b"])
        var plain = fields("A: 1")
        HopByHop.remove(from: &plain)
        #expect(plain == fields("A: 1"))
    }
}
