import LarderTesting

/// A request put together from parts that readers may disagree about, some of its bytes changed now and then.
enum HostileRequest {
    /// The path of requests that hide in the bodies of others.
    static let smuggled = "/smuggled"

    private static let inner = "GET \(Self.smuggled) HTTP/1.1\r\nHost: shop.example\r\n\r\n"

    private static let methods = [
        "GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE", "get", "G\u{7}T",
        "M-SEARCH",
    ]

    private static let targets = [
        "/", "/page", "/page", "/page?a=1", "/page?" + String(repeating: "q", count: 9_000), "*", "shop.example:443",
        "//evil.example/", "http://evil.example/page", "http://shop.example/page", "https://shop.example/page",
        "/a/../page",
        "/%2e%2e/page", "/%00", "/page#x", "/p\u{e9}", "/page;a=1", "?", "",
    ]

    private static let versions = [
        "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTP/1.1", "",
    ]

    private static let hosts = ["Host: shop.example", "Host: shop.example", "Host: evil.example", "Host: a b", ""]

    private static let lines = [
        "Content-Length: \(Self.inner.utf8.count)", "Content-Length: 0", "Content-Length: -1",
        "Content-Length: 99999999999999999999", "Content-Length: 3, 3", "Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: identity", "Transfer-Encoding : chunked",
        "Transfer-Encoding:\tchunked", "X: 1\r\n Transfer-Encoding: chunked", "X\0: 1",
        "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X-Original-URL: \(Self.smuggled)",
        "X-HTTP-Method-Override: DELETE", "Forwarded: host=evil.example", "Range: bytes=0-0,5-2,-0,9-",
        "Range: bytes=-99999999999999999999", "Range: " + String(repeating: "bytes=0-1,", count: 500),
        "If-None-Match: \"" + String(repeating: "x", count: 3_000), "If-Modified-Since: yesterday",
        "Cache-Control: only-if-cached, max-age=x, max-stale", "Cache-Control: \"", "Connection: Host, close",
        "Connection: Transfer-Encoding", "Upgrade: h2c", "Expect: 100-continue", "Expect: miracles",
        "TE: trailers, \u{fffd}",
        "Accept-Encoding: gzip;q=nan, *;q=0", "Cookie: " + String(repeating: "a=b; ", count: 800), "Vary: *",
        "Trailer: Content-Length", "Pragma: no-cache", "Via: 1.1 " + String(repeating: "x, ", count: 300),
        "Max-Forwards: -1",
        ": no name", "no colon",
    ]

    private static let bodies = [
        "", "", Self.inner, "0\r\n\r\n" + Self.inner, "5\r\nabcde\r\n0\r\n\r\n", "ffffffffffffffff\r\nx",
        "3;ext=\"\r\n\r\nabc\r\n0\r\n\r\n" + Self.inner,
    ]

    private static let lineEnds = ["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r"]

    /// The next request.
    static func next(_ random: inout SeededGenerator) -> String {
        let first = [random.pick(Self.methods), random.pick(Self.targets), random.pick(Self.versions)]
        var lines = [first.joined(separator: " "), random.pick(Self.hosts)]
        for _ in 0..<Int.random(in: 0...4, using: &random) { lines.append(random.pick(Self.lines)) }
        let end = random.pick(Self.lineEnds)
        let text = lines.joined(separator: end) + end + end + random.pick(Self.bodies)
        guard random.happens(25) else { return text }
        var scalars = Array(text.unicodeScalars)
        for _ in 0..<3 {
            let place = Int.random(in: 0..<scalars.count, using: &random)
            scalars[place] = Unicode.Scalar(UInt8.random(in: 0...127, using: &random))
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
