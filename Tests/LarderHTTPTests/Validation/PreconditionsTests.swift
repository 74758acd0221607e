import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9110, section 13, and RFC 9111, section 4.3.2; Rules, section 6.
@Suite struct PreconditionsTests {
    private static func evaluate(
        _ request: [String],
        _ response: [String],
        method: HTTPRequest.Method = .get,
        status: Int = 200
    ) throws -> Preconditions {
        let headers = (["Cache-Control: max-age=100"] + response).map { fields($0) }.reduce(into: HTTPFields()) {
            $0 += $1
        }
        let asked = request.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
        let metadata = try stored(status, headers).metadata
        return Preconditions(summary(method, asked), fields: asked, stored: metadata, now: noon)
    }

    /// Section 13.1.2: the weak comparison, lists, and `*`.
    @Test(
        arguments: [
            ("\"abcdef\"", "\"abcdef\"", true), ("\"abcdef\"", "\"x\"", false), ("W/\"abcdef\"", "\"abcdef\"", true),
            ("\"abcdef\"", "W/\"abcdef\"", true), ("W/\"abcdef\"", "W/\"abcdef\"", true),
            ("\"abcdef\", \"1234\", \"5678\"", "\"abcdef\"", true),
            ("\"1234\", \"abcdef\", \"5678\"", "\"abcdef\"", true),
            ("\"1234\",\"5678\",\"abcdef\"", "\"abcdef\"", true), ("\"1234\", \"5678\"", "\"abcdef\"", false),
            ("*", "\"abcdef\"", true), ("*", nil, true), ("\"abcdef\"", nil, false), ("\"*\"", "\"abcdef\"", false),
            ("*, \"x\"", "\"abcdef\"", false), ("\"a,b\"", "\"a,b\"", true), ("\"a,b\"", "\"a\"", false),
            ("\"a\\\", \"b\"", "\"b\"", true), ("\"abcdefü\"", "\"abcdefü\"", true), ("abcdef", "abcdef", true),
            ("abcdef", "\"abcdef\"", false), ("\"abcdef\"", "abcdef", false), ("w/\"a\"", "w/\"a\"", true),
            ("W\\\"a\"", "W\\\"a\"", true), ("W\"a\"", "W\"a\"", true), ("", "\"a\"", false),
            ("\"abc", "\"abc\"", false),
        ] as [(String, String?, Bool)]
    )
    func ifNoneMatch(_ condition: String, _ tag: String?, _ isMatch: Bool) throws {
        let outcome = try Self.evaluate(["If-None-Match: " + condition], tag.map { ["ETag: " + $0] } ?? [])
        #expect(outcome == (isMatch ? .notModified : .full))
    }

    @Test func severalLinesAreOneList() throws {
        let asked = ["If-None-Match: \"x\"", "If-None-Match: \"a\""]
        #expect(try Self.evaluate(asked, ["ETag: \"a\""]) == .notModified)
    }

    /// Section 13.1.3: not later is not modified; without `Last-Modified` the date stands for it.
    @Test(
        arguments: [
            (date(-3_000), -3_000, true), (date(-2_000), -3_000, true), (date(-3_001), -3_000, false),
            (date(0), nil, true), (date(-1), nil, false), ("yesterday", -3_000, false), ("0", -3_000, false),
            ("", -3_000, false), ("Sunday, 06-Nov-94 08:49:37 GMT", -3_000, false),
            ("Monday, 21-Sep-26 14:13:20 GMT", -3_000, true), ("Mon Sep 21 14:13:20 2026", -3_000, true),
        ] as [(String, Int64?, Bool)]
    )
    func ifModifiedSince(_ since: String, _ modified: Int64?, _ isMatch: Bool) throws {
        let response = ["Date: " + date(0)] + (modified.map { ["Last-Modified: " + date($0)] } ?? [])
        let outcome = try Self.evaluate(["If-Modified-Since: " + since], response)
        #expect(outcome == (isMatch ? .notModified : .full))
    }

    /// Section 13.2.2: where both are present the date is ignored.
    @Test(arguments: [("\"a\"", -10_000, true), ("\"b\"", 0, false)] as [(String, Int64, Bool)])
    func tagsGoBeforeDates(_ tag: String, _ since: Int64, _ isMatch: Bool) throws {
        let asked = ["If-None-Match: " + tag, "If-Modified-Since: " + date(since)]
        let outcome = try Self.evaluate(asked, ["ETag: \"a\"", "Last-Modified: " + date(-5_000)])
        #expect(outcome == (isMatch ? .notModified : .full))
    }

    /// Only where the answer would be a 2xx, to GET or HEAD.
    @Test(arguments: [(200, true), (203, true), (299, true), (301, false), (404, false), (410, false)])
    func statuses(_ status: Int, _ isMatch: Bool) throws {
        let outcome = try Self.evaluate(["If-None-Match: \"a\""], ["ETag: \"a\""], status: status)
        #expect(outcome == (isMatch ? .notModified : .full))
    }

    @Test func methods() throws {
        #expect(try Self.evaluate(["If-None-Match: \"a\""], ["ETag: \"a\""], method: .head) == .notModified)
        #expect(try Self.evaluate(["If-None-Match: \"a\""], ["ETag: \"a\""], method: .post) == .full)
        #expect(try Self.evaluate([], ["ETag: \"a\""]) == .full)
    }

    @Test func twoDatesAreNone() throws {
        let asked = ["If-Modified-Since: " + date(0), "If-Modified-Since: " + date(0)]
        #expect(try Self.evaluate(asked, ["Last-Modified: " + date(-5)]) == .full)
    }
}
