import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Larder
import LarderTesting
import NIOCore
import Testing

@testable import LarderHummingbird

@Suite("Cached pages and sessions")
struct SessionPagesTests {
    @Test(
        "a page whose route has asked for the session goes to nobody else, on whichever side the sessions stand",
        arguments: [true, false],
        [ResponseCacheOptions.Cookies.guarded, .removed, .trusted]
    )
    func ownPages(sessionsOutside: Bool, cookies: ResponseCacheOptions.Cookies) async throws {
        let cache = Cache(MemoryStore(limit: .entries(1_000)), namespace: "web")
        let sessions = SessionMiddleware<AppContext>(Sessions(cache), cookie: SessionCookie.standard)
        var options = ResponseCacheOptions.application(ttl: .seconds(60))
        options.cookies = cookies
        let pages = ResponseCacheMiddleware<AppContext>(cache, options: options)
        let router = Router(context: AppContext.self)
        if sessionsOutside { router.add(middleware: sessions) }
        router.add(middleware: pages)
        if !sessionsOutside { router.add(middleware: sessions) }
        router.post("signin/{user}") { _, context in
            try await context.session.signIn(as: try context.parameters.require("user"))
            return "ok"
        }
        router.get("own") { _, context -> Response in
            let session = try await context.session
            return page("page of \(session.user ?? "nobody")", [.cacheControl: "max-age=60"])
        }
        router.get("first") { _, context -> Response in
            let session = try await context.session
            try session.update(.counter, default: 0) { $0 += 1 }
            return page("token")
        }
        router.get("shared") { _, _ in "shared" }
        try await Application(responder: router.buildResponder()).test(.router) { client in
            func signIn(_ user: String) async throws -> HTTPFields {
                let answer = try await client.execute(uri: "/signin/\(user)", method: .post) { $0 }
                return .session(answer.cookie())
            }
            let alice = try await signIn("alice")
            let bob = try await signIn("bob")
            let removed = !sessionsOutside && cookies == .removed
            for _ in 1...2 {
                for (fields, user) in [(alice, "alice"), (bob, "bob"), ([:], "nobody")] {
                    try await client.execute(uri: "/own", method: .get, headers: fields) { answer in
                        #expect(answer.text == "page of \(removed ? "nobody" : user)")
                    }
                }
            }
            let first = try await client.execute(uri: "/first", method: .get) { $0.setCookie() }
            let second = try await client.execute(uri: "/first", method: .get) { $0.setCookie() }
            #expect(first != nil && second != nil && first != second)
            _ = try await client.execute(uri: "/shared", method: .get) { $0 }
            try await client.execute(uri: "/shared", method: .get, headers: alice) { answer in
                #expect(answer.headers[.cacheStatus]?.contains(";hit") == true)
                #expect(answer.setCookie() == nil)
            }
        }
    }

    /// A trail, a count, a last visit: what is written of a visitor who looks at a page that is everybody's.
    private struct VisitsMiddleware: RouterMiddleware {
        func handle(
            _ request: Request,
            context: AppContext,
            next: @concurrent (Request, AppContext) async throws -> Response
        ) async throws -> Response {
            let response = try await next(request, context)
            try await context.session.update(.counter, default: 0) { $0 += 1 }
            return response
        }
    }

    @Test(
        "who stands outside may write in the session after a page that is stored for all; the page's body gets it never"
    )
    func sessionAfterStoredPage() async throws {
        let cache = Cache(MemoryStore(limit: .entries(1_000)), namespace: "web")
        let sessions = Sessions(cache)
        let router = Router(context: AppContext.self)
        router.add(middleware: SessionMiddleware<AppContext>(sessions))
        router.add(middleware: VisitsMiddleware())
        router.add(middleware: ResponseCacheMiddleware<AppContext>(cache, options: .application(ttl: .seconds(60))))
        let calls = Shared(0)
        router.get("shared") { _, _ in
            calls.change { $0 += 1 }
            return "shared"
        }
        router.get("late") { _, context in
            Response(
                status: .ok,
                headers: [.cacheControl: "max-age=60"],
                body: .init { writer in
                    try await writer.write(ByteBuffer(string: "page of "))
                    // Until somebody outside has asked for it.
                    try await Task.sleep(for: .milliseconds(50))
                    try await writer.write(ByteBuffer(string: context.session.user ?? "nobody"))
                    try await writer.finish(nil)
                }
            )
        }
        try await Application(responder: router.buildResponder()).test(.router) { client in
            var cookies: [String] = []
            for visit in 1...3 {
                try await client.execute(uri: "/shared", method: .get) { answer in
                    #expect(answer.text == "shared")
                    #expect(answer.headers[.cacheStatus]?.contains(";hit") == (visit > 1))
                    #expect(answer.headers[.cacheControl]?.contains("private") == true)
                    cookies.append(try #require(answer.cookie()))
                }
            }
            #expect(calls.now == 1 && Set(cookies).count == 3)
            for _ in 1...2 {
                try await client.execute(uri: "/shared", method: .get, headers: .session(cookies[1])) { answer in
                    #expect(answer.headers[.cacheStatus]?.contains(";hit") == true)
                }
            }
            let id = try #require(SessionID(cookies[1]))
            #expect(try await sessions.session(id)?[.counter] == 3)

            let late = try? await client.execute(uri: "/late", method: .get) { $0.text }
            #expect(late == nil)
            let again = try? await client.execute(uri: "/late", method: .get) { $0.headers[.cacheStatus] }
            #expect(again?.contains(";hit") != true)
        }
    }
}
