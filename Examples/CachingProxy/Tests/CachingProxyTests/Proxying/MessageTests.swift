import Synchronization
import Testing

@testable import CachingProxy

/// Where messages begin and end, and what happens between.
@Suite("Messages over sockets")
struct MessageTests {
    @Test("connections are used again, on both sides")
    func reuse() async throws {
        try await TestProxy.run(origin: { _ in [.answer()] }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                for number in 1...10 {
                    try await client.send(TestProxy.text("GET /\(number)"))
                    let answer = try await client.receive()
                    #expect(answer?.body == "page")
                }
            }
            // The next request can come a moment before a connection is known to be free again.
            #expect(proxy.origin.connections <= 2)
            #expect(proxy.origin.requests.count == 10)
        }
    }

    @Test("requests that come at once are answered in order")
    func pipelining() async throws {
        try await TestProxy.run(origin: { asked in [.answer(200, [], asked.line)] }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send((1...5).map { TestProxy.text("GET /\($0)") }.joined())
                for number in 1...5 {
                    let answer = try await client.receive()
                    #expect(answer?.body == "GET /\(number) HTTP/1.1")
                }
            }
        }
    }

    @Test("bodies pass with the framing they came in", arguments: ["Content-Length: 11", "Transfer-Encoding: chunked"])
    func bodies(_ framing: String) async throws {
        try await TestProxy.run(origin: { _ in
            [
                .readBody,
                .say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
            ]
        }) { proxy in
            let body = framing.hasPrefix("C") ? "hello world" : "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
            let answer = try await proxy.send("POST /", [framing], body: body)
            #expect(answer.body == "hello world")
            #expect(answer["Transfer-Encoding"] == ["chunked"])
            let asked = try #require(proxy.origin.requests.first)
            #expect(asked.head.lowercased().contains(framing.lowercased()))
            #expect(asked.body == "hello world")
        }
    }

    @Test("a GET with a body is asked each time: the body is not in the key")
    func getWithBody() async throws {
        try await TestProxy.run(origin: { _ in [.readBody, .answer(200, ["Cache-Control: max-age=60"])] }) { proxy in
            for body in ["one", "two"] {
                _ = try await proxy.send("GET /", ["Content-Length: 3"], body: body)
                _ = try await proxy.send("GET /", ["Transfer-Encoding: chunked"], body: "3\r\n\(body)\r\n0\r\n\r\n")
            }
            #expect(proxy.origin.requests.map(\.body) == ["one", "one", "two", "two"])
            for _ in 1...2 { _ = try await proxy.send() }
            #expect(proxy.origin.requests.count == 5)
        }
    }

    @Test("an answer streams: its beginning is there before its end")
    func streaming() async throws {
        let gate = Gate()
        try await TestProxy.run(origin: { _ in
            [.say("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf"), .await(gate), .say("half")]
        }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /"))
                let half = try await client.receivePart(endingWith: "half")
                #expect(half.hasPrefix("HTTP/1.1 200 OK"))
                gate.open()
                let rest = try await client.receivePart(endingWith: "half")
                #expect(rest == "half")
            }
        }
    }

    @Test("an origin that does not read is not read for: what a client sends stays with the client")
    func backPressure() async throws {
        let gate = Gate()
        try await TestProxy.run(
            settings: { $0.longestBody = 1 << 30 },
            origin: { _ in [.await(gate), .close] }
        ) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                let sender = client.sender
                let sent = SentCount()
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        let piece = String(repeating: "a", count: 1 << 20)
                        // It fails when the test is over.
                        try? await sender.send(TestProxy.text("PUT /", ["Content-Length: \(512 << 20)"]))
                        while sent.value < 512, (try? await sender.send(piece)) != nil { sent.add() }
                    }
                    // It comes to a standstill with no more under way than the sockets hold, which is up to 37 MB for each of the two.
                    var before = -1
                    let stands = try? await eventually {
                        try await Task.sleep(for: .milliseconds(500))
                        defer { before = sent.value }
                        return before > 0 && before == sent.value
                    }
                    #expect(stands == true)
                    #expect(sent.value < 200)
                    group.cancelAll()
                    gate.open()
                }
            }
        }
    }

    @Test("a request's body streams too: the origin may answer before its end")
    func uploading() async throws {
        try await TestProxy.run(origin: { _ in [.answer(413, [], "no")] }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("PUT /", ["Content-Length: 8"], "half"))
                let answer = try await client.receive()
                #expect(answer?.status == 413 && answer?.body == "no")
                // The rest is read past, and the next request is one.
                try await client.send("half" + TestProxy.text("GET /next"))
                let next = try await client.receive()
                #expect(next?.status == 413)
            }
            #expect(proxy.origin.requests.last?.line == "GET /next HTTP/1.1")
        }
    }

    @Test("HEAD and statuses without a body", arguments: [("HEAD", 200), ("HEAD", 404), ("GET", 204), ("GET", 304)])
    func bodiless(_ method: String, _ status: Int) async throws {
        for length in [["Content-Length: 7"], []] where length.isEmpty || status != 204 {
            try await TestProxy.run(origin: { _ in
                [.say((["HTTP/1.1 \(status) Said"] + length).joined(separator: "\r\n") + "\r\n\r\n")]
            }) { proxy in
                try await RawClient.connect(to: proxy.port) { client in
                    for _ in 1...2 {
                        try await client.send(TestProxy.text("\(method) /", ["If-None-Match: \"a\""]))
                        let answer = try #require(try await client.receive(method))
                        #expect(answer.status == status)
                        #expect(answer["Transfer-Encoding"].isEmpty)
                        #expect(answer["Content-Length"] == (length.isEmpty ? [] : ["7"]))
                    }
                }
            }
        }
    }

    @Test("an answer without a length is chunked, and ends the connection of a client that does not know chunks")
    func unknownLength() async throws {
        let script: @Sendable (RawOrigin.Request) -> [RawOrigin.Action] = { _ in
            [.say("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it"), .close]
        }
        try await TestProxy.run(origin: script) { proxy in
            let answer = try await proxy.send()
            #expect(answer["Transfer-Encoding"] == ["chunked"] && answer.body == "all of it")
            #expect(answer["Connection"].isEmpty)
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send("GET / HTTP/1.0\r\n\r\n")
                let old = try #require(try await client.receive())
                #expect(old["Transfer-Encoding"].isEmpty && old["Content-Length"].isEmpty)
                #expect(old["Connection"] == ["close"])
                #expect(old.body == "all of it")
            }
        }
    }

    @Test("interim answers pass, but not to a client that does not know them")
    func interim() async throws {
        try await TestProxy.run(origin: { _ in
            [.say("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"), .answer(200, ["X: 1"])]
        }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /"))
                let hints = try await client.receive()
                #expect(hints?.status == 103 && hints?["Link"] == ["</a.css>"])
                let answer = try await client.receive()
                #expect(answer?.status == 200 && answer?["Link"] == [])
            }
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send("GET / HTTP/1.0\r\nHost: shop.example\r\n\r\n")
                let answer = try await client.receive()
                #expect(answer?.status == 200)
            }
        }
    }

    @Test("a client that reads nothing is not given interim answers without end")
    func manyInterim() async throws {
        let hint = "HTTP/1.1 103 Early Hints\r\nX: \(String(repeating: "x", count: 10_000))\r\n\r\n"
        let hints = RawOrigin.Action.say(String(repeating: hint, count: 20))
        let actions = Array(repeating: hints, count: 200) + [.answer()]
        try await TestProxy.run(origin: { _ in actions }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /"))
                // All of it has left the origin before anything is read.
                #expect(try await eventually { proxy.origin.answered == 1 })
                var count = 0
                var answer = try await client.receive()
                while let interim = answer, interim.status == 103 {
                    count += 1
                    answer = try await client.receive()
                }
                #expect(count > 0 && count < 4_000)
                #expect(answer?.status == 200)
            }
        }
    }

    @Test("who waits to be told to go on is told by the origin")
    func goingOn() async throws {
        try await TestProxy.run(origin: { asked in
            asked.line.contains("no")
                ? [.answer(417, [], "no")]
                : [.say("HTTP/1.1 100 Continue\r\n\r\n"), .readBody, .answer(201, [], "made")]
        }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("PUT /", ["Content-Length: 4", "Expect: 100-continue"]))
                let goOn = try await client.receive()
                #expect(goOn?.status == 100)
                try await client.send("body")
                let answer = try await client.receive()
                #expect(answer?.status == 201)
                #expect(proxy.origin.requests.last?.body == "body")
                // A refusal ends the connection: nothing tells a body from the next request.
                try await client.send(TestProxy.text("PUT /no", ["Content-Length: 4", "Expect: 100-continue"]))
                let refusal = try await client.receive()
                #expect(refusal?.status == 417 && refusal?["Connection"] == ["close"])
                #expect(try await client.isEnded())
            }
            let other = try await proxy.send("PUT /", ["Content-Length: 4", "Expect: a-miracle"], body: "body")
            #expect(other.status == 417)
        }
    }

    @Test("a body that is too long is refused, whether it says so or not")
    func tooLong() async throws {
        try await TestProxy.run(settings: { $0.longestBody = 10 }, origin: { _ in [.readBody, .answer()] }) { proxy in
            let said = try await proxy.send("PUT /", ["Content-Length: 11"], body: "hello world")
            #expect(said.status == 413)
            #expect(proxy.origin.requests.isEmpty)
            let huge = try await proxy.send("PUT /", ["Content-Length: 99999999999999999999"])
            #expect(huge.status == 413 || huge.status == 400)
            let chunks = "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"
            let unsaid = try await proxy.send("PUT /", ["Transfer-Encoding: chunked"], body: chunks)
            #expect(unsaid.status == 413 && unsaid["Connection"] == ["close"])
            let whole = try await proxy.send("PUT /", ["Content-Length: 10"], body: "helloworld")
            #expect(whole.status == 200)
        }
    }

    @Test("shutting down lets an answer under way end")
    func shutdown() async throws {
        let gate = Gate()
        try await TestProxy.run(origin: { _ in [.await(gate), .answer()] }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /"))
                #expect(try await eventually { proxy.origin.requests.count == 1 })
                await proxy.shutDown()
                gate.open()
                let answer = try await client.receive()
                #expect(answer?.body == "page" && answer?.isBrokenOff == false)
                #expect(try await client.isEnded())
            }
        }
    }
}

/// How many pieces a client could send.
private final class SentCount: Sendable {
    private let count = Atomic(0)

    var value: Int { self.count.load(ordering: .relaxed) }

    func add() { self.count.add(1, ordering: .relaxed) }
}
