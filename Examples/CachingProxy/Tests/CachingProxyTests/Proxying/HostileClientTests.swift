import LarderTesting
import NIOCore
import Testing

@testable import CachingProxy

/// Ten thousand requests that nobody ought to send, byte for byte, each on a connection of its own.
@Suite("Hostile clients", .serialized)
struct HostileClientTests {
    private static let requestsOfASeed = 1_000
    private static let clients = 20

    @Test(
        "no answer of the proxy's own of 500 and above, requests that can be understood in one way, nobody's answer for another",
        arguments: 1...UInt64(10)
    )
    func randomRequests(seed: UInt64) async throws {
        // The origin says what it was asked, and under which host.
        let origin: @Sendable (RawOrigin.Request) -> [RawOrigin.Action] = { request in
            let body = "\(request.line) at \(request.lines("X-Forwarded-Host").joined())"
            let head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            return [.readBody, .say(request.line.hasPrefix("HEAD ") ? head : head + body)]
        }
        try await TestProxy.run(origin: origin) { proxy in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<Self.clients {
                    group.addTask {
                        var random = SeededGenerator(seed: seed, UInt64(client))
                        for number in 1...Self.requestsOfASeed / Self.clients {
                            try await Self.send(HostileRequest.next(&random), to: proxy)
                            if number.isMultiple(of: 10) { try await Self.checkPlainAnswer(of: proxy) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            // After an hour whatever was stored is stale, and what a hostile client may have stored again does not get out.
            proxy.advance(seconds: 3_600)
            try await Self.checkPlainAnswer(of: proxy)
            Self.check(proxy.origin.requests)
        }
    }

    /// What others get of a page is what the origin says to them.
    private static func checkPlainAnswer(of proxy: TestProxy) async throws {
        let plain = try await proxy.send("GET /page")
        #expect(plain.status == 200)
        #expect(plain.body == "GET /page HTTP/1.1 at shop.example")
    }

    /// What the origin was asked can be understood in one way.
    private static func check(_ requests: [RawOrigin.Request]) {
        for request in requests {
            let (lengths, codings) = (request.lines("Content-Length"), request.lines("Transfer-Encoding"))
            let isOne = request.lines("Host").count == 1 && lengths.count + codings.count <= 1
            #expect(isOne, "\(request.head.debugDescription)")
            let words = request.line.split(separator: " ", omittingEmptySubsequences: false)
            #expect(words.count == 3 && words[2] == "HTTP/1.1", "\(request.line.debugDescription)")
            #expect(codings.isEmpty || codings == ["chunked"])
            #expect(lengths.allSatisfy { Int($0).map { $0 >= 0 } == true })
        }
    }

    /// Sends bytes on a connection of its own, and reads what comes until that ends.
    private static func send(_ text: String, to proxy: TestProxy) async throws {
        try await RawClient.connect(to: proxy.port) { client in
            // A proxy that has heard enough may have hung up.
            try? await client.send(text)
            // Nothing more will come: what waits for the rest of a body is not to wait.
            client.sender.outbound.finish()
            let method = String(text.prefix { $0 != " " })
            while let answer = try? await client.receive(method) {
                // What is not implemented is said so, and what was not to be asked for.
                let isAllowed =
                    [501, 505].contains(answer.status) || answer.status == 504 && text.contains("only-if-cached")
                let isFault = answer.status >= 500 && !isAllowed
                #expect(!isFault, "\(answer.head) to \(text.debugDescription.prefix(400))")
            }
        }
    }
}
