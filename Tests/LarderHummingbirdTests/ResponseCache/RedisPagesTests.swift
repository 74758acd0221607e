import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import LarderRedis
import LarderRedisClient
import LarderTesting
import NIOCore
import Testing

@testable import LarderHummingbird

@Suite("Pages in Redis", .timeLimit(.minutes(3)))
struct RedisPagesTests {
    /// A process: a client of its own, and pages on it.
    private struct Process: Sendable {
        let cache: Cache
        let pages: ResponseCache

        init(_ server: RedisServer, near: Bool = false) throws {
            let client = try RedisClient(RedisConfiguration(port: server.port))
            let store = near ? RedisStore(client, RedisStoreOptions(nearCache: .entries(1_000))) : RedisStore(client)
            self.cache = Cache(store, namespace: "web", defaults: .init(ttl: .minutes(5)))
            self.pages = ResponseCache(self.cache, options: .application(ttl: .seconds(60)))
        }

        func get(_ path: String = "/", _ fields: HTTPFields = [:], _ origin: ScriptedOrigin) async throws -> Answer {
            let head = HTTPRequest(
                method: .get,
                scheme: "http",
                authority: "shop.example",
                path: path,
                headerFields: fields
            )
            let request = Request(head: head, body: .init(buffer: ByteBuffer()))
            return try await Answer(self.pages.respond(to: request) { try await origin.respond($0) })
        }
    }

    /// What a release has written whose pages had another form.
    private struct OldPage: ByteCodable, Sendable {
        func encodedBytes() -> [UInt8] { [1, 0, 0, 0, 0] }

        init() {}

        init(encodedBytes bytes: [UInt8]) {}
    }

    @Test("a page in the form of an earlier release is a miss, and gets the form of this one")
    func earlierForm() async throws {
        try await withRedisServer { server in
            let process = try Process(server)
            let origin = ScriptedOrigin { _, number in page("page \(number)") }
            try await process.cache.set(CacheKey<OldPage>("page:http://shop.example/"), to: OldPage())
            let miss = try await process.get("/", [:], origin)
            #expect(miss.body == "page 1")
            #expect(!miss.isHit)
            #expect(miss.cacheStatus.contains("stored"))
            let hit = try await process.get("/", [:], origin)
            #expect(hit.body == "page 1")
            #expect(hit.isHit)
        }
    }

    @Test(
        "what one process stores another answers with, variants and all; what one takes back is gone for both",
        arguments: [false, true]
    )
    func shared(near: Bool) async throws {
        try await withRedisServer { server in
            let (first, second) = (try Process(server, near: near), try Process(server, near: near))
            let origin = ScriptedOrigin { request, number in
                var answer = page(
                    "\(request.headerFields[.acceptLanguage] ?? "none") \(number)",
                    [.vary: "Accept-Language", .surrogateKey: "book:42"]
                )
                answer.headers[.contentType] = "text/html; charset=utf-8"
                answer.headers.append(HTTPField(name: .made("X-Many"), value: "one"))
                answer.headers.append(HTTPField(name: .made("X-Many"), value: "two"))
                return answer
            }
            let stored = try await first.get("/", [.acceptLanguage: "de"], origin)
            #expect(stored.cacheStatus.contains("stored"))
            _ = try await second.get("/", [.acceptLanguage: "en"], origin)
            for process in [first, second] {
                for (language, body) in [("de", "de 1"), ("en", "en 2")] {
                    let hit = try await process.get("/", [.acceptLanguage: language], origin)
                    #expect(hit.body == body)
                    #expect(hit.isHit)
                    #expect(hit.fields[values: .made("X-Many")] == ["one", "two"])
                    #expect(hit.fields[.contentType] == "text/html; charset=utf-8")
                    #expect(hit.fields[.eTag] != nil)
                }
            }
            try await second.cache.invalidate(tags: ["book:42"])
            try await eventually("the first hears of it") {
                try await first.get("/", [.acceptLanguage: "de"], origin).body == "de \(origin.count)"
                    && origin.count >= 3
            }
        }
    }

    @Test("a cold page that two processes want is asked for once")
    func oneForTwo() async throws {
        try await withRedisServer { server in
            let processes = [try Process(server), try Process(server)]
            let origin = ScriptedOrigin { _, number in
                try await Task.sleep(for: .milliseconds(300))
                return page("page \(number)")
            }
            let bodies = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<100 {
                    group.addTask { try await processes[number % 2].get("/", [:], origin).body }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(bodies == ["page 1"])
            #expect(origin.count == 1)
        }
    }

    @Test("without its store a cache lets handlers answer, and keeps again when it is back")
    func outage() async throws {
        try await withRedisServer { server in
            let process = try Process(server)
            let origin = ScriptedOrigin([:])
            _ = try await process.get("/", [:], origin)
            await server.kill()
            for _ in 0..<5 {
                let answer = try await process.get("/", [:], origin)
                #expect(answer.status == 200)
            }
            #expect(process.pages.counters.unavailable > 0)
            try await server.restart()
            try await eventually("it keeps again") { try await process.get("/", [:], origin).isHit }
        }
    }
}
