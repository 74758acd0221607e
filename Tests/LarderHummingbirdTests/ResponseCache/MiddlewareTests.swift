import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Larder
import LarderHTTP
import LarderHummingbird
import LarderTesting
import NIOCore
import Synchronization
import Testing

@Suite("Response cache middleware")
struct MiddlewareTests {
    private static func cache() -> Cache { Cache(MemoryStore(limit: .entries(1_000)), namespace: "web") }

    @Test("a router's pages are kept, over real sockets too", arguments: [TestingSetup.router, .live])
    func router(_ setup: TestingSetup) async throws {
        let count = Mutex<Int>.Reference(0)
        let router = Router()
        let pages = ResponseCacheMiddleware<BasicRequestContext>(Self.cache(), options: .application(ttl: .seconds(60)))
        router.add(middleware: pages)
        router.get("books/:id") { request, context in
            let number = count.value.withLock { count in
                count += 1
                return count
            }
            return "book \(try context.parameters.require("id")) \(number)"
        }
        router.get("boom") { _, _ -> String in throw HTTPError(.conflict) }
        let app = Application(responder: router.buildResponder())
        try await app.test(setup) { client in
            for expected in ["fwd=uri-miss", "hit"] {
                try await client.execute(uri: "/books/42", method: .get) { response in
                    #expect(String(buffer: response.body) == "book 42 1")
                    let status = response.headers[.made("Cache-Status")] ?? ""
                    #expect(status.contains(expected))
                    #expect(response.headers[.eTag] != nil)
                }
            }
            try await client.execute(uri: "/books/43", method: .get) { response in
                #expect(String(buffer: response.body) == "book 43 2")
            }
            try await client.execute(uri: "/boom", method: .get) { #expect($0.status == .conflict) }
            try await client.execute(uri: "/nowhere", method: .get) { #expect($0.status == .notFound) }
        }
        #expect(pages.pages.counters.hits == 1)
    }

    @Test("a group's pages are kept, and other routes are not; what never may be kept is not")
    func groups() async throws {
        let count = Mutex<Int>.Reference(0)
        @Sendable func next() -> String {
            count.value.withLock { count in
                count += 1
                return "\(count)"
            }
        }
        let router = Router()
        let pages = ResponseCacheMiddleware<BasicRequestContext>(Self.cache(), options: .application(ttl: .seconds(60)))
        router.get("live") { _, _ in next() }
        router.group("kept").add(middleware: pages).get("page") { _, _ in next() }
        router.group("never").add(middleware: pages).add(
            middleware: CacheControlMiddleware<BasicRequestContext>.neverCache()
        )
        .get("page") { _, _ in next() }
        router.group("long").add(middleware: pages).add(
            middleware: CacheControlMiddleware(.maxAge(.seconds(600)), .public)
        )
        .get("page") { _, _ in next() }
        try await Application(responder: router.buildResponder()).test(.router) { client in
            func get(_ path: String) async throws -> TestResponse {
                try await client.execute(uri: path, method: .get) { $0 }
            }
            let live = [try await get("/live"), try await get("/live")].map { String(buffer: $0.body) }
            #expect(live == ["1", "2"])
            let kept = [try await get("/kept/page"), try await get("/kept/page")].map { String(buffer: $0.body) }
            #expect(kept == ["3", "3"])
            let never = [try await get("/never/page"), try await get("/never/page")]
            #expect(never.map { String(buffer: $0.body) } == ["4", "5"])
            #expect(never[0].headers[.cacheControl] == "max-age=0, no-cache, no-store, must-revalidate, private")
            let long = [try await get("/long/page"), try await get("/long/page")]
            #expect(long.map { String(buffer: $0.body) } == ["6", "6"])
            #expect(long[1].headers[.cacheControl] == "max-age=600, public")
        }
    }

    @Test("stale pages are refreshed through the responder, behind their readers")
    func refreshing() async throws {
        let count = Mutex<Int>.Reference(0)
        let clock = ManualClock()
        let time = CacheClock(clock)
        var options = ResponseCacheOptions.application()
        options.clock = time
        let cache = Cache(MemoryStore(limit: .entries(1_000), clock: time), namespace: "web", clock: time)
        let pages = ResponseCacheMiddleware<BasicRequestContext>(cache, options: options)
        let router = Router()
        router.add(middleware: pages)
        router.get("page") { _, _ -> Response in
            let number = count.value.withLock { count in
                count += 1
                return count
            }
            var response = Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "page \(number)")))
            response.cacheControl(.maxAge(.seconds(10)), .staleWhileRevalidate(.seconds(60)))
            return response
        }
        let responder = router.buildResponder()
        pages.refresh(through: responder)
        try await Application(responder: responder).test(.router) { client in
            func get() async throws -> String {
                try await client.execute(uri: "/page", method: .get) { String(buffer: $0.body) }
            }
            let first = try await get()
            #expect(first == "page 1")
            clock.advance(by: .seconds(20))
            let stale = try await get()
            #expect(stale == "page 1")
            try await eventually("the refresh is stored") { pages.pages.counters.stores == 2 }
            let fresh = try await get()
            #expect(fresh == "page 2")
        }
        await pages.pages.shutdown()
    }

    @Test("PURGE and the invalidation handler take pages back for those who may")
    func purging() async throws {
        let count = Mutex<Int>.Reference(0)
        let router = Router()
        let pages = ResponseCache(Self.cache(), options: .application(ttl: .seconds(60)))
        router.add(middleware: PurgeMiddleware<BasicRequestContext>(pages, .bearer("secret")))
        router.add(middleware: ResponseCacheMiddleware(pages))
        router.get("page") { _, _ -> Response in
            let number = count.value.withLock { count in
                count += 1
                return count
            }
            let body = ResponseBody(byteBuffer: ByteBuffer(string: "\(number)"))
            return Response(status: .ok, headers: [.made("Cache-Tag"): "shelf"], body: body)
        }
        router.post(
            "invalidate",
            use: pages.invalidationHandler(PurgeAuthorization<BasicRequestContext>.bearer("secret"))
        )
        try await Application(responder: router.buildResponder()).test(.live) { client in
            func get() async throws -> String {
                try await client.execute(uri: "/page", method: .get) { String(buffer: $0.body) }
            }
            func post(_ json: String, token: String = "secret") async throws -> HTTPResponse.Status {
                try await client.execute(
                    uri: "/invalidate",
                    method: .post,
                    headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                    body: ByteBuffer(string: json)
                ) { $0.status }
            }
            let purge = try #require(HTTPRequest.Method("PURGE"))
            let bodies = [try await get(), try await get()]
            #expect(bodies == ["1", "1"])
            let refused = try await client.execute(uri: "/page", method: purge) { $0.status }
            #expect(refused == .unauthorized)
            let done = try await client.execute(uri: "/page", method: purge, headers: [.authorization: "Bearer secret"])
            { $0.status }
            #expect(done == .noContent)
            let second = [try await get(), try await get()]
            #expect(second == ["2", "2"])
            let wrongToken = try await post("{\"tags\": [\"shelf\"]}", token: "secret2")
            #expect(wrongToken == .unauthorized)
            let byTag = try await post("{\"tags\": [\"shelf\"]}")
            #expect(byTag == .noContent)
            let third = [try await get(), try await get()]
            #expect(third == ["3", "3"])
            let all = try await post("{\"all\": true}")
            #expect(all == .noContent)
            let fourth = try await get()
            #expect(fourth == "4")
            for wrong in ["", "[]", "{\"urls\": [\"page\"]}", "{\"prefixes\": [\"\"]}", "{\"tags\": [\"\"]}"] {
                let status = try await post(wrong)
                #expect(status == .badRequest, "\(wrong)")
            }
        }
    }

    @Test("conditions are answered before the work is done")
    func conditions() async throws {
        let count = Mutex<Int>.Reference(0)
        let router = Router()
        router.get("book") { request, _ in
            try await request.conditional(etag: "\"v7\"") {
                count.value.withLock { $0 += 1 }
                return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "book")))
            }
        }
        router.put("book") { request, _ in
            try await request.conditional(etag: "\"v7\"") { Response(status: .noContent) }
        }
        try await Application(responder: router.buildResponder()).test(.router) { client in
            let cases: [(HTTPRequest.Method, HTTPFields, Int)] = [
                (.get, [:], 200), (.get, [.ifNoneMatch: "\"v7\""], 304), (.get, [.ifNoneMatch: "W/\"v7\""], 304),
                (.get, [.ifNoneMatch: "\"v6\""], 200), (.put, [.ifMatch: "\"v7\""], 204),
                (.put, [.ifMatch: "W/\"v7\""], 412),
                (.put, [.ifMatch: "\"v6\""], 412), (.put, [.ifNoneMatch: "*"], 412),
            ]
            for (method, fields, status) in cases {
                try await client.execute(uri: "/book", method: method, headers: fields) { response in
                    #expect(response.status.code == status, "\(method) \(fields)")
                    if status == 304 || method == .get { #expect(response.headers[.eTag] == "\"v7\"") }
                }
            }
        }
        let worked = count.value.withLock { $0 }
        #expect(worked == 2)
    }
}

extension Mutex where Value: ~Copyable {
    /// A mutex that closures share.
    final class Reference: Sendable where Value: Copyable {
        let value: Mutex<Value>

        init(_ value: sending Value) {
            self.value = Mutex(value)
        }
    }
}
