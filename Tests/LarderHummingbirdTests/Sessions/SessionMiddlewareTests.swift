import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Larder
import LarderCrypto
import LarderTesting
import Testing

@testable import LarderHummingbird

@Suite("SessionMiddleware")
struct SessionMiddlewareTests {
    enum Kind: CaseIterable {
        case cache
        case encryptedCookie
        case signedCookie
    }

    private static func middleware(
        _ kind: Kind,
        _ configuration: SessionConfiguration = .init(),
        clock: CacheClock = .system,
        cookie: SessionCookie = .standard
    ) throws -> SessionMiddleware<AppContext> {
        let cache = Cache(.memory(MemoryStore(limit: .entries(10_000), clock: clock)), clock: clock)
        let key = try SealingKey(1, bytes: Array(repeating: 7, count: 32))
        return switch kind {
        case .cache: SessionMiddleware(Sessions(cache, configuration, clock: clock), cookie: cookie)
        case .encryptedCookie:
            SessionMiddleware(
                CookieSessions(AESGCMSealer(key), revocations: cache, configuration, clock: clock),
                cookie: cookie
            )
        case .signedCookie:
            SessionMiddleware(
                CookieSessions(HMACSealer(key), revocations: cache, configuration, clock: clock),
                cookie: cookie
            )
        }
    }

    private static func withApp(
        _ middleware: SessionMiddleware<AppContext>,
        live: Bool = false,
        _ body: @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        try await Application(router: sessionRouter(middleware)).test(live ? .live : .router, body)
    }

    @Test("From a stranger's first visit to signing out", arguments: Kind.allCases, [false, true])
    func goesThrough(_ kind: Kind, _ live: Bool) async throws {
        try await Self.withApp(try Self.middleware(kind), live: live) { client in
            // Nothing was read, nothing is said.
            let plain = try await client.execute(uri: "/plain", method: .get)
            #expect(plain.headers[.vary] == nil && plain.setCookie() == nil)
            // Read, and nothing in it.
            let stranger = try await client.execute(uri: "/whoami", method: .get)
            #expect(stranger.text == "nobody")
            #expect(stranger.headers[.vary] == "Cookie" && stranger.setCookie() == nil)
            #expect(stranger.headers[.cacheControl] == nil)
            let first = try await client.execute(uri: "/color/green", method: .post)
            let anonymous = try #require(first.cookie())
            let field = try #require(first.setCookie())
            #expect(field.hasSuffix("; Max-Age=1209600; Path=/; Secure; HttpOnly; SameSite=Lax"))
            #expect(first.headers[.cacheControl] == "private, no-cache" && first.headers[.vary] == "Cookie")
            let second = try await client.execute(uri: "/secret", method: .get, headers: .session(anonymous))
            #expect(second.text == "green" && second.setCookie() == nil)
            let signedIn = try await client.execute(uri: "/signin/ann", method: .post, headers: .session(anonymous))
            let ann = try #require(signedIn.cookie())
            #expect(ann != anonymous)
            let whoami = try await client.execute(uri: "/whoami", method: .get, headers: .session(ann))
            #expect(whoami.text == "ann")
            let secret = try await client.execute(uri: "/secret", method: .get, headers: .session(ann))
            #expect(secret.text == "green")
            // Whoever had planted the first one has nothing.
            let planted = try await client.execute(uri: "/whoami", method: .get, headers: .session(anonymous))
            #expect(planted.text == "nobody")
            let out = try await client.execute(uri: "/signout", method: .post, headers: .session(ann))
            #expect(out.cookie() == "" && out.setCookie()?.contains("; Max-Age=0;") == true)
            let replayed = try await client.execute(uri: "/whoami", method: .get, headers: .session(ann))
            #expect(replayed.text == "nobody")
            let replayedSecret = try await client.execute(uri: "/secret", method: .get, headers: .session(ann))
            #expect(replayedSecret.text == "none")
        }
    }

    @Test("A cookie that names no session never makes one under that name", arguments: Kind.allCases)
    func refusesPlantedIDs(_ kind: Kind) async throws {
        try await Self.withApp(try Self.middleware(kind)) { client in
            let planted = SessionID().secret
            let response = try await client.execute(uri: "/color/red", method: .post, headers: .session(planted))
            let cookie = try #require(response.cookie())
            #expect(cookie != planted)
            let again = try await client.execute(uri: "/secret", method: .get, headers: .session(planted))
            #expect(again.text == "none")
        }
    }

    @Test("How long the browser keeps the cookie", arguments: Kind.allCases)
    func says(_ kind: Kind) async throws {
        try await Self.withApp(try Self.middleware(kind)) { client in
            let fixed = try await client.execute(uri: "/fixed/90", method: .post)
            #expect(fixed.setCookie()?.contains("; Max-Age=90;") == true)
            let long = try await client.execute(uri: "/fixed/99999999", method: .post)
            #expect(long.setCookie()?.contains("; Max-Age=34560000;") == true)
            let browser = try await client.execute(uri: "/browser", method: .post)
            #expect(browser.setCookie()?.contains("Max-Age") == false)
            let over = try await client.execute(uri: "/fixed/0", method: .post)
            #expect(over.cookie() == "" || over.cookie() == nil)
        }
    }

    @Test("A session ends when it says so", arguments: Kind.allCases)
    func ends(_ kind: Kind) async throws {
        let clock = ManualClock()
        let middleware = try Self.middleware(kind, .init(expiry: .sliding(.seconds(100))), clock: CacheClock(clock))
        try await Self.withApp(middleware) { client in
            var cookie = try #require(try await client.execute(uri: "/color/red", method: .post).cookie())
            for _ in 0..<4 {
                clock.advance(by: .seconds(60))
                let response = try await client.execute(uri: "/secret", method: .get, headers: .session(cookie))
                #expect(response.text == "red")
                // Put off by reading.
                #expect(response.setCookie()?.contains("; Max-Age=100;") == true)
                cookie = try #require(response.cookie())
            }
            clock.advance(by: .seconds(101))
            let late = try await client.execute(uri: "/secret", method: .get, headers: .session(cookie))
            #expect(late.text == "none")
        }
    }

    @Test(
        "An answer that sets the cookie is kept from shared caches, whatever its route says",
        arguments: Kind.allCases
    )
    func keepsAnswersPrivate(_ kind: Kind) async throws {
        try await Self.withApp(try Self.middleware(kind)) { client in
            let response = try await client.execute(uri: "/public/x", method: .post)
            #expect(response.cookie() != nil)
            #expect(response.headers[.cacheControl] == "private, max-age=60, ext=\"a, public\"")
            #expect(response.headers[.cdnCacheControl] == nil)
            #expect(response.headers[values: .vary] == ["Accept-Encoding", "Cookie"])
        }
    }

    @Test("An error that a client has made saves the session, one of the server's does not", arguments: Kind.allCases)
    func savesWithErrors(_ kind: Kind) async throws {
        try await Self.withApp(try Self.middleware(kind)) { client in
            let forbidden = try await client.execute(uri: "/forbidden", method: .post)
            #expect(forbidden.status == .forbidden)
            let cookie = try #require(forbidden.cookie())
            #expect(forbidden.headers[.vary] == "Cookie")
            let broken = try await client.execute(uri: "/broken", method: .post, headers: .session(cookie))
            #expect(broken.status == .internalServerError && broken.setCookie() == nil)
            let count = try await client.execute(uri: "/count", method: .post, headers: .session(cookie))
            #expect(count.text == "2")
        }
    }

    @Test("Among several cookies of the name, the one that names a session counts")
    func findsAmongSeveral() async throws {
        try await Self.withApp(try Self.middleware(.cache)) { client in
            let cookie = try #require(try await client.execute(uri: "/color/red", method: .post).cookie())
            let headers: HTTPFields = [
                .cookie: "__Host-session=; __Host-session=\(SessionID().secret);__Host-session=\(cookie) ; x"
            ]
            let response = try await client.execute(uri: "/secret", method: .get, headers: headers)
            #expect(response.text == "red")
            let wrongCase = try await client.execute(
                uri: "/secret",
                method: .get,
                headers: .session(cookie, name: "__host-session")
            )
            #expect(wrongCase.text == "none")
        }
    }

    @Test("With .conflict the second of two requests is told: 409")
    func answersConflicts() async throws {
        let sessions = Sessions(Cache(.memory(entries: 100)), .init(concurrency: .conflict))
        let router = Router(context: AppContext.self)
        router.add(middleware: SessionMiddleware(sessions))
        router.post("race") { request, context in
            let session = try await context.session
            session[.counter] = (session[.counter] ?? 0) + 1
            // Somebody else is faster.
            if let id = session.id {
                let other = try await sessions.existing(id)
                other[.counter] = 100
                try await sessions.save(other)
            }
            return "ok"
        }
        try await Application(router: router).test(.router) { client in
            let first = try await client.execute(uri: "/race", method: .post)
            let cookie = try #require(first.cookie())
            let second = try await client.execute(uri: "/race", method: .post, headers: .session(cookie))
            #expect(second.status == .conflict && second.setCookie() == nil)
            #expect(second.headers[.contentType] == "application/problem+json")
            #expect(second.text.contains("\"status\":409"))
        }
    }

    @Test("What is changed after the answer was begun is not lost in silence")
    func refusesLateChanges() async throws {
        let sessions = Sessions(Cache(.memory(entries: 100)))
        let session = try await sessions.open([])
        session[.counter] = 1
        _ = try await sessions.close(session)
        #expect { try session.set(.counter, to: 2) } throws: { ($0 as? SessionError)?.code == .closed }
        #expect { try session.flush() } throws: { ($0 as? SessionError)?.code == .closed }
    }

    @Test("A request with an id that has just been changed cannot put a stranger's session over the new one")
    func doesNotOverwriteNewCookie() async throws {
        try await Self.withApp(try Self.middleware(.cache)) { client in
            let old = try #require(try await client.execute(uri: "/color/red", method: .post).cookie())
            _ = try await client.execute(uri: "/signin/ann", method: .post, headers: .session(old))
            let read = try await client.execute(uri: "/secret", method: .get, headers: .session(old))
            #expect(read.text == "none" && read.setCookie() == nil)
            let write = try await client.execute(uri: "/color/blue", method: .post, headers: .session(old))
            #expect(write.status == .conflict && write.setCookie() == nil)
        }
    }

    @Test("Without the middleware a route hears that there is none")
    func needsMiddleware() async throws {
        let router = Router(context: AppContext.self)
        router.get("whoami") { _, context in try await context.session.user ?? "nobody" }
        try await Application(router: router).test(.router) { client in
            let response = try await client.execute(uri: "/whoami", method: .get)
            #expect(response.status == .internalServerError)
        }
    }

    @Test("A session that does not fit into a cookie is an error, and no cookie")
    func boundsCookies() async throws {
        try await Self.withApp(try Self.middleware(.encryptedCookie)) { client in
            let color = String(repeating: "x", count: 5_000)
            let response = try await client.execute(uri: "/color/\(color)", method: .post)
            #expect(response.status == .internalServerError && response.setCookie() == nil)
        }
    }

    @Test("Cookies sealed with an older key open, and are sealed with the newer one when they are set anew")
    func rotatesKeys() async throws {
        let keys = try (1...3).map { try SealingKey(UInt32($0), bytes: Array(repeating: UInt8($0), count: 32)) }
        let old = CookieSessions(AESGCMSealer(keys[0]))
        let both = CookieSessions(AESGCMSealer(try KeyRing([keys[1], keys[0]])))
        let new = CookieSessions(AESGCMSealer(keys[1]))
        func opened(_ order: CookieOrder, by sessions: CookieSessions) async throws -> Session {
            guard case .set(let value, _) = order else { return try await sessions.open([]) }
            return try await sessions.open([value])
        }
        let session = try await old.open([])
        session[.counter] = 1
        let first = try await old.close(session)
        let rotated = try await opened(first, by: both)
        #expect(rotated[.counter] == 1)
        rotated[.counter] = 2
        let second = try await both.close(rotated)
        let (stale, fresh) = (try await opened(first, by: new), try await opened(second, by: new))
        #expect(stale[.counter] == nil)
        #expect(fresh[.counter] == 2)
    }

    @Test("All cookies of a user can be ended, and those of others stay")
    func revokesCookies() async throws {
        let clock = ManualClock()
        let time = CacheClock(clock)
        let cache = Cache(.memory(MemoryStore(limit: .entries(100), clock: time)), clock: time)
        let sealer = AESGCMSealer(try SealingKey(1, bytes: Array(repeating: 1, count: 32)))
        let sessions = CookieSessions(sealer, revocations: cache, clock: time)
        func signIn(_ user: String) async throws -> String {
            let session = try await sessions.open([])
            try session.signIn(as: user)
            guard case .set(let value, _) = try await sessions.close(session) else { return "" }
            return value
        }
        let (ann, bob) = (try await signIn("ann"), try await signIn("bob"))
        let underWay = try await sessions.open([ann])
        underWay[.counter] = 1
        clock.advance(by: .seconds(1))
        try await sessions.revokeAll(of: "ann")
        await #expect { try await sessions.close(underWay) } throws: { ($0 as? SessionError)?.code == .ended }
        clock.advance(by: .seconds(1))
        let again = try await signIn("ann")
        let users = [
            try await sessions.open([ann]).user, try await sessions.open([bob]).user,
            try await sessions.open([again]).user,
        ]
        #expect(users == [nil, "bob", "ann"])
    }
}

@Suite("SessionCookie")
struct SessionCookieTests {
    @Test("Names follow the attributes")
    func names() throws {
        #expect(SessionCookie.standard.name == "__Host-session")
        #expect(try SessionCookie().name == "__Host-session")
        #expect(try SessionCookie(domain: "example.org").name == "session")
        #expect(try SessionCookie(path: "/shop").name == "session")
        #expect(try SessionCookie(isSecure: false).name == "session")
        let cookie = try SessionCookie(
            name: "sid",
            domain: "example.org",
            path: "/a",
            isHTTPOnly: false,
            sameSite: .strict
        )
        #expect(
            cookie.field(for: .set("v", .milliseconds(1_500)))
                == "sid=v; Max-Age=2; Domain=example.org; Path=/a; Secure; SameSite=Strict"
        )
        #expect(cookie.field(for: .keep) == nil)
        #expect(SessionCookie.insecure.field(for: .set("v", nil)) == "session=v; Path=/; HttpOnly; SameSite=Lax")
    }

    @Test("What contradicts itself or cannot stand in a cookie is refused")
    func refuses() {
        let attempts: [() throws -> SessionCookie] = [
            { try SessionCookie(name: "__Host-s", domain: "example.org") },
            { try SessionCookie(name: "__host-s", path: "/a") },
            { try SessionCookie(name: "__Host-s", isSecure: false) },
            { try SessionCookie(name: "__Secure-s", isSecure: false) },
            { try SessionCookie(isSecure: false, sameSite: .none) },
            { try SessionCookie(name: "") }, { try SessionCookie(name: "a b") }, { try SessionCookie(name: "a=b") },
            { try SessionCookie(path: "a") }, { try SessionCookie(path: "/;x") },
            { try SessionCookie(path: "/\r\nX: y") },
            { try SessionCookie(domain: "") }, { try SessionCookie(domain: "a;b") },
        ]
        for attempt in attempts {
            #expect { _ = try attempt() } throws: { ($0 as? SessionError)?.code == .invalidCookie }
        }
    }
}
