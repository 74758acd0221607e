import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9110, section 14, and RFC 9111, section 3.4; Rules, section 8.
@Suite struct RangeSelectionTests {
    private static func select(
        _ request: [String],
        length: Int64 = 11,
        method: HTTPRequest.Method = .get,
        status: Int = 200,
        _ response: String...
    ) throws -> RangeSelection {
        let headers = (["Cache-Control: max-age=100"] + response).map { fields($0) }.reduce(into: HTTPFields()) {
            $0 += $1
        }
        let asked = request.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
        let metadata = try stored(status, headers, body: length).metadata
        return RangeSelection(summary(method, asked), fields: asked, stored: metadata, now: noon)
    }

    /// Sections 14.1.2 and 14.2, of a body of eleven bytes.
    @Test(
        arguments: [
            ("bytes=0-1", 0..<2), ("bytes=0-0", 0..<1), ("bytes=1-", 1..<11), ("bytes=-1", 10..<11),
            ("bytes=-5", 6..<11),
            ("bytes=-11", 0..<11), ("bytes=-99", 0..<11), ("bytes=0-", 0..<11), ("bytes=0-10", 0..<11),
            ("bytes=0-99", 0..<11), ("bytes=10-10", 10..<11), ("Bytes=0-1", 0..<2), ("bytes= 0-1 ", 0..<2),
            ("bytes=0-99999999999999999999999999", 0..<11), ("bytes=-99999999999999999999999999", 0..<11),
            ("bytes=00-01", 0..<2), ("bytes=,0-1,", 0..<2),
        ] as [(String, Range<Int64>)]
    )
    func parts(_ range: String, _ offsets: Range<Int64>) throws {
        guard case .part(let part) = try Self.select(["Range: " + range]) else { throw NotStored() }
        #expect(part.offsets == offsets)
        #expect(part.count == Int64(offsets.count))
        #expect(part.contentRange(of: 11) == "bytes \(offsets.lowerBound)-\(offsets.upperBound - 1)/11")
    }

    @Test(arguments: [
        "bytes=11-", "bytes=11-12", "bytes=99-", "bytes=-0", "bytes=99999999999999999999999-", "bytes=20-30, 11-",
    ])
    func unsatisfiable(_ range: String) throws {
        #expect(try Self.select(["Range: " + range]) == .unsatisfiable)
    }

    /// Several parts are the whole, and so is what is no range, or one in another unit.
    @Test(
        arguments: [
            "bytes=0-1, 3-4", "bytes=0-1,20-30", "bytes=0-0,0-0,0-0", "items=0-1", "bytes", "bytes=", "bytes=x",
            "bytes=1-0",
            "bytes=a-b", "bytes=0", "bytes=--1", "bytes=-", "bytes=0-1-2", "bytes 0-1", "bytes=0-1;x", "", "bytes=+0-1",
            "bytes=0 - 1", "bytes=0-1, x",
        ]
    )
    func whole(_ range: String) throws {
        #expect(try Self.select(["Range: " + range]) == .whole)
    }

    @Test func onlyAGetOfAComplete200IsCut() throws {
        #expect(try Self.select(["Range: bytes=0-1"], method: .head) == .whole)
        #expect(try Self.select(["Range: bytes=0-1"], status: 404) == .whole)
        #expect(try Self.select(["Range: bytes=0-1", "Range: bytes=0-1"]) == .whole)
        #expect(try Self.select([]) == .whole)
    }

    /// An empty body has no part that could be named.
    @Test(arguments: [("bytes=0-", RangeSelection.unsatisfiable), ("bytes=-1", .whole), ("bytes=-0", .unsatisfiable)])
    func emptyBody(_ range: String, _ expected: RangeSelection) throws {
        #expect(try Self.select(["Range: " + range], length: 0) == expected)
    }

    /// Section 13.1.5: the strong comparison, or the exact date of something that had not changed in the same second.
    @Test(
        arguments: [
            ("\"a\"", true), ("\"b\"", false), ("W/\"a\"", false), (date(-60), true), (date(-59), false),
            (date(-61), false),
            ("yesterday", false), ("", false), ("a", false), ("\"a\", \"b\"", false),
        ]
    )
    func ifRange(_ condition: String, _ holds: Bool) throws {
        let asked = ["Range: bytes=0-1", "If-Range: " + condition]
        let selection = try Self.select(asked, "ETag: \"a\"", "Last-Modified: " + date(-60), "Date: " + date(0))
        #expect((selection != .whole) == holds)
    }

    @Test func ifRangeNeedsAStrongValidator() throws {
        let tag = ["Range: bytes=0-1", "If-Range: W/\"a\""]
        #expect(try Self.select(tag, "ETag: W/\"a\"") == .whole)
        let asked = ["Range: bytes=0-1", "If-Range: " + date(0)]
        #expect(try Self.select(asked, "Last-Modified: " + date(0), "Date: " + date(0)) == .whole)
        #expect(try Self.select(asked) == .whole)
        #expect(try Self.select(["Range: bytes=0-1", "If-Range: \"a\""]) == .whole)
    }

    /// RFC 9110, section 14.4.
    @Test(
        arguments: [
            ("bytes 0-1/11", 11), ("bytes */11", 11), ("Bytes 0-0/1", 1), ("bytes 0-1/*", nil), ("bytes 0-1/", nil),
            ("items 0-1/11", nil), ("bytes 0-1", nil), ("11", nil), ("", nil), ("bytes 0-1/-5", nil),
            ("bytes 0-1/1x", nil), ("bytes 0-1/9999999999999999999", nil), ("bytes/1 0-1", nil),
        ] as [(String, Int64?)]
    )
    func completeLength(_ value: String, _ length: Int64?) {
        #expect(ByteRange.completeLength(in: fields([("Content-Range", value)])) == length)
        #expect(ByteRange.completeLength(in: fields([("Content-Range", value), ("Content-Range", value)])) == nil)
    }

    @Test func noContentRangeTellsNoLength() {
        #expect(ByteRange.completeLength(in: [:]) == nil)
    }
}
