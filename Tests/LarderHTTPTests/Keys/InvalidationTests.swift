import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, section 4.4; Rules, section 9.
@Suite struct InvalidationTests {
    private static func targets(_ method: String, _ status: Int, _ lines: String...) throws -> [String] {
        let request = request(try #require(HTTPRequest.Method(method)), "/things/7?x=1")
        let headers = lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
        let response = HTTPResponse(status: HTTPResponse.Status(code: status), headerFields: headers)
        return Invalidation.targets(request: request, response: response).map { target in
            target.authority + target.path + (target.query.map { "?" + $0 } ?? "")
        }
    }

    private static let own = "shop.example/things/7?x=1"

    /// Unsafe methods, unknown ones too, and safe ones.
    @Test(
        arguments: [
            ("POST", 1), ("PUT", 1), ("DELETE", 1), ("PATCH", 1), ("M-SEARCH", 1), ("FOO", 1), ("get", 1), ("GET", 0),
            ("HEAD", 0), ("OPTIONS", 0), ("TRACE", 0),
        ]
    )
    func methods(_ method: String, _ count: Int) throws {
        #expect(try Self.targets(method, 200) == Array(repeating: Self.own, count: count))
    }

    /// An error changed nothing.
    @Test(arguments: [
        (200, 1), (201, 1), (204, 1), (303, 1), (304, 1), (399, 1), (100, 0), (400, 0), (404, 0), (500, 0),
    ])
    func statuses(_ status: Int, _ count: Int) throws {
        #expect(try Self.targets("POST", status).count == count)
    }

    @Test(
        arguments: [
            ("/other", "shop.example/other"), ("other?y", "shop.example/things/other?y"),
            ("https://shop.example/z", "shop.example/z"), ("https://SHOP.example:443/z#f", "shop.example/z"),
            ("//shop.example/z", "shop.example/z"), ("?y", "shop.example/things/7?y"), ("..", "shop.example/"),
        ]
    )
    func locationsOfTheSameOrigin(_ location: String, _ expected: String) throws {
        #expect(try Self.targets("POST", 201, "Location: " + location) == [Self.own, expected])
        #expect(try Self.targets("PUT", 200, "Content-Location: " + location) == [Self.own, expected])
    }

    /// Another origin's pages are not this one's to remove.
    @Test(
        arguments: [
            "https://other.example/z", "http://shop.example/z", "https://shop.example:8443/z", "//evil.example/z",
            "mailto:a@shop.example", "https://user@shop.example/", "not a uri",
        ]
    )
    func locationsOfOthers(_ location: String) throws {
        #expect(try Self.targets("POST", 201, "Location: " + location) == [Self.own])
    }

    @Test func bothLocationsAndEachOnce() throws {
        let targets = try Self.targets("POST", 201, "Location: /a", "Content-Location: /b", "Location: /c")
        #expect(targets == [Self.own, "shop.example/a", "shop.example/b"])
        #expect(try Self.targets("POST", 201, "Location: /a", "Content-Location: /a").count == 2)
        #expect(try Self.targets("POST", 201, "Location: /things/7?x=1").count == 1)
    }
}
