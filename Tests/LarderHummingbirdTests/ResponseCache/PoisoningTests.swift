import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import LarderTesting
import NIOCore
import Synchronization
import Testing

@testable import LarderHummingbird

@Suite("Hostile clients")
struct PoisoningTests {
    struct Attack: Sendable, CustomTestStringConvertible {
        var name: String
        var method = HTTPRequest.Method.get
        var path = "/page"
        var fields: HTTPFields = [:]
        var host = "shop.example"
        var testDescription: String { self.name }
    }

    private static let attacks: [Attack] =
        KeyPolicy.unkeyedInputs.sorted().map { name in
            Attack(name: name, fields: [.made(name): "evil.example"])
        } + [
            Attack(name: "Host", host: "evil.example"),
            Attack(
                name: "Connection names an unkeyed field",
                fields: [.connection: "X-Forwarded-Host", .forwardedHost: "evil.example"]
            ),
            Attack(name: "range", fields: [.range: "bytes=0-1"]),
            Attack(name: "range that cannot be", fields: [.range: "bytes=999-"]),
            Attack(name: "condition", fields: [.ifNoneMatch: "*"]),
            Attack(name: "precondition", fields: [.ifMatch: "\"x\""]),
            Attack(name: "body", fields: [.contentLength: "5"]),
            Attack(name: "credentials", fields: [.authorization: "Basic eDp5"]),
            Attack(name: "HEAD", method: .head),
            Attack(name: "PURGE", method: .init("PURGE") ?? .get),
            Attack(name: "encoded slash", path: "/%70age"),
            Attack(name: "empty query", path: "/page?"),
            Attack(name: "huge query", path: "/page?" + String(repeating: "x", count: 60_000)),
            Attack(name: "cookie", fields: [.cookie: "admin=1"]),
        ]

    /// A careless handler: it believes whatever a client says.
    private static let gullible = ScriptedOrigin { request, _ in
        if request.headerFields.contains(.range) {
            return page("he", [.cacheControl: "max-age=60"], status: .partialContent)
        }
        if request.headerFields.contains(.ifNoneMatch) {
            return Response(status: .notModified, headers: [.cacheControl: "max-age=60"])
        }
        if request.headerFields.contains(.ifMatch) {
            return Response(status: .preconditionFailed, headers: [.cacheControl: "max-age=60"])
        }
        let names = request.headerFields.filter { field in
            KeyPolicy.unkeyedInputs.contains(field.name.canonicalName) || field.name == .authorization
                || field.name == .contentLength
        }
        let cookie = request.headerFields[.cookie] ?? ""
        return page(
            "\(request.method) \(request.authority ?? "") \(request.path ?? "") \(names.map(\.value)) \(cookie)",
            // An honest handler of cookies says so.
            cookie.isEmpty ? [.cacheControl: "max-age=60"] : [.cacheControl: "max-age=60, private"]
        )
    }

    @Test("nothing that an attacker gets stored is what a plain request gets", arguments: Self.attacks)
    func poisoning(_ attack: Attack) async throws {
        let test = TestPages(.application(), Self.gullible)
        _ = try await test.send(attack.method, attack.path, attack.fields, host: attack.host)
        let plain = try await test.send(.get, "/page")
        #expect(plain.status == 200)
        #expect(plain.body == "GET shop.example /page [] ")
    }

    @Test("pages of hosts that are none of ours are not kept")
    func hosts() async throws {
        var options = ResponseCacheOptions.application(ttl: .seconds(60))
        options.policy.key.hosts = ["shop.example"]
        let test = TestPages(options, ScriptedOrigin([:]))
        for number in 1...2 {
            let answer = try await test.send(.get, "/", [:], host: "evil.example")
            #expect(answer.body == "page \(number)")
        }
        #expect(test.pages.counters.stores == 0)
    }

    /// Fields, methods and targets as a fuzzer makes them.
    ///
    /// What a plain client gets has to be what the handler says to plain clients.
    @Test("ten thousand random requests: no error of ours, and no plain client gets another's answer")
    func randomRequests() async throws {
        var random = SeededGenerator(seed: 8)
        let test = TestPages(.application(), Self.gullible)
        let names = [
            "Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Content-Length", "Cookie",
            "Expect", "Forwarded",
            "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "Max-Forwards", "Pragma", "Range", "TE",
            "Trailer", "Transfer-Encoding",
            "Upgrade", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-HTTP-Method-Override",
            "X-Original-URL", "Authorization",
        ]
        let values = [
            "", "*", "0", "-1", "max-age=0", "no-cache", "no-store", "only-if-cached", "max-stale",
            "max-age=99999999999999999999", "bytes=0-", "bytes=-1",
            "bytes=1-0", "bytes=0-0,2-3", "\"x\"", "W/\"x\"", "\"", "Thu, 01 Jan 1970 00:00:00 GMT", "gzip;q=0",
            "close, X-Forwarded-Host", "chunked",
            "chunked, identity", "h2c", "websocket", "100-continue", "evil.example",
            String(repeating: "a,", count: 500), "\u{0}", "é\u{FF}", "q=1;;;=,",
        ]
        let methods = [
            "GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "DELETE", "PURGE", "M-SEARCH",
            "CONNECT",
        ]
        let paths = [
            "/page", "/page?", "/page?x=1", "//page", "/page/../page", "/%70age", "*", "", "http://evil.example/page",
            "/page#x", "/\u{0}",
        ]
        var statuses: [Int: Int] = [:]
        for _ in 0..<10_000 {
            var fields = HTTPFields()
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let name = names[Int.random(in: 0..<names.count, using: &random)]
                fields.append(
                    HTTPField(name: .made(name), value: values[Int.random(in: 0..<values.count, using: &random)])
                )
            }
            let method = HTTPRequest.Method(methods[Int.random(in: 0..<methods.count, using: &random)]) ?? .get
            let path = paths[Int.random(in: 0..<paths.count, using: &random)]
            let host = Int.random(in: 0..<10, using: &random) == 0 ? "evil.example" : "shop.example"
            let answer = try await test.send(method, path, fields, host: host)
            statuses[answer.status, default: 0] += 1
        }
        // A cache's own: nothing is stored, and the client wants nothing else.
        let errors = statuses.filter { $0.key >= 500 && $0.key != 504 }
        #expect(errors.isEmpty, "\(statuses)")
        #expect(statuses[200, default: 0] > 1_000)
        let plain = try await test.send(.get, "/page")
        #expect(plain.body == "GET shop.example /page [] ")
        let other = try await test.send(.get, "/page?x=1")
        #expect(other.body == "GET shop.example /page?x=1 [] ")
    }
}
