import Testing

@testable import CachingProxy

/// What clients get when the origin fails.
@Suite("Failures of the origin")
struct FailureTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var actions: [RawOrigin.Action]
        var status: Int
        var error: String

        init(_ name: String, _ actions: [RawOrigin.Action], _ status: Int, _ error: String) {
            self.testDescription = name
            self.actions = actions
            self.status = status
            self.error = error
        }
    }

    static let cases: [Case] = [
        Case("closes", [.close], 502, "connection_terminated"),
        Case("breaks off its head", [.say("HTTP/1.1 200 OK\r\nContent-Le"), .close], 502, ""),
        Case("talks nonsense", [.say("hello\r\n\r\n")], 502, "http_protocol_error"),
        Case("has another protocol", [.say("SSH-2.0-OpenSSH_9.2\r\n")], 502, "http_protocol_error"),
        Case(
            "says two lengths",
            [.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")],
            502,
            ""
        ),
        Case("does not answer", [.await(Gate())], 504, "http_response_timeout"),
        Case("begins and stops", [.say("HTTP/1.1 200 OK\r\nX: "), .await(Gate())], 504, "http_response_timeout"),
    ]

    @Test("an origin that gives no answer is 502 or 504, with the reason", arguments: cases)
    func noAnswer(_ failing: Case) async throws {
        try await TestProxy.run(
            settings: { if failing.status == 504 { $0.answerTimeout = .seconds(2) } },
            origin: { _ in failing.actions }
        ) { proxy in
            let answer = try await proxy.send("GET /", ["Cache-Control: no-store"])
            #expect(answer.status == failing.status)
            let status = try #require(answer["Proxy-Status"].first)
            #expect(status.contains("; error=\(failing.error)"))
            #expect(answer.body.hasPrefix("\(failing.status) "))
            #expect(!answer["Date"].isEmpty)
            // It is this proxy's word about now, which nobody is to keep.
            #expect(answer["Cache-Control"] == ["no-store"])
        }
    }

    @Test("an origin that is not there")
    func refused() async throws {
        let other = try await RawOrigin { _ in [] }
        let port = other.port
        try await other.close()
        let address = try #require(OriginAddress("http://127.0.0.1:\(port)"))
        try await TestProxy.run(settings: { $0.origin = address }, origin: { _ in [] }) { proxy in
            let answer = try await proxy.send()
            #expect(answer.status == 502)
            #expect(answer["Proxy-Status"].first?.contains("error=connection_refused") == true)
        }
    }

    @Test(
        "an answer that breaks off breaks off for the client as well",
        arguments: [
            "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 9\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
        ]
    )
    func brokenOff(_ answer: String) async throws {
        try await TestProxy.run(origin: { _ in [.say(answer), .close] }) { proxy in
            for count in 1...2 {
                let answer = try await proxy.send()
                #expect(answer.isBrokenOff)
                // Nor is it stored.
                #expect(proxy.origin.requests.count == count)
            }
        }
    }

    @Test("an answer that stops is broken off too")
    func stalled() async throws {
        try await TestProxy.run(
            settings: { $0.answerTimeout = .seconds(2) },
            origin: { _ in [.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), .await(Gate())] }
        ) { proxy in
            let answer = try await proxy.send()
            #expect(answer.isBrokenOff)
        }
    }

    @Test("a client that goes away in mid-body leaves the origin with no whole request")
    func clientGone() async throws {
        try await TestProxy.run(origin: { _ in [.readBody, .answer()] }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("PUT /", ["Content-Length: 8"], "half"))
                #expect(try await eventually { proxy.origin.requests.count == 1 })
            }
            let answer = try await proxy.send()
            #expect(answer.status == 200)
            #expect(proxy.origin.requests.first?.body.isEmpty == true)
        }
    }

    @Test(
        "a long body that nobody takes holds nothing up",
        arguments: ["Content-Length: 2000000", "Transfer-Encoding: chunked"]
    )
    func untakenBody(_ framing: String) async throws {
        let piece = String(repeating: "a", count: 100_000)
        let chunked = String(repeating: "186a0\r\n\(piece)\r\n", count: 20) + "0\r\n\r\n"
        let body = framing.hasPrefix("C") ? String(repeating: piece, count: 20) : chunked
        let nowhere = try #require(OriginAddress("http://127.0.0.1:9"))
        try await TestProxy.run(settings: { $0.origin = nowhere }, origin: { _ in [] }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                for _ in 1...2 {
                    try await client.send(TestProxy.text("PUT /", [framing], body))
                    let answer = try await client.receive()
                    #expect(answer?.status == 502)
                }
            }
        }
    }

    @Test("a request on a connection that the origin has just closed is sent again, unless that could do it twice")
    func stale() async throws {
        try await TestProxy.run(origin: { asked in
            // Each connection is good for one request, and nobody is told.
            asked.line.hasPrefix("GET /first") ? [.answer()] : asked.connection == 1 ? [.close] : [.answer()]
        }) { proxy in
            _ = try await proxy.send("GET /first")
            let again = try await proxy.send("GET /second")
            #expect(again.status == 200)
            #expect(proxy.origin.requests.map(\.connection) == [1, 1, 2])
        }
        try await TestProxy.run(origin: { asked in asked.line.hasPrefix("GET") ? [.answer()] : [.close] }) { proxy in
            _ = try await proxy.send("GET /first")
            let lost = try await proxy.send("POST /second")
            #expect(lost.status == 502)
            #expect(proxy.origin.requests.count == 2)
        }
    }

    @Test("what is stored stands in for an origin that is gone")
    func standsIn() async throws {
        try await TestProxy.run(origin: { asked in
            asked.lines("X-Gone").isEmpty ? [.answer(200, ["Cache-Control: max-age=1"], "old")] : [.close]
        }) { proxy in
            _ = try await proxy.send()
            proxy.advance(seconds: 100)
            let answer = try await proxy.send("GET /", ["X-Gone: 1"])
            #expect(answer.status == 200 && answer.body == "old")
            #expect(answer["Age"] == ["100"])
        }
    }
}
