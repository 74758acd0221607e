import Foundation
import HTTPTypes
import LarderHTTP
import LarderTesting
import Testing

/// Whatever stands in header fields: no decision traps, and none takes longer than its input is long.
@Suite struct HostileFieldsTests {
    private static let names = [
        "Cache-Control", "CDN-Cache-Control", "Expires", "Date", "Age", "Vary", "ETag", "Last-Modified", "Pragma",
        "If-None-Match", "If-Modified-Since", "If-Range", "Range", "Connection", "Content-Length", "Content-Language",
        "Accept-Language", "Accept-Encoding", "Accept", "Cookie", "Surrogate-Key", "Cache-Tag", "Location",
        "Content-Location", "Set-Cookie", "Authorization", "Content-Range", "Foo",
    ]

    private static let words = [
        "max-age", "s-maxage", "no-cache", "no-store", "private", "public", "stale-while-revalidate", "stale-if-error",
        "must-understand", "max-stale", "min-fresh", "only-if-cached", "=", "\"", ",", ";", " ", "\t", "\\", "*", "-",
        "0",
        "1", "99999999999999999999", "9223372036854775807", "-9223372036854775808", "bytes=", "W/", "\"a\"", "foo",
        "q=",
        "0.5", "(", ")", ":", "?1", "@", "%", "http://", "//", "..", "/", "#", "é", "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "de", "gzip", "2.5", ".",
    ]

    private static func value(_ generator: inout SeededGenerator) -> [UInt8] {
        if Int.random(in: 0..<4, using: &generator) == 0 {
            return (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                .random(in: .min ... .max, using: &generator)
            }
        }
        return (0..<Int.random(in: 0...8, using: &generator)).flatMap { _ in
            Array(self.words[Int.random(in: 0..<self.words.count, using: &generator)].utf8)
        }
    }

    private static func headers(_ generator: inout SeededGenerator) -> HTTPFields {
        var headers = HTTPFields()
        for _ in 0..<Int.random(in: 0...10, using: &generator) {
            let name = self.names[Int.random(in: 0..<self.names.count, using: &generator)]
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: self.value(&generator)))
        }
        return headers
    }

    private static func policies() -> [CachePolicy] {
        var keyed = CachePolicy.proxy
        keyed.authorization = .keyed
        keyed.negativeLifetime = .seconds(Int64.max)
        keyed.staleIfError = .seconds(Int64.max)
        keyed.staleWhileRevalidate = .seconds(Int64.min)
        keyed.normalizers["accept-encoding"] = .acceptEncoding(offered: ["br", "gzip"])
        keyed.normalizers["accept"] = .accept
        keyed.normalizers["cookie"] = .cookies(named: ["foo", "a"])
        keyed.key.query = .sorted
        return [.proxy, .application, keyed]
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func everyDecision(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var countOfStored = 0
        let policies = Self.policies()
        for _ in 0..<2_000 {
            let policy = policies[Int.random(in: 0..<policies.count, using: &generator)]
            let time =
                [noon, HTTPTime(millisecondsSince1970: .min), HTTPTime(millisecondsSince1970: .max)]
                .randomElement(using: &generator) ?? noon
            let method = [HTTPRequest.Method.get, .get, .head, .post].randomElement(using: &generator) ?? .get
            let path = String(decoding: Self.value(&generator), as: UTF8.self)
            let asked = request(method, path, Self.headers(&generator))
            let exchange = Exchange(
                request: asked,
                summary: LarderHTTPTests.summary(asked, policy: policy),
                response: HTTPResponse(
                    status: .init(code: [200, 200, 404, 304, 206, 500, 599].randomElement(using: &generator) ?? 200),
                    headerFields: Self.headers(&generator)
                ),
                requestTime: [noon, time].randomElement(using: &generator) ?? noon,
                responseTime: time
            )
            _ = Outgoing.passing(exchange, policy: policy, now: noon)
            _ = Invalidation.targets(request: asked, response: exchange.response)
            _ = ResponseKey(asked, policy: policy.key)
            _ = policy.key.query.visible(path)
            guard var stored = Storability(exchange, policy: policy).stored else { continue }
            countOfStored += 1
            _ = stored.finish(bodyLength: [0, 5, 11, .max].randomElement(using: &generator) ?? 0, endedCleanly: true)
            Self.use(stored, policy, &generator)
        }
        // The generator does make what gets this far.
        #expect(countOfStored > 50)
    }

    private static func use(_ stored: StoredResponse, _ policy: CachePolicy, _ generator: inout SeededGenerator) {
        let asked = request(.get, "/", Self.headers(&generator))
        let summary = LarderHTTPTests.summary(asked)
        let resident =
            [Duration.zero, .seconds(5), .seconds(Int64.max), .seconds(Int64.min)]
            .randomElement(using: &generator) ?? .zero
        let reuse = stored.metadata.reuse(for: summary, after: resident, policy: policy)
        _ = reuse.mayServeStale(after: .unreachable)
        _ = stored.metadata.retention(policy)
        let answer = stored.answer(to: summary, fields: asked.headerFields, age: reuse.age, now: noon, policy: policy)
        if case .part(let range) = answer.body {
            #expect(range.first >= 0 && range.last >= range.first && range.last < stored.metadata.bodyLength ?? 0)
        }
        #expect(answer.response.headerFields.lines("Age").count == 1)
        _ = ConditionalRequest.validating(stored, for: asked)
        _ = ConditionalRequest.choosing(among: [stored.metadata], for: asked)
        var list = VariantList<Int>()
        _ = list.insert(.init(metadata: stored.metadata, payload: 0), most: policy.mostVariants)
        _ = list.select(for: asked.headerFields, now: noon, policy: policy)
        let again = exchange(304, Self.headers(&generator), request: asked)
        if case .updated(let updated) = Freshening(stored, notModified: again, policy: policy) {
            #expect(updated.metadata.bodyLength == stored.metadata.bodyLength)
        }
        _ = Freshening(stored, head: again, policy: policy)
        var stale = stored
        stale.markStale(after: resident)
        #expect(stale.metadata.reuse(for: LarderHTTPTests.summary(), after: resident, policy: policy).action != .serve)
    }

    /// What lies in a store may have been written by anybody.
    @Test(arguments: [Int64.min, -1, .max])
    func numbersOfAnotherHand(_ number: Int64) throws {
        let stored = try stored(
            200,
            fields("Cache-Control: max-age=77, stale-while-revalidate=77, stale-if-error=77", "ETag: \"a\"", "Age: 5")
        )
        var text = String(decoding: try JSONEncoder().encode(stored.metadata), as: UTF8.self)
        for known in ["77000", "77", "5000", "200", String(noon.millisecondsSince1970), String(noon.secondsSince1970)] {
            text = text.replacingOccurrences(of: ":\(known)", with: ":\(number)")
        }
        let metadata = try JSONDecoder().decode(StoredResponse.Metadata.self, from: Data(text.utf8))
        for resident in [Duration.zero, .seconds(Int64.max), .seconds(Int64.min)] {
            for line in ["max-stale", "min-fresh=5", "max-age=1", "no-cache"] {
                let asked = summary(.get, fields("Cache-Control: " + line))
                let reuse = metadata.reuse(for: asked, after: resident, policy: .proxy)
                _ = reuse.mayServeStale(after: .status(503))
                _ = metadata.retention(.proxy)
            }
        }
    }

    /// A list that makes one read it again and again would take minutes here, and takes a second.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "\"", "\\\"", "\"\\", ",", "a,", "*,", "a=\"b\",", "(", "a;q=1,", "\"a\", ", "W/\"a\",", "0-1,",
            "bytes=0-1,", "=",
            "a&", "../", "no-store,", "x, ",
        ]
    )
    func longLists(_ unit: String) throws {
        let long = String(repeating: unit, count: 2_000)
        for name in Self.names where name != "Authorization" {
            let headers = fields([(name, long)])
            let asked = request(.get, "/?" + long, headers)
            _ = ResponseKey(asked, policy: Self.policies()[2].key)
            for policy in Self.policies() {
                var response = headers
                response += fields("Cache-Control: max-age=100")
                let storability = Storability(exchange(200, response, request: asked), policy: policy)
                guard let stored = storability.stored else { continue }
                let summary = LarderHTTPTests.summary(asked)
                _ = stored.answer(to: summary, fields: headers, age: Age(milliseconds: 0), now: noon, policy: policy)
                _ = Freshening(stored, notModified: exchange(304, headers, request: asked), policy: policy)
            }
            _ = Invalidation.targets(
                request: request(.post),
                response: HTTPResponse(status: .ok, headerFields: headers)
            )
        }
    }

    /// The type of the fields traps above 65,534; adding to what nearly is that must not.
    @Test func asManyFieldsAsThereCanBe() {
        var headers = HTTPFields()
        for _ in 0..<65_500 { headers.append(HTTPField(name: .age, value: "1")) }
        let exchange = exchange(200, headers)
        _ = Outgoing.passing(exchange, policy: .proxy, status: CacheStatus("Larder", .hit))
        #expect(Storability(exchange, policy: .proxy).refusal == .tooManyFields)
    }
}
