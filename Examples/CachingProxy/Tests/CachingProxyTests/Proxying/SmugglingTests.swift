import Testing

@testable import CachingProxy

/// Requests that two readers could understand differently (RFC 9112, sections 3.2, 6.3 and 11.2).
@Suite("Smuggling")
struct SmugglingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String

        init(_ name: String, _ text: String) {
            self.testDescription = name
            self.text = text
        }
    }

    private static let host = "Host: shop.example\r\n"

    static let cases: [Case] = [
        Case(
            "both lengths",
            "POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n"
        ),
        Case("two lengths", "POST / HTTP/1.1\r\n\(host)Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        Case("two equal lengths", "POST / HTTP/1.1\r\n\(host)Content-Length: 1\r\nContent-Length: 1\r\n\r\na"),
        Case("a list of lengths", "POST / HTTP/1.1\r\n\(host)Content-Length: 1, 1\r\n\r\na"),
        Case("a signed length", "POST / HTTP/1.1\r\n\(host)Content-Length: +1\r\n\r\na"),
        Case("no length", "POST / HTTP/1.1\r\n\(host)Content-Length: \r\n\r\na"),
        Case("a hexadecimal length", "POST / HTTP/1.1\r\n\(host)Content-Length: 0x1\r\n\r\na"),
        Case("space before the colon", "POST / HTTP/1.1\r\n\(host)Content-Length : 1\r\n\r\na"),
        Case("another coding", "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        Case("an unknown coding", "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        Case(
            "two codings",
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
        ),
        Case("chunks in HTTP/1.0", "POST / HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case("a chunk without a size", "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        Case("a line folded", "GET / HTTP/1.1\r\n\(host)X: 1\r\n Transfer-Encoding: chunked\r\n\r\n"),
        Case("no host", "GET / HTTP/1.1\r\n\r\n"),
        Case("two hosts", "GET / HTTP/1.1\r\n\(host)Host: other.example\r\n\r\n"),
        Case("a host with a path", "GET / HTTP/1.1\r\nHost: shop.example/x\r\n\r\n"),
        Case("a host with a user", "GET / HTTP/1.1\r\nHost: a@shop.example\r\n\r\n"),
        Case("an empty host", "GET / HTTP/1.1\r\nHost: \r\n\r\n"),
        Case("a target that is none", "GET a HTTP/1.1\r\n\(host)\r\n"),
        Case("an asterisk to get", "GET * HTTP/1.1\r\n\(host)\r\n"),
        Case("a fragment", "GET /#a HTTP/1.1\r\n\(host)\r\n"),
        Case("a space in the target", "GET /a b HTTP/1.1\r\n\(host)\r\n"),
        Case("another version", "GET / HTTP/3.7\r\n\(host)\r\n"),
        Case("a zero byte", "GET / HTTP/1.1\r\n\(host)X: a\0b\r\n\r\n"),
        Case("a lone carriage return", "GET / HTTP/1.1\r\n\(host)X: a\rTransfer-Encoding: chunked\r\n\r\n"),
        Case("no method", "/ HTTP/1.1\r\n\(host)\r\n"),
        Case("another protocol", "SSH-2.0-OpenSSH\r\n\r\n"),
    ]

    @Test("is refused and ends the connection", arguments: cases)
    func refused(_ smuggling: Case) async throws {
        try await TestProxy.run(origin: { _ in [.answer()] }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(smuggling.text)
                let answer = try await client.receive()
                #expect(answer?.status == 400)
                #expect(answer?["Connection"] == ["close"])
                #expect(try await client.isEnded())
            }
            // A request can be on its way before its body turns out to be none; it must not arrive as a whole.
            #expect(proxy.origin.requests.allSatisfy { $0.line.hasPrefix("POST") && $0.body.isEmpty })
        }
    }

    @Test("what comes after the last request of a connection is no request")
    func afterTheLast() async throws {
        try await TestProxy.run(origin: { _ in [.answer()] }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /1", ["Connection: close"]) + TestProxy.text("GET /2"))
                let answer = try await client.receive()
                #expect(answer?["Connection"] == ["close"])
                #expect(try await client.isEnded())
            }
            #expect(proxy.origin.requests.count == 1)
        }
    }
}
