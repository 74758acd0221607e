import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Larder
import LarderHTTP
import LarderTesting
import NIOCore
import Synchronization
import Testing

@testable import LarderHummingbird

/// What goes wrong where one thing is done and another forgotten.
@Suite("Guards")
struct GuardTests {
    @Test("a time by option is not for pages that may be made of a visitor's cookie, unless that is said")
    func cookies() async throws {
        func bodies(_ cookies: ResponseCacheOptions.Cookies) async throws -> (alice: String, bob: String) {
            var options = ResponseCacheOptions.application(ttl: .seconds(60))
            options.cookies = cookies
            let test = TestPages(
                options,
                ScriptedOrigin { request, _ in page("for \(request.headerFields[.cookie] ?? "all")") }
            )
            let alice = try await test.send(.get, "/", [.cookie: "id=alice"])
            return (alice.body, try await test.send(.get, "/", [.cookie: "id=bob"]).body)
        }
        let guarded = try await bodies(.guarded)
        #expect(guarded.alice == "for id=alice")
        #expect(guarded.bob == "for id=bob")
        let removed = try await bodies(.removed)
        #expect(removed.alice == "for all")
        #expect(removed.bob == "for all")
        let trusted = try await bodies(.trusted)
        #expect(trusted.bob == "for id=alice")
    }

    @Test("what was stored for all is for visitors with cookies too, and what they cause is not written for browsers")
    func cookiesHit() async throws {
        let test = TestPages(.application(ttl: .seconds(60)), ScriptedOrigin([:]))
        let own = try await test.send(.get, "/", [.cookie: "id=alice"])
        #expect(own.fields[.cacheControl] == nil)
        _ = try await test.send()
        let hit = try await test.send(.get, "/", [.cookie: "id=alice"])
        #expect(hit.isHit)
    }

    @Test("a page stays under the tags of all its variants, and of what was fetched before a 304")
    func tagsStay() async throws {
        let holder = Holder()
        let origin = ScriptedOrigin { request, number in
            let language = request.headerFields[.acceptLanguage] ?? "en"
            if request.headerFields[.ifNoneMatch] == "\"\(language)\"" {
                return Response(status: .notModified, headers: [.cacheControl: "max-age=60"])
            }
            let text = try await holder.cache.fetch(
                CacheKey<String>("text:\(language)"),
                ttl: .hours(1),
                tags: ["book:\(language)"]
            ) { "book" }
            return page(
                "\(text) \(language) \(number)",
                [.cacheControl: "max-age=60", .vary: "Accept-Language", .eTag: "\"\(language)\""]
            )
        }
        let test = TestPages(.application(), origin)
        holder.set(test.cache)
        _ = try await test.send(.get, "/", [.acceptLanguage: "en"])
        _ = try await test.send(.get, "/", [.acceptLanguage: "de"])
        try await test.cache.invalidate(tags: ["book:en"])
        let english = try await test.send(.get, "/", [.acceptLanguage: "en"])
        #expect(english.body == "book en 3")
        _ = try await test.send(.get, "/", [.acceptLanguage: "de"])
        test.clock.advance(by: .seconds(61))
        let confirmed = try await test.send(.get, "/", [.acceptLanguage: "en"])
        #expect(confirmed.cacheStatus.contains("fwd-status=304"))
        try await test.cache.invalidate(tags: ["book:en"])
        let anew = try await test.send(.get, "/", [.acceptLanguage: "en"])
        #expect(anew.cacheStatus.contains("miss"))
    }

    @Test(
        "requests that cannot be stored themselves do not keep the page from being stored",
        arguments: ["HEAD", "If-None-Match", "Range", "400"]
    )
    func remembered(_ kind: String) async throws {
        let origin = ScriptedOrigin { request, number in
            let fields: HTTPFields = [.cacheControl: "max-age=60", .eTag: "\"v1\""]
            if request.headerFields[.ifNoneMatch] != nil { return Response(status: .notModified, headers: fields) }
            if request.headerFields[.range] != nil { return page("p", fields, status: .partialContent) }
            if request.headerFields[.accept] == "nonsense" { return page("bad", status: .badRequest) }
            return page("page \(number)", fields)
        }
        let test = TestPages(.application(), origin)
        switch kind {
        case "HEAD": _ = try await test.send(.head)
        case "If-None-Match": _ = try await test.send(.get, "/", [.ifNoneMatch: "\"v1\""])
        case "Range": _ = try await test.send(.get, "/", [.range: "bytes=0-0"])
        default: _ = try await test.send(.get, "/", [.accept: "nonsense"])
        }
        _ = try await test.send()
        let second = try await test.send()
        #expect(second.isHit)
    }

    @Test(
        "two caches of answers on one route, on the same entries, do not wait for each other",
        arguments: [false, true]
    )
    func nested(isSame: Bool) async throws {
        let cache = Cache(MemoryStore(limit: .entries(100)), namespace: "web")
        let outer = ResponseCache(cache, options: .application(ttl: .seconds(60)))
        let inner = isSame ? outer : ResponseCache(cache, options: .application(ttl: .seconds(60)))
        let head = HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/")
        let request = Request(head: head, body: .init(buffer: ByteBuffer()))
        let start = ContinuousClock.now
        for _ in 1...2 {
            let response = try await outer.respond(to: request) { request in
                try await inner.respond(to: request) { _ in page("page") }
            }
            let answer = try await Answer(response)
            #expect(answer.body == "page")
        }
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(outer.counters.hits == 1)
    }

    @Test("a 304 keeps the time that the options gave the page")
    func confirmedTime() async throws {
        var options = ResponseCacheOptions.application(ttl: .seconds(60))
        options.browserTTL = .zero
        let origin = ScriptedOrigin { request, number in
            if request.headerFields[.ifNoneMatch] == "\"v1\"" { return Response(status: .notModified) }
            return page("page \(number)", [.eTag: "\"v1\""])
        }
        let test = TestPages(options, origin)
        _ = try await test.send()
        test.clock.advance(by: .seconds(61))
        _ = try await test.send()
        test.clock.advance(by: .seconds(59))
        let hit = try await test.send()
        #expect(hit.isHit)
        #expect(hit.fields[.cacheControl] == "no-cache")
        #expect(test.origin.count == 2)
    }

    @Test("a streamed page is there for others although its first client reads slowly")
    func slowReader() async throws {
        struct SlowWriter: ResponseBodyWriter {
            let gate: Gate
            mutating func write(_ buffer: ByteBuffer) async throws { await self.gate.wait() }
            consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
        }
        let gate = Gate()
        let test = TestPages(
            .application(),
            ScriptedOrigin { _, number in stream(["a", "b", "\(number)"], [.cacheControl: "max-age=60"]) }
        )
        let head = HTTPRequest(method: .get, scheme: "http", authority: "shop.example", path: "/")
        let request = Request(head: head, body: .init(buffer: ByteBuffer()))
        let response = try await test.pages.respond(to: request) { try await test.origin.respond($0) }
        async let sent: Void = response.body.write(SlowWriter(gate: gate))
        try await eventually("it is stored") { test.pages.counters.stores == 1 }
        let second = try await test.send()
        #expect(second.body == "ab1")
        await gate.open()
        try await sent
    }

    @Test("a handler that throws 404 takes the page with it")
    func thrownStatus() async throws {
        let origin = ScriptedOrigin { _, number in
            if number == 2 { throw HTTPError(.notFound) }
            return page("page \(number)", [.cacheControl: "max-age=10, stale-while-revalidate=100"])
        }
        let test = TestPages(.application(), origin)
        _ = try await test.send()
        test.clock.advance(by: .seconds(11))
        await #expect(throws: HTTPError.self) { try await test.send() }
        let third = try await test.send()
        #expect(third.body == "page 3")
    }

    @Test("refreshes that fail are tried again after pauses that grow")
    func refreshPauses() async throws {
        struct Failure: Error {}
        let origin = ScriptedOrigin { _, number in
            if number > 1 { throw Failure() }
            return page("page", [.cacheControl: "max-age=10, stale-while-revalidate=1000"])
        }
        let test = TestPages(.application(), origin)
        _ = try await test.send()
        test.clock.advance(by: .seconds(20))
        for failures in 1...3 {
            let stale = try await test.send(refreshes: true)
            #expect(stale.body == "page")
            try await eventually("it has failed") { test.pages.counters.failedRefreshes == failures }
            _ = try await test.send(refreshes: true)
            let asked = test.origin.count
            #expect(asked == failures + 1)
            test.clock.advance(by: .seconds(1 << (failures - 1)))
        }
        await test.pages.shutdown()
    }

    @Test("a cached control for pages is not for errors, cookies and forms")
    func cacheControl() async throws {
        let middleware = CacheControlMiddleware<BasicRequestContext>(.maxAge(.seconds(600)), .public)
        let cases: [(HTTPRequest.Method, HTTPResponse.Status, HTTPFields, String?)] = [
            (.get, .ok, [:], "max-age=600, public"), (.head, .ok, [:], "max-age=600, public"), (.post, .ok, [:], nil),
            (.get, .notFound, [:], nil), (.get, .internalServerError, [:], nil), (.get, .ok, [.setCookie: "a=b"], nil),
            (.get, .ok, [.expires: "0"], nil), (.get, .ok, [.cacheControl: "no-cache"], "no-cache"),
        ]
        let router = Router()
        router.add(middleware: middleware)
        for (number, (method, status, fields, _)) in cases.enumerated() {
            router.on("\(number)", method: method) { _, _ in page("x", fields, status: status) }
        }
        try await Application(responder: router.buildResponder()).test(.router) { client in
            for (number, (method, status, fields, expected)) in cases.enumerated() {
                try await client.execute(uri: "/\(number)", method: method) { response in
                    #expect(response.headers[.cacheControl] == expected, "\(method) \(status) \(fields)")
                }
            }
        }
    }

    @Test("a purge by a prefix that is longer than a key's readable part drops what it names")
    func longPrefix() async throws {
        let test = TestPages(.application(ttl: .seconds(60)), ScriptedOrigin([:]))
        let folder = "/" + String(repeating: "%D0%BA", count: 40)
        _ = try await test.send(.get, folder + "/a")
        _ = try await test.send(.get, "/other")
        try await test.pages.purge(prefix: "http://shop.example" + folder)
        let anew = try await test.send(.get, folder + "/a")
        #expect(anew.body == "page 3")
        let other = try await test.send(.get, "/other")
        #expect(other.body == "page 2")
    }

    @Test("stored bytes that are none are a miss")
    func damagedBytes() throws {
        let stored = StoredPage(VariantList(), writtenAt: .init(nanoseconds: 0))
        #expect(try StoredPage(encodedBytes: stored.encodedBytes()).variants.count == 0)
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let length = Int.random(in: 0..<80, using: &random)
            var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            if !bytes.isEmpty { bytes[0] = UInt8.random(in: 1...2, using: &random) }
            // Whatever it is, it is read or refused.
            _ = try? StoredPage(encodedBytes: bytes)
        }
    }
}
