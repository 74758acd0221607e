import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import LarderTesting
import NIOCore
import Synchronization
import Testing

@testable import LarderHummingbird

@Suite("Response cache")
struct ResponseCacheTests {
    @Test("a fresh page is answered from the store, with its age, and not asked for again")
    func freshPage() async throws {
        let test = TestPages(.application(), ScriptedOrigin([.cacheControl: "max-age=60"]))
        let first = try await test.send()
        #expect(first.body == "page 1")
        #expect(first.cacheStatus == "Larder;fwd=uri-miss;stored")
        test.clock.advance(by: .seconds(10))
        let second = try await test.send()
        #expect(second.body == "page 1")
        #expect(second.fields[.age] == "10")
        #expect(second.fields[.contentLength] == "6")
        #expect(second.cacheStatus == "Larder;hit;ttl=50")
        test.clock.advance(by: .seconds(51))
        let third = try await test.send()
        #expect(third.body == "page 2")
        #expect(test.pages.counters.hits == 1)
    }

    @Test(
        "hits within one second and after it say how old the page is, and only clients without conditions share an answer"
    )
    func hitsOfAnyAge() async throws {
        let test = TestPages(.application(), ScriptedOrigin([.cacheControl: "max-age=60"]))
        _ = try await test.send()
        for age in 0..<5 {
            for _ in 0..<2 {
                let hit = try await test.send()
                #expect(hit.fields[.age] == "\(age)" && hit.cacheStatus == "Larder;hit;ttl=\(60 - age)")
                #expect(hit.status == 200 && hit.body == "page 1")
            }
            let tag = try #require(try await test.send().fields[.eTag])
            #expect(try await test.send(.get, "/", [.ifNoneMatch: tag]).status == 304)
            #expect(try await test.send(.get, "/", [.range: "bytes=0-0"]).body == "p")
            let head = try await test.send(.head)
            #expect(head.body.isEmpty && head.fields[.contentLength] == "6")
            test.clock.advance(by: .milliseconds(999))
            #expect(try await test.send().fields[.age] == "\(age)")
            test.clock.advance(by: .milliseconds(1))
        }
        #expect(test.origin.count == 1)
    }

    @Test("paths and hosts that only look the same are pages of their own")
    func addressesByByte() async throws {
        let test = TestPages(.application(), ScriptedOrigin([.cacheControl: "max-age=60"]))
        // A letter with its accent, and the letter and the accent; two marks in both orders.
        let paths = ["/\u{E9}", "/e\u{301}", "/a\u{323}\u{307}", "/a\u{307}\u{323}"]
        for round in 0..<3 {
            for (index, path) in paths.enumerated() {
                let answer = try await test.send(.get, path)
                #expect(answer.body == "page \(index + 1)")
                #expect(answer.isHit == (round > 0))
            }
        }
        #expect(try await test.send(.get, paths[0], host: "shop.example:81").body == "page 5")
        #expect(try await test.send(.get, paths[0], [.forwardedHost: "evil.example"]).body == "page 6")
        #expect(try await test.send(.get, paths[0]).body == "page 1")
    }

    @Test("what an answer says of one client's limits is not stored")
    func limitsOfOneClient() async throws {
        let fields: HTTPFields = [
            .cacheControl: "max-age=60", .made("RateLimit"): "\"default\";r=7;t=31",
            .made("RateLimit-Policy"): "\"default\";q=10;w=60",
        ]
        let test = TestPages(.application(), ScriptedOrigin(fields))
        let first = try await test.send()
        #expect(first.fields[.made("RateLimit")] != nil)
        let second = try await test.send()
        #expect(
            second.isHit && second.fields[.made("RateLimit")] == nil && second.fields[.made("RateLimit-Policy")] == nil
        )
    }

    @Test("a page whose head and body do not fit together is none")
    func damagedPages() async throws {
        let test = TestPages(.application(), ScriptedOrigin([.cacheControl: "max-age=60"]))
        _ = try await test.send()
        let head = HTTPRequest(method: .get, scheme: "http", authority: "shop.example", path: "/")
        let request = Request(head: head, body: .init(buffer: ByteBuffer()))
        let key = try #require(test.pages.key(of: Incoming(request, test.pages.policy)))
        let page = try #require(try await test.cache.get(PageKey.key(of: key, prefix: test.pages.options.keyPrefix)))
        let bytes = try page.encodedBytes()
        let again = try StoredPage(encodedBytes: bytes)
        #expect(again.variants.count == 1)
        // The body is the end, behind its length: `page 1`.
        let longer = bytes.dropLast(7) + [7] + bytes.suffix(6) + [0x78]
        #expect(throws: (any Error).self) { try StoredPage(encodedBytes: Array(longer)) }
        #expect(throws: (any Error).self) { try StoredPage(encodedBytes: bytes + [0]) }
    }

    @Test("a page that says nothing is stored only where the options give it a time")
    func timeByOption() async throws {
        let silent = TestPages(.application(), ScriptedOrigin([:]))
        _ = try await silent.send()
        let again = try await silent.send()
        #expect(again.body == "page 2")
        let timed = TestPages(.application(ttl: .seconds(30)), ScriptedOrigin([:]))
        let first = try await timed.send()
        #expect(first.fields[.cacheControl] == "max-age=30")
        let second = try await timed.send()
        #expect(second.body == "page 1")
        #expect(second.isHit)
    }

    @Test("a cache that says nothing of itself stores all the same", arguments: [0, 1 << 20])
    func silentCache(gathersUpTo limit: Int) async throws {
        var options = ResponseCacheOptions.application()
        options.policy.statusName = nil
        options.gathersUpTo = limit
        let test = TestPages(
            options,
            ScriptedOrigin { asked, number in
                let fields: HTTPFields = [.cacheControl: "max-age=60", .eTag: "\"a\""]
                return asked.headerFields.contains(.ifNoneMatch)
                    ? Response(status: .notModified, headers: fields) : page("page \(number)", fields)
            }
        )
        for _ in 1...2 {
            let answer = try await test.send()
            #expect(answer.body == "page 1")
            #expect(answer.cacheStatus.isEmpty)
        }
        #expect(test.origin.count == 1)
        test.clock.advance(by: .seconds(61))
        for _ in 1...2 {
            let answer = try await test.send()
            #expect(answer.body == "page 1")
        }
        #expect(test.origin.count == 2)
    }

    @Test("browsers may be told another time than this cache")
    func browserTime() async throws {
        var options = ResponseCacheOptions.application(ttl: .seconds(30))
        options.browserTTL = .zero
        let test = TestPages(options, ScriptedOrigin([:]))
        let first = try await test.send()
        #expect(first.fields[.cacheControl] == "no-cache")
        #expect(first.fields[OwnField.cacheControl] == nil)
        test.clock.advance(by: .seconds(29))
        let second = try await test.send()
        #expect(second.isHit)
        #expect(second.fields[.cacheControl] == "no-cache")
        #expect(second.fields[OwnField.cacheControl] == nil)
    }

    @Test("pages get an entity tag of their bytes, and a client that has it gets a 304")
    func entityTags() async throws {
        let test = TestPages(.application(ttl: .seconds(30)), ScriptedOrigin { _, _ in page("hello") })
        let first = try await test.send()
        let tag = try #require(first.fields[.eTag])
        let fresh = try await test.send(.get, "/", [.ifNoneMatch: tag])
        #expect(fresh.status == 304)
        #expect(fresh.body == "")
        #expect(fresh.fields[.contentLength] == nil)
        // The one who has it and comes first after a purge gets a 304 too.
        try await test.pages.purge(url: "http://shop.example/")
        let anew = try await test.send(.get, "/", [.ifNoneMatch: tag])
        #expect(anew.status == 304)
        #expect(test.origin.count == 2)
    }

    @Test("a part of a stored page comes from the store")
    func ranges() async throws {
        let test = TestPages(.application(ttl: .seconds(30)), ScriptedOrigin { _, _ in page("0123456789") })
        _ = try await test.send()
        let part = try await test.send(.get, "/", [.range: "bytes=2-4"])
        #expect(part.status == 206)
        #expect(part.body == "234")
        #expect(part.fields[.contentRange] == "bytes 2-4/10")
        let beyond = try await test.send(.get, "/", [.range: "bytes=20-"])
        #expect(beyond.status == 416)
        #expect(test.origin.count == 1)
    }

    @Test("a HEAD is answered from a stored GET, without a body")
    func head() async throws {
        let test = TestPages(.application(ttl: .seconds(30)), ScriptedOrigin { _, _ in page("hello") })
        _ = try await test.send()
        let head = try await test.send(.head)
        #expect(head.status == 200)
        #expect(head.body == "")
        #expect(head.fields[.contentLength] == "5")
        #expect(test.origin.count == 1)
    }

    struct Kept: Sendable, CustomTestStringConvertible {
        var name: String
        var request: HTTPFields = [:]
        var fields: HTTPFields = [.cacheControl: "max-age=60"]
        var status: HTTPResponse.Status = .ok
        var isStored: Bool
        var testDescription: String { self.name }
    }

    @Test(
        "what could be somebody's is not stored",
        arguments: [
            Kept(name: "plain", isStored: true),
            Kept(name: "Set-Cookie", fields: [.cacheControl: "max-age=60", .setCookie: "a=b"], isStored: false),
            Kept(name: "Authorization", request: [.authorization: "Basic eA=="], isStored: false),
            Kept(name: "private", fields: [.cacheControl: "private, max-age=60"], isStored: false),
            Kept(name: "no-store", fields: [.cacheControl: "no-store, max-age=60"], isStored: false),
            Kept(name: "206", status: .partialContent, isStored: false),
            Kept(name: "Vary: *", fields: [.cacheControl: "max-age=60", .vary: "*"], isStored: false),
            Kept(name: "404 that says so", status: .notFound, isStored: true),
            Kept(name: "no-store asked", request: [.cacheControl: "no-store"], isStored: false),
            Kept(
                name: "event stream",
                fields: [.cacheControl: "max-age=60", .contentType: "text/event-stream"],
                isStored: false
            ),
        ]
    )
    func keeping(_ kept: Kept) async throws {
        let test = TestPages(
            .application(),
            ScriptedOrigin { _, number in page("page \(number)", kept.fields, status: kept.status) }
        )
        _ = try await test.send(.get, "/", kept.request)
        let second = try await test.send(.get, "/", kept.request)
        #expect(second.body == (kept.isStored ? "page 1" : "page 2"))
    }

    @Test("variants are kept apart by what Vary names")
    func variants() async throws {
        let origin = ScriptedOrigin { request, number in
            page(
                "\(request.headerFields[.acceptEncoding] ?? "none") \(number)",
                [.cacheControl: "max-age=60", .vary: "Accept-Encoding"]
            )
        }
        let test = TestPages(.application(), origin)
        for (coding, body) in [("gzip", "gzip 1"), ("br", "br 2"), ("gzip", "gzip 1"), ("br", "br 2")] {
            let answer = try await test.send(.get, "/", [.acceptEncoding: coding])
            #expect(answer.body == body)
        }
        let none = try await test.send()
        #expect(none.body == "none 3")
        #expect(none.cacheStatus.contains("fwd=vary-miss"))
    }

    @Test("an unsafe request drops the page, and those that its answer points at")
    func unsafeRequests() async throws {
        let test = TestPages(.application(), ScriptedOrigin([.cacheControl: "max-age=60"]))
        _ = try await test.send(.get, "/a")
        _ = try await test.send(.get, "/b")
        _ = try await test.send(.get, "/a", [.forwardedHost: "other"])
        let kept = try await test.send(.get, "/a")
        #expect(kept.body == "page 1")
        test.origin.answers { request, number in
            request.method == .post
                ? page("ok", [.location: "/b"], status: .seeOther)
                : page("page \(number)", [.cacheControl: "max-age=60"])
        }
        _ = try await test.send(.post, "/a")
        let paths: [(String, HTTPFields)] = [("/a", [:]), ("/b", [:]), ("/a", [.forwardedHost: "other"])]
        for (index, (path, fields)) in paths.enumerated() {
            let answer = try await test.send(.get, path, fields)
            #expect(answer.body == "page \(index + 5)")
        }
    }

    @Test("what a handler fetches from the same cache becomes the page's tags")
    func dependencies() async throws {
        let holder = Holder()
        let origin = ScriptedOrigin { _, number in
            let title = try await holder.cache.fetch("title", ttl: .hours(1), tags: ["book:42"]) { "Faust" }
            return page("\(title) \(number)")
        }
        let test = TestPages(.application(ttl: .seconds(60)), origin)
        holder.set(test.cache)
        _ = try await test.send()
        let hit = try await test.send()
        #expect(hit.body == "Faust 1")
        try await test.cache.invalidate(tags: ["book:42"])
        let anew = try await test.send()
        #expect(anew.body == "Faust 2")
        // A hit on the title hands its tags up as well.
        try await test.pages.purge(tags: ["book:42"])
        let third = try await test.send()
        #expect(third.body == "Faust 3")
    }

    @Test("a page that was asked for before an invalidation is not stored after it")
    func invalidatedMeanwhile() async throws {
        let holder = Holder()
        let origin = ScriptedOrigin { _, number in
            if number == 1 { try await holder.cache.invalidate(tags: ["books"]) }
            return page("page \(number)")
        }
        var options = ResponseCacheOptions.application(ttl: .seconds(60))
        options.tags = { _ in ["books"] }
        let test = TestPages(options, origin)
        holder.set(test.cache)
        _ = try await test.send()
        let second = try await test.send()
        #expect(second.body == "page 2")
        let third = try await test.send()
        #expect(third.body == "page 2")
    }

    @Test("tags in fields purge, and no client sees them")
    func surrogateKeys() async throws {
        let test = TestPages(
            .application(),
            ScriptedOrigin([.cacheControl: "max-age=60", .surrogateKey: "book:1 shelf"])
        )
        let first = try await test.send()
        #expect(first.fields[.surrogateKey] == nil)
        let second = try await test.send()
        #expect(second.isHit)
        try await test.pages.purge(tags: ["shelf"])
        let third = try await test.send()
        #expect(third.body == "page 2")
    }

    @Test("a stream is stored while it goes to its client, and a cut one is not")
    func streams() async throws {
        struct Cut: Error {}
        let origin = ScriptedOrigin { _, number in
            stream(["a", "b", "\(number)"], [.cacheControl: "max-age=60"], failing: number == 1 ? Cut() : nil)
        }
        let test = TestPages(.application(), origin)
        await #expect(throws: Cut.self) { try await test.send() }
        let second = try await test.send()
        #expect(second.body == "ab2")
        let third = try await test.send()
        #expect(third.body == "ab2")
        #expect(third.fields[.contentLength] == "3")
    }

    @Test("a body longer than what is kept goes to its client and is not stored")
    func longBodies() async throws {
        var options = ResponseCacheOptions.application()
        options.longestBody = 10
        let test = TestPages(
            options,
            ScriptedOrigin { _, number in
                number % 2 == 1
                    ? stream(["0123456", "789", "x\(number)"], [.cacheControl: "max-age=60"])
                    : page("01234567890 \(number)", [.cacheControl: "max-age=60"])
            }
        )
        let first = try await test.send()
        #expect(first.body == "0123456789x1")
        let second = try await test.send()
        #expect(second.body == "01234567890 2")
        #expect(test.pages.counters.stores == 0)
    }
}

/// A cache that handlers get after they are made.
final class Holder: Sendable {
    private let held = Mutex<Cache?>(nil)

    var cache: Cache {
        guard let cache = self.held.withLock({ $0 }) else { preconditionFailure("the cache was not set") }
        return cache
    }

    func set(_ cache: Cache) {
        self.held.withLock { $0 = cache }
    }
}
