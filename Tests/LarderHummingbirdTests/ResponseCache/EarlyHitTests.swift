import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Larder
import LarderTesting
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Synchronization
import Testing

@testable import LarderHummingbird

@Suite("Hits before the application")
struct EarlyHitTests {
    private static let fields: HTTPFields = [.cacheControl: "max-age=60", .contentType: "text/plain"]

    /// Pages of which one, `/`, is stored and was answered with by the cache.
    private static func warm(_ options: ResponseCacheOptions = .application()) async throws -> TestPages {
        let pages = TestPages(options, ScriptedOrigin(Self.fields))
        _ = try await pages.send()
        #expect(try await pages.send().isHit)
        return pages
    }

    // MARK: What is answered

    @Test("a hit does not reach the application, and is what the middleware would answer")
    func hit() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        let answers = try connection.send(.get, "/")
        #expect(connection.passed.isEmpty)
        #expect(answers.count == 1)
        #expect(answers.first?.body == "page 1")
        let through = try await pages.send()
        let fields = try #require(answers.first?.head.headerFields)
        for field in through.fields { #expect(fields[values: field.name] == [field.value]) }
        #expect(fields[.date]?.hasSuffix(" GMT") == true)
        #expect(pages.pages.counters.hits == 3)
        #expect(pages.origin.count == 1)
    }

    @Test("conditions, ranges and HEAD are answered as by the middleware")
    func forms() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        let tag = try #require(try await pages.send().fields[.eTag])
        let unchanged = try connection.send(.get, "/", [.ifNoneMatch: tag])
        #expect(unchanged.map(\.head.status) == [.notModified])
        #expect(unchanged.map(\.body) == [""])
        #expect(unchanged.first?.head.headerFields[.contentLength] == nil)
        let part = try connection.send(.get, "/", [.range: "bytes=0-3"])
        #expect(part.map(\.head.status) == [.partialContent])
        #expect(part.map(\.body) == ["page"])
        let head = try connection.send(.head, "/")
        #expect(head.map(\.body) == [""])
        #expect(head.first?.head.headerFields[.contentLength] == "6")
        #expect(connection.passed.isEmpty)
    }

    @Test("the server's name is that of the application's answers")
    func serverName() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages, serverName: "shop")
        #expect(try connection.send(.get, "/").first?.head.headerFields[.server] == "shop")
    }

    @Test("requests that came together are answered together, in their order")
    func pipelined() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        for _ in 0..<3 { connection.receive(.get, "/") }
        #expect(try connection.answers().isEmpty)
        connection.channel.pipeline.fireChannelReadComplete()
        #expect(try connection.answers().map(\.body) == ["page 1", "page 1", "page 1"])
    }

    // MARK: What passes

    struct Passing: Sendable, CustomTestStringConvertible {
        var name: String
        var method = HTTPRequest.Method.get
        var path = "/"
        var fields: HTTPFields = [:]
        var body: String?
        var testDescription: String { self.name }
    }

    @Test(
        "what is no hit passes whole",
        arguments: [
            Passing(name: "another page", path: "/other"),
            Passing(name: "a POST", method: .post, body: "text"),
            Passing(name: "a POST without a body", method: .post),
            Passing(name: "a GET that announces a body", fields: [.contentLength: "4"], body: "text"),
            Passing(name: "a GET with a body that nothing announces", body: "text"),
            Passing(name: "credentials", fields: [.authorization: "Basic eDp5"]),
            Passing(name: "no-cache", fields: [.cacheControl: "no-cache"]),
            Passing(name: "no-store", fields: [.cacheControl: "no-store"]),
            Passing(name: "a condition for the origin", fields: [.ifMatch: "\"x\""]),
            Passing(name: "the connection's last request", fields: [.connection: "close"]),
            Passing(name: "a change of protocol", fields: [.connection: "upgrade", .upgrade: "websocket"]),
        ]
    )
    func passing(_ passing: Passing) async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        let answers = try connection.send(passing.method, passing.path, passing.fields, passing.body)
        #expect(answers.isEmpty)
        var expected = ["\(passing.method) \(passing.path)"]
        if let body = passing.body { expected.append(body) }
        #expect(connection.passed == expected + ["end"])
    }

    @Test("what is stale, or was invalidated, passes")
    func stale() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        #expect(try connection.send(.get, "/").count == 1)
        pages.clock.advance(by: .seconds(61))
        #expect(try connection.send(.get, "/").isEmpty)
        connection.respond()
        _ = try await pages.send()
        _ = try await pages.send()
        #expect(try connection.send(.get, "/").map(\.body) == ["", "page 2"])
        try await pages.pages.purge(url: "http://shop.example/")
        #expect(try connection.send(.get, "/").isEmpty)
    }

    @Test("a page that this cache has not answered with yet passes; so does one of a cache with other variations")
    func anotherCaches() async throws {
        let plain = try await Self.warm()
        var options = ResponseCacheOptions.application()
        options.clock = CacheClock(plain.clock)
        options.variations = [.cookie("theme")]
        let other = ResponseCache(plain.cache, options: options)
        // Without the cookie both caches have one key for the page.
        let connection = try EarlyConnection(other)
        #expect(try connection.send(.get, "/").isEmpty)
        connection.respond()
        let request = Request(head: EarlyConnection.head(.get, "/"), body: .init(buffer: ByteBuffer()))
        let answer = try await Answer(other.respond(to: request) { _ in page("not asked") })
        #expect(answer.body == "page 1")
        #expect(try connection.send(.get, "/").map(\.body) == ["", "page 1"])
        // It is the other's now, until the first has looked at it again.
        #expect(try EarlyConnection(plain.pages).send(.get, "/").isEmpty)
    }

    @Test("what a request looks like to the cache is up to its owner, and what passes is as it came")
    func prepared() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages) { head, _ in
            var head = head
            if head.path == "/secret" { return nil }
            head.path = "/"
            return head
        }
        #expect(try connection.send(.get, "/anything").map(\.body) == ["page 1"])
        #expect(try connection.send(.get, "/secret").isEmpty)
        connection.respond("nothing")
        let answers = try connection.send(.get, "/anything", [.cacheControl: "no-cache"])
        #expect(answers.map(\.body) == ["nothing"])
        #expect(connection.passed == ["GET /secret", "end", "GET /anything", "end"])
    }

    // MARK: Connections

    @Test("behind a request that passed, requests pass until it has its answer")
    func order() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        #expect(try connection.send(.get, "/slow").isEmpty)
        #expect(try connection.send(.get, "/").isEmpty)
        #expect(connection.passed == ["GET /slow", "end", "GET /", "end"])
        connection.respond("slow")
        #expect(try connection.send(.get, "/").map(\.body) == ["slow"])
        connection.respond("through")
        #expect(try connection.answers().map(\.body) == ["through"])
        connection.respond("through")
        #expect(try connection.send(.get, "/").map(\.body) == ["through", "page 1"])
    }

    @Test("who ends idle connections sees a request each second")
    func unseen() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        for _ in 0..<9 {
            connection.channel.embeddedEventLoop.advanceTime(by: .milliseconds(100))
            #expect(try connection.send(.get, "/").count == 1)
        }
        connection.channel.embeddedEventLoop.advanceTime(by: .milliseconds(100))
        #expect(try connection.send(.get, "/").isEmpty)
        connection.respond()
        #expect(try connection.send(.get, "/").map(\.body) == ["", "page 1"])
    }

    @Test("a client that does not read is the application's to wait for")
    func unread() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        connection.channel.isWritable = false
        #expect(try connection.send(.get, "/").isEmpty)
        #expect(connection.passed == ["GET /", "end"])
    }

    @Test("a connection whose hit is under way hears of the server's end when that has left")
    func farewell() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        connection.receive(.get, "/")
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!connection.isQuiescing)
        connection.channel.pipeline.fireChannelReadComplete()
        #expect(try connection.answers().map(\.body) == ["page 1"])
        #expect(connection.isQuiescing)

        let stuck = try EarlyConnection(pages.pages)
        stuck.receive(.get, "/")
        stuck.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        stuck.channel.embeddedEventLoop.advanceTime(by: .milliseconds(9_999))
        #expect(!stuck.isQuiescing)
        stuck.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(stuck.isQuiescing)
    }

    @Test("without a hit under way it hears at once")
    func farewellAtOnce() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        #expect(try connection.send(.get, "/").count == 1)
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(connection.isQuiescing)
    }

    @Test("an error behind a request that has not ended finds it in its place")
    func error() async throws {
        let pages = try await Self.warm()
        let connection = try EarlyConnection(pages.pages)
        connection.channel.pipeline.fireChannelRead(HTTPRequestPart.head(EarlyConnection.head(.get, "/")))
        #expect(connection.passed.isEmpty)
        connection.channel.pipeline.fireErrorCaught(ChannelError.inputClosed)
        #expect(connection.passed == ["GET /", "error"])
    }

    // MARK: In an application

    @Test("in an application over sockets: the first hit goes through it, the others do not")
    func application() async throws {
        let seen = SeenRequests()
        let cache = Cache(MemoryStore(limit: .entries(1_000)), namespace: "web")
        let pages = ResponseCacheMiddleware<BasicRequestContext>(cache, options: .application(ttl: .seconds(60)))
        let router = Router()
        router.add(middleware: CountingMiddleware(seen: seen))
        router.add(middleware: pages)
        router.get("book") { _, _ in
            try await cache.fetch("title", tags: ["book:42"]) { "Middlemarch" }
        }
        let early = pages.pages
        let app = Application(
            responder: router.buildResponder(),
            server: .http1(configuration: .init(additionalChannelHandlers: [early.earlyHits()]))
        )
        try await app.test(.live) { client in
            for (expected, least) in [("fwd=uri-miss", 1), ("hit", 2), ("hit", 2), ("hit", 2)] {
                try await client.execute(uri: "/book", method: .get) { response in
                    #expect(String(buffer: response.body) == "Middlemarch")
                    #expect(response.headers[values: .cacheStatus].joined().contains(expected))
                }
                // One more, should a second have passed.
                #expect((least...(least + 1)).contains(seen.count.load(ordering: .relaxed)))
            }
            try await cache.invalidate(tags: ["book:42"])
            try await client.execute(uri: "/book", method: .get) { response in
                #expect(response.headers[values: .cacheStatus].joined().contains("fwd=uri-miss"))
            }
            try await client.execute(uri: "/nowhere", method: .get) { #expect($0.status == .notFound) }
        }
    }
}

private final class SeenRequests: Sendable {
    let count = Atomic(0)
}

/// Counts the requests that it sees.
private struct CountingMiddleware: RouterMiddleware {
    let seen: SeenRequests

    func handle(
        _ request: Request,
        context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        self.seen.count.add(1, ordering: .relaxed)
        return try await next(request, context)
    }
}
