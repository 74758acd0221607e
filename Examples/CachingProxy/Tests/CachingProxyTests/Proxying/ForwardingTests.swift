import Testing

@testable import CachingProxy

/// What the proxy changes about messages, and what it leaves alone.
@Suite("Forwarding over sockets")
struct ForwardingTests {
    @Test("fields for the next hop end here, both ways, and Via says who has passed them on")
    func hopByHop() async throws {
        try await TestProxy.run(origin: { _ in
            [.answer(200, ["Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=9", "X-End: 2", "Via: 1.0 before"])]
        }) { proxy in
            let answer = try await proxy.send(
                "GET /",
                [
                    "Connection: X-Secret", "X-Secret: 1", "TE: trailers", "Proxy-Authorization: x", "X-End: 1",
                    "Via: 1.1 a",
                ]
            )
            #expect(answer["X-Hop"].isEmpty && answer["Keep-Alive"].isEmpty)
            #expect(answer["X-End"] == ["2"])
            #expect(answer["Via"].count == 2 && answer["Via"][0] == "1.0 before")
            let asked = try #require(proxy.origin.requests.first)
            for name in ["Connection", "X-Secret", "TE", "Proxy-Authorization", "Larder-Exchange"] {
                #expect(asked.lines(name).isEmpty, "\(name)")
            }
            #expect(asked.lines("X-End") == ["1"])
            #expect(asked.lines("Via").count == 2 && asked.lines("Via")[0] == "1.1 a")
            #expect(asked.lines("Via")[1] == answer["Via"][1])
        }
    }

    @Test("who asks is what the proxy sees, not what the client says")
    func identity() async throws {
        try await TestProxy.run(origin: { _ in [.answer()] }) { proxy in
            _ = try await proxy.send(
                "GET /",
                [
                    "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https",
                    "X-Forwarded-Prefix: /evil", "Forwarded: for=1.2.3.4", "X-Real-IP: 1.2.3.4",
                    "X-Original-URL: /admin",
                    "X-HTTP-Method-Override: DELETE",
                ]
            )
            let asked = try #require(proxy.origin.requests.first)
            #expect(asked.lines("X-Forwarded-For") == ["127.0.0.1"])
            #expect(asked.lines("X-Forwarded-Host") == ["shop.example"])
            #expect(asked.lines("X-Forwarded-Proto") == ["http"])
            #expect(asked.lines("Forwarded") == ["for=127.0.0.1;proto=http;host=\"shop.example\""])
            for name in ["X-Forwarded-Prefix", "X-Real-IP", "X-Original-URL", "X-HTTP-Method-Override"] {
                #expect(asked.lines(name).isEmpty, "\(name)")
            }
        }
    }

    @Test("no client can take from the origin what the proxy says, and have others get what comes of that")
    func identityStays() async throws {
        try await TestProxy.run(origin: { request in
            let host = request.lines("X-Forwarded-Host").joined()
            return [
                .answer(
                    200,
                    ["Cache-Control: max-age=60"],
                    "at \(host) for \(request.lines("X-Forwarded-For").joined())"
                )
            ]
        }) { proxy in
            let names = ["X-Forwarded-Host", "x-forwarded-proto", "X-FORWARDED-FOR", "Forwarded", "Via"]
            for line in ["Connection: \(names.joined(separator: ", "))", "Connection:,Close,\tVia ,X-Forwarded-Host"] {
                let answer = try await proxy.send("GET /\(line.utf8.count)", [line])
                #expect(answer.body == "at shop.example for 127.0.0.1")
                let plain = try await proxy.send("GET /\(line.utf8.count)")
                #expect(plain.body == "at shop.example for 127.0.0.1")
            }
            for asked in proxy.origin.requests {
                for name in names { #expect(asked.lines(name).count == 1, "\(name)") }
            }
        }
    }

    @Test("of a host that is written in several ways the origin sees one, since the cache has one page for all of them")
    func hostForms() async throws {
        try await TestProxy.run(
            settings: { $0.preservesHost = true },
            origin: { request in
                let seen = request.lines("Host") + request.lines("X-Forwarded-Host")
                return [.answer(200, ["Cache-Control: max-age=60"], seen.joined(separator: " "))]
            }
        ) { proxy in
            for (number, host) in ["SHOP.example", "shop.example:80", "shop.example:"].enumerated() {
                let answer = try await RawClient.connect(to: proxy.port) { client in
                    try await client.send("GET /\(number) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                    return try await client.receive()
                }
                #expect(answer?.body == "shop.example shop.example", "\(host)")
            }
        }
    }

    @Test(
        "what only a proxy should say is not taken from a client",
        arguments: [
            "Proxy", "X-Forwarded", "X-HTTP-Host-Override", "Front-End-Https", "X-Url-Scheme", "X-Scheme", "X-Host",
            "X-Original-Host",
            "X-Rewrite-URL", "X-Original-URI", "True-Client-IP", "Client-IP", "X-Client-IP", "X-Cluster-Client-IP",
            "CF-Connecting-IP",
            "X_Forwarded_Host", "X-Forwarded-Server",
        ]
    )
    func hearsay(_ name: String) async throws {
        try await TestProxy.run(origin: { _ in [.answer()] }) { proxy in
            _ = try await proxy.send("GET /", ["\(name): evil.example"])
            let asked = try #require(proxy.origin.requests.first)
            #expect(!asked.lines(name).contains("evil.example"))
        }
    }

    @Test("the origin is asked under its own name, or under the client's", arguments: [false, true])
    func host(preserves: Bool) async throws {
        try await TestProxy.run(settings: { $0.preservesHost = preserves }, origin: { _ in [.answer()] }) { proxy in
            _ = try await proxy.send()
            let own = "127.0.0.1:\(proxy.origin.port)"
            #expect(proxy.origin.requests.first?.lines("Host") == [preserves ? "shop.example" : own])
        }
    }

    @Test(
        "the target is the client's, byte for byte",
        arguments: ["/a//b/../c", "/%2e%2F%zz", "/?a=1&a=2&|{}\"", "//double", "/a?b?c=%20+%20", "/:80", "/x;y='z'"]
    )
    func target(_ path: String) async throws {
        try await TestProxy.run(origin: { _ in [.answer()] }) { proxy in
            let answer = try await proxy.send("GET \(path)")
            #expect(answer.status == 200)
            #expect(proxy.origin.requests.first?.line == "GET \(path) HTTP/1.1")
        }
    }

    @Test("of a whole URI the path is asked for, and its host counts")
    func absoluteForm() async throws {
        try await TestProxy.run(settings: { $0.preservesHost = true }, origin: { _ in [.answer()] }) { proxy in
            _ = try await proxy.send("GET http://other.example:81/a?b")
            _ = try await proxy.send("OPTIONS http://other.example")
            let asked = proxy.origin.requests
            #expect(asked.map(\.line) == ["GET /a?b HTTP/1.1", "OPTIONS * HTTP/1.1"])
            #expect(asked.map { $0.lines("Host") } == [["other.example:81"], ["other.example"]])
        }
    }

    @Test("each host has pages of its own")
    func hosts() async throws {
        try await TestProxy.run(origin: { _ in [.answer(200, ["Cache-Control: max-age=60"])] }) { proxy in
            for host in ["a.example", "b.example", "a.example"] {
                _ = try await proxy.send("GET http://\(host)/")
            }
            #expect(proxy.origin.requests.map { $0.lines("X-Forwarded-Host") } == [["a.example"], ["b.example"]])
        }
    }

    @Test(
        "methods pass as they are",
        arguments: ["DELETE", "M-SEARCH", "OPTIONS", "PATCH", "PROPFIND", "PURGE", "TRACE"]
    )
    func methods(_ method: String) async throws {
        try await TestProxy.run(origin: { _ in [.answer()] }) { proxy in
            let answer = try await proxy.send("\(method) /")
            #expect(answer.status == 200 && answer.body == "page")
            #expect(proxy.origin.requests.first?.line == "\(method) / HTTP/1.1")
        }
    }

    @Test("OPTIONS * and Max-Forwards")
    func maxForwards() async throws {
        try await TestProxy.run(origin: { _ in [.answer()] }) { proxy in
            let passed = try await proxy.send("OPTIONS *", ["Max-Forwards: 3"])
            #expect(passed.status == 200)
            let own = try await proxy.send("OPTIONS *", ["Max-Forwards: 0"])
            #expect(own.status == 204 && !own["Allow"].isEmpty)
            let trace = try await proxy.send("TRACE /", ["Max-Forwards: 0"])
            #expect(trace.status == 405)
            // It says nothing about other methods.
            let other = try await proxy.send("GET /", ["Max-Forwards: 0"])
            #expect(other.status == 200)
            let asked = proxy.origin.requests
            #expect(asked.map(\.line) == ["OPTIONS * HTTP/1.1", "GET / HTTP/1.1"])
            #expect(asked.first?.lines("Max-Forwards") == ["2"])
        }
    }

    @Test("nothing is switched and no tunnel opened")
    func upgrade() async throws {
        try await TestProxy.run(origin: { _ in [.answer()] }) { proxy in
            let answer = try await proxy.send("GET /", ["Connection: Upgrade", "Upgrade: websocket"])
            #expect(answer.status == 200)
            #expect(proxy.origin.requests.first?.lines("Upgrade") == [])
            let tunnel = try await proxy.send("CONNECT other.example:443")
            #expect(tunnel.status == 501)
            #expect(tunnel["Proxy-Status"].first?.contains("error=http_request_denied") == true)
            #expect(proxy.origin.requests.count == 1)
        }
    }

    @Test("a request that has been here goes no further")
    func loop() async throws {
        try await TestProxy.run(origin: { _ in [.answer()] }) { proxy in
            let via = try #require(try await proxy.send()["Via"].last)
            let answer = try await proxy.send("GET /", ["Via: \(via)"])
            #expect(answer.status == 502)
            #expect(answer["Proxy-Status"].first?.contains("proxy_loop_detected") == true)
        }
    }

    @Test("the origin's Date stays, and one is added where there is none")
    func date() async throws {
        try await TestProxy.run(origin: { asked in
            let date = asked.line.contains("dated") ? ["Date: Mon, 21 Sep 2026 14:13:19 GMT"] : []
            return [.answer(200, ["Cache-Control: max-age=60"] + date)]
        }) { proxy in
            for (path, date) in [("/dated", "Mon, 21 Sep 2026 14:13:19 GMT"), ("/", "Mon, 21 Sep 2026 14:13:20 GMT")] {
                let first = try await proxy.send("GET \(path)")
                #expect(first["Date"] == [date])
            }
            proxy.advance(seconds: 5)
            let second = try await proxy.send("GET /dated")
            #expect(second["Date"] == ["Mon, 21 Sep 2026 14:13:19 GMT"])
            #expect(second["Age"] == ["5"])
        }
    }

    @Test("fields keep their lines, their order and their spelling")
    func repeated() async throws {
        let said = ["Set-Cookie: a=1; Path=/", "x-ODD: 1", "Set-Cookie: b=2", "X-Odd: 2", "X-Empty: "]
        try await TestProxy.run(origin: { _ in [.answer(200, said)] }) { proxy in
            let answer = try await proxy.send("GET /", ["Cookie: a=1; b=2", "Accept: a", "Accept: b"])
            #expect(answer.lines.filter { line in said.contains(line) } == said)
            let asked = try #require(proxy.origin.requests.first)
            #expect(asked.lines("Cookie") == ["a=1; b=2"])
            #expect(asked.lines("Accept") == ["a", "b"])
        }
    }
}
