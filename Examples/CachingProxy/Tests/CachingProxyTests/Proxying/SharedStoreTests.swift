import LarderTesting
import Testing

@testable import CachingProxy

/// Several proxies on one Redis.
@Suite("A shared store")
struct SharedStoreTests {
    @Test("what one proxy has stored, the other answers with, and what one invalidates is gone for both")
    func shared() async throws {
        try await withRedisServer { server in
            let url = server.url
            let script: @Sendable (RawOrigin.Request) -> [RawOrigin.Action] = { asked in
                [.readBody, .answer(200, ["Cache-Control: max-age=60"], asked.line)]
            }
            try await TestProxy.run(settings: { $0.redisURL = url }, origin: script) { first in
                try await TestProxy.run(settings: { $0.redisURL = url }, origin: script) { second in
                    _ = try await first.send("GET /page")
                    let hit = try await second.send("GET /page")
                    #expect(hit["Cache-Status"].first?.contains("hit") == true)
                    #expect(second.origin.requests.isEmpty)
                    _ = try await second.send("POST /page", ["Content-Length: 1"], body: "a")
                    _ = try await first.send("GET /page")
                    #expect(first.origin.requests.count == 2)
                }
            }
        }
    }

    @Test("a proxy whose Redis is gone goes on, and asks the origin each time")
    func gone() async throws {
        try await withRedisServer { server in
            let url = server.url
            try await TestProxy.run(
                settings: { $0.redisURL = url },
                origin: { _ in [.answer(200, ["Cache-Control: max-age=60"])] }
            ) { proxy in
                await server.kill()
                for _ in 1...3 {
                    let answer = try await proxy.send()
                    #expect(answer.status == 200 && answer.body == "page")
                }
                #expect(proxy.origin.requests.count == 3)
            }
        }
    }
}
