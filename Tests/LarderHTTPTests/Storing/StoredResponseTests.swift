import Foundation
import HTTPTypes
import LarderHTTP
import LarderTesting
import Testing

/// RFC 9111, sections 3.1 and 3.3; Rules, sections 3, 5 and 11.
@Suite struct StoredResponseTests {
    private static let fresh = "Cache-Control: max-age=100"

    /// Section 3.1, and RFC 9110, section 7.6.1.
    @Test(
        arguments: [
            "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
            "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info", "Age", "Warning", "Surrogate-Key",
            "Cache-Tag",
        ]
    )
    func neverStored(_ name: String) throws {
        #expect(try stored(200, fields(Self.fresh, name + ": x")).fields.lines(name).isEmpty)
    }

    @Test(
        arguments: [
            "Test-Header", "Content-Foo", "Content-Encoding", "Content-Location", "Content-MD5", "Content-Range",
            "Content-Security-Policy", "Content-Type", "Clear-Site-Data", "ETag", "Expires", "Public-Key-Pins",
            "Set-Cookie", "Set-Cookie2", "X-Frame-Options", "X-XSS-Protection", "Cache-Status", "CDN-Cache-Control",
            "Content-Disposition", "Location", "Link",
        ]
    )
    func isStored(_ name: String) throws {
        #expect(try stored(200, fields(Self.fresh, name + ": x y")).fields.lines(name) == ["x y"])
    }

    @Test func whatConnectionNamesIsNotStored() throws {
        let kept = try stored(
            200,
            fields(Self.fresh, "Connection: a, B", "A: 1", "b: 2", "c: 3", "Connection: cache-control")
        ).fields
        #expect(kept.lines("a").isEmpty)
        #expect(kept.lines("b").isEmpty)
        #expect(kept.lines("c") == ["3"])
        // Without it those beyond would know of no bound.
        #expect(kept.lines("cache-control") == ["max-age=100"])
    }

    /// Sections 5.2.2.4 and 5.2.2.7.
    @Test(arguments: ["private", "no-cache"])
    func whatADirectiveNamesIsNotStored(_ directive: String) throws {
        let kept = try stored(
            200,
            fields("Cache-Control: \(directive)=\"a, b\", max-age=100", "a: 1", "B: 2", "c: 3")
        ).fields
        #expect(kept.lines("a").isEmpty)
        #expect(kept.lines("b").isEmpty)
        #expect(kept.lines("c") == ["3"])
    }

    @Test func linesStayApartAndInOrder() throws {
        let headers = fields(Self.fresh, "X: 1", "Y: a", "x: 2", "Link: <a>", "Link: <b>", "Date: " + date(0))
        let kept = try stored(200, headers).fields
        #expect(
            kept.map { "\($0.name.rawName): \($0.value)" }.dropLast() == headers.map { "\($0.name): \($0.value)" }[...]
        )
        #expect(kept.last?.name == .contentLength)
    }

    @Test func bytesThatAreNoTextAreKept() throws {
        let name = try #require(HTTPField.Name("X-Bytes"))
        var headers = fields(Self.fresh)
        headers.append(HTTPField(name: name, value: [0x61, 0xFC, 0xFF]))
        let kept = try stored(200, headers).fields
        #expect(kept[fields: name].first?.withUnsafeBytesOfValue { Array($0) } == [0x61, 0xFC, 0xFF])
    }

    @Test func optionsTakeMoreAway() throws {
        var policy = CachePolicy.proxy
        policy.setCookie = .strip
        policy.forwardsTargetedFields = false
        let headers = fields(Self.fresh, "Set-Cookie: a=b", "CDN-Cache-Control: max-age=5")
        let kept = try stored(200, headers, policy: policy)
        #expect(kept.fields.lines("Set-Cookie").isEmpty)
        // It is not sent, and yet a 304 need not repeat it.
        #expect(kept.fields.lines("CDN-Cache-Control") == ["max-age=5"])
        #expect(kept.metadata.lifetime == FreshnessLifetime(.targeted, seconds: 5))
    }

    /// RFC 9110, section 6.6.1.
    @Test func aResponseWithoutDateGetsTheTimeOfReceipt() throws {
        #expect(try stored(200, fields(Self.fresh)).fields.lines("Date") == [date(0)])
        let known = try stored(200, fields(Self.fresh, "Date: " + date(-10)))
        #expect(known.fields.lines("Date") == [date(-10)])
        #expect(known.metadata.date.time == noon.advanced(by: .seconds(-10)))
        let broken = try stored(200, fields(Self.fresh, "Date: yesterday"))
        #expect(broken.fields.lines("Date") == ["yesterday"])
        #expect(broken.metadata.date.time == noon)
    }

    @Test func whatIsReadOnce() throws {
        let stored = try LarderHTTPTests.stored(
            200,
            fields(
                Self.fresh,
                "ETag: \"a\"",
                "Last-Modified: " + date(-60),
                "Vary: Foo",
                "Content-Language: DE",
                "Surrogate-Key: a b  a",
                "Cache-Tag: c, b",
                "Age: 7"
            ),
            request: request(.get, "/", fields("Foo: 1"))
        )
        let metadata = stored.metadata
        #expect(metadata.status == 200)
        #expect(metadata.entityTag == EntityTag(Array("\"a\"".utf8)))
        #expect(metadata.lastModified?.time == noon.advanced(by: .seconds(-60)))
        #expect(metadata.vary.selectors.map(\.name) == ["foo"])
        #expect(metadata.language == "de")
        #expect(metadata.tags == ["a", "b", "c"])
        #expect(metadata.initialAge.seconds == 7)
        #expect(metadata.bodyLength == 11)
        #expect(metadata.hasValidator)
        #expect(metadata.lifetime == FreshnessLifetime(.maxAge, seconds: 100))
        #expect(metadata.source == .cacheControl)
    }

    /// Section 3.3, and RFC 9110, section 8.6: the declared length reached, or a clean end.
    @Test(
        arguments: [
            ([], 5, true, nil), (["5"], 5, true, nil), (["5, 5"], 5, true, nil), (["5", "5"], 5, true, nil),
            (["5"], 4, true, .incomplete), (["5"], 6, true, .incomplete), ([], 5, false, .incomplete),
            (["5"], 5, false, .incomplete), (["5, 6"], 5, true, .incomplete), (["x"], 5, true, .incomplete),
            (["-5"], 5, true, .incomplete), (["99999999999999999999999"], 5, true, .incomplete),
            ([], -1, true, .incomplete), (["0"], 0, true, nil),
        ] as [([String], Int64, Bool, StorageRefusal?)]
    )
    func completeness(_ declared: [String], _ length: Int64, _ isClean: Bool, _ refusal: StorageRefusal?) throws {
        var headers = fields(Self.fresh)
        headers += fields(declared.map { ("Content-Length", $0) })
        var stored = try #require(Storability(exchange(200, headers), policy: .proxy).stored)
        #expect(stored.finish(bodyLength: length, endedCleanly: isClean) == refusal)
        if refusal == nil {
            #expect(stored.metadata.bodyLength == length)
            // Rules, section 11: the length of a hit is always sent, and once.
            #expect(stored.fields.lines("Content-Length") == [String(length)])
        }
    }

    @Test func a204SaysNoLength() throws {
        #expect(try stored(204, fields(Self.fresh), body: 0).fields.lines("Content-Length").isEmpty)
    }

    @Test func tagsAreBoundedAndNoneIsLeftOut() {
        var policy = CachePolicy.proxy
        policy.mostTags = 3
        #expect(TagField.tags(in: fields("Surrogate-Key: a b c a"), policy: policy) == ["a", "b", "c"])
        #expect(TagField.tags(in: fields("Surrogate-Key: a b c d"), policy: policy) == nil)
        #expect(TagField.tags(in: fields("Cache-Tag: a b, c"), policy: policy) == ["a b", "c"])
        #expect(TagField.tags(in: [:], policy: policy) == [])
        policy.tagFields = HTTPField.Name("X-Tags").map { [.commas($0)] } ?? []
        #expect(TagField.tags(in: fields("X-Tags: a", "Surrogate-Key: b"), policy: policy) == ["a"])
        policy.longestTag = 2
        #expect(TagField.tags(in: fields("X-Tags: abc"), policy: policy) == nil)
    }

    /// A response that has something in each of its members.
    private func full() throws -> StoredResponse {
        var headers = fields(
            "Cache-Control: max-age=100, stale-if-error=5, private=\"x\"",
            "ETag: W/\"\u{FC}\"",
            "Vary: Foo, Bar",
            "Link: <a>",
            "Link: <b>",
            "Last-Modified: " + date(-5),
            "CDN-Cache-Control: x",
            "Content-Language: de",
            "Surrogate-Key: a",
            "Cache-Control: max-age=7"
        )
        headers.append(HTTPField(name: .server, value: [0xFF, 0xFE]))
        let request = request(.get, "/", HTTPFields([HTTPField(name: .accept, value: [0xFF])]))
        return try LarderHTTPTests.stored(200, headers, request: request)
    }

    /// Whatever holds entries may keep them as JSON, or as what it likes better.
    @Test func isCodable() throws {
        let stored = try self.full()
        let decoded = try JSONDecoder().decode(StoredResponse.self, from: try JSONEncoder().encode(stored))
        #expect(decoded == stored)
        #expect(decoded.fields.map(\.name) == stored.fields.map(\.name))
    }

    @Test func isReadFromItsBytes() throws {
        let responses = [
            try self.full(),
            try stored(404, fields(Self.fresh, "x-small: 1", "DATE: " + date(0))),
            try stored(204, fields(Self.fresh), body: 0),
            try stored(200, fields("CDN-Cache-Control: max-age=9, stale-while-revalidate=3", "ETag: \"a\"")),
            try stored(200, fields("Expires: " + date(60), "Last-Modified: " + date(-5))),
        ]
        for response in responses {
            let bytes = self.bytes(of: response)
            let read = try #require(bytes.withUnsafeBytes { StoredResponse(bytes: $0) })
            #expect(read == response)
            #expect(read.fields.map(\.name.rawName) == response.fields.map(\.name.rawName))
            #expect(self.bytes(of: read) == bytes)
        }
    }

    @Test func bytesThatAreNoneAreRefused() throws {
        let bytes = self.bytes(of: try self.full())
        for length in 0..<bytes.count {
            let isRead = bytes.prefix(length).withUnsafeBytes { StoredResponse(bytes: $0) } != nil
            #expect(!isRead, "\(length) bytes")
        }
        let isLongerRead = (bytes + [0]).withUnsafeBytes { StoredResponse(bytes: $0) } != nil
        #expect(!isLongerRead)
        var random = SeededGenerator(seed: 7)
        for _ in 0..<5_000 {
            var damaged = bytes
            for _ in 0..<3 {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            // Whatever it is, it is read or refused.
            _ = damaged.withUnsafeBytes { StoredResponse(bytes: $0) }
        }
    }

    @Test func moreFieldsThanThereCanBeAreRefused() throws {
        var stored = try self.full()
        let whole = self.bytes(of: stored)
        for field in stored.fields { stored.removeField(field.name) }
        let none = self.bytes(of: stored)
        // The fields come last, behind their number: four bytes without any.
        let count = try #require(whole.starts(with: none.dropLast(4)) ? none.count - 4 : nil)
        for number in [65_534, 65_535, 70_000] {
            var bytes = Array(none[..<count])
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
            for _ in 0..<number { bytes += [1, 0, 0, 0, 0] }
            let isRead = bytes.withUnsafeBytes { StoredResponse(bytes: $0) } != nil
            #expect(isRead == (number < 65_535), "\(number)")
        }
    }

    private func bytes(of response: StoredResponse) -> [UInt8] {
        var bytes: [UInt8] = []
        response.append(to: &bytes)
        return bytes
    }

    /// A purge that leaves the entry to stand in for a failing origin (Rules, section 9).
    @Test func markStaleEndsFreshness() throws {
        var stored = try LarderHTTPTests.stored(200, fields("Cache-Control: max-age=100, stale-if-error=50"))
        stored.markStale(after: .seconds(10))
        let reuse = stored.metadata.reuse(for: summary(), after: .seconds(30), policy: .proxy)
        #expect(reuse.action == .validate)
        #expect(reuse.timeToLive == -20)
        #expect(reuse.mayServeStale(after: .status(503)))
        let later = stored.metadata.reuse(for: summary(), after: .seconds(61), policy: .proxy)
        #expect(!later.mayServeStale(after: .status(503)))
        // What is stale already does not begin anew.
        stored.markStale(after: .seconds(60))
        #expect(stored.metadata.reuse(for: summary(), after: .seconds(61), policy: .proxy).timeToLive == -51)
    }
}
