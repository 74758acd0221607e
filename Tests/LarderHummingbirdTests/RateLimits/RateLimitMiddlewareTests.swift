import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import NIOCore
import Testing

@testable import LarderHummingbird

@Suite("RateLimitMiddleware")
struct RateLimitMiddlewareTests {
    private static let proxies = TrustedProxies.hops(1)

    private static func router(_ middleware: RateLimitMiddleware<AppContext>) -> Router<AppContext> {
        let router = Router(context: AppContext.self)
        router.add(middleware: middleware)
        router.get("page") { _, _ in "page" }
        router.get("missing") { _, _ -> String in throw HTTPError(.notFound) }
        return router
    }

    private static func get(
        _ client: any TestClientProtocol,
        _ path: String = "/page",
        from address: String = "198.51.100.1",
        user: String? = nil
    ) async throws -> TestResponse {
        var headers: HTTPFields = [.xForwardedFor: address]
        if let user { headers[.authorization] = user }
        return try await client.execute(uri: path, method: .get, headers: headers)
    }

    private static let byUser = RateLimitKey<AppContext>.user { request, _ in request.headers[.authorization] }

    @Test("Within the limit answers say how the client stands, past it when to come back", arguments: [false, true])
    func limits(_ live: Bool) async throws {
        let clock = ManualClock()
        let limiter = try RateLimiter(
            .memory(clock: CacheClock(clock)),
            namespace: "web",
            limits: [.fixedWindow(3, per: .seconds(60))]
        )
        let rule = try RateLimitRule<AppContext>(limiter: limiter, key: .clientAddress(behind: Self.proxies))
        try await Application(router: Self.router(RateLimitMiddleware(rule))).test(live ? .live : .router) { client in
            for left in [2, 1, 0] {
                let response = try await Self.get(client)
                #expect(response.status == .ok)
                #expect(response.headers[.rateLimitPolicy] == "\"default\";q=3;w=60")
                #expect(response.headers[.rateLimit] == "\"default\";r=\(left);t=60")
                #expect(response.headers[.retryAfter] == nil)
            }
            let refused = try await Self.get(client)
            #expect(refused.status == .tooManyRequests)
            #expect(refused.headers[.retryAfter] == "60")
            #expect(refused.headers[.rateLimit] == "\"default\";r=0;t=60")
            #expect(refused.headers[.contentType] == "application/problem+json")
            #expect(refused.headers[.cacheControl] == "no-store")
            let problem = try JSONDecoder().decode(Problem.self, from: Data(refused.text.utf8))
            #expect(problem.status == 429 && problem.violatedPolicies == ["default"] && problem.retryAfter == 60)
            #expect(problem.type == "https://iana.org/assignments/http-problem-types#quota-exceeded")
            let other = try await Self.get(client, from: "198.51.100.2")
            #expect(other.status == .ok)
            clock.advance(by: .seconds(60))
            let later = try await Self.get(client)
            #expect(later.status == .ok)
            // What a route throws carries the fields, too.
            let missing = try await Self.get(client, "/missing")
            #expect(missing.status == .notFound && missing.headers[.rateLimit] == "\"default\";r=1;t=60")
        }
    }

    private struct Problem: Decodable {
        var type: String
        var status: Int
        var violatedPolicies: [String]?
        var retryAfter: Int?

        enum CodingKeys: String, CodingKey {
            case type, status
            case violatedPolicies = "violated-policies"
            case retryAfter = "retry-after"
        }
    }

    @Test("Several limits are charged together, several rules one after the other; each has its name")
    func combines() async throws {
        let store = MemoryRateLimitStore(clock: CacheClock(ManualClock()))
        let perClient = try RateLimiter(
            store,
            namespace: "web",
            limits: [.tokenBucket(60, per: .minutes(1), burst: 4), .slidingWindow(3, per: .hours(1))]
        )
        let all = try RateLimiter(store, namespace: "web", limits: [.fixedWindow(5, per: .minutes(1))])
        let middleware = RateLimitMiddleware(
            try RateLimitRule<AppContext>(
                "client",
                limiter: perClient,
                key: Self.byUser.or(.clientAddress(behind: Self.proxies))
            ),
            try RateLimitRule<AppContext>("all", limiter: all, key: .everybody)
        )
        try await Application(router: Self.router(middleware)).test(.router) { client in
            let first = try await Self.get(client, user: "ann")
            #expect(
                first.headers[.rateLimitPolicy]
                    == "\"client-60s\";q=4;w=4, \"client-3600s\";q=3;w=3600, \"all\";q=5;w=60"
            )
            #expect(
                first.headers[.rateLimit] == "\"client-60s\";r=3;t=1, \"client-3600s\";r=2;t=3600, \"all\";r=4;t=60"
            )
            _ = try await Self.get(client, user: "ann")
            _ = try await Self.get(client, user: "ann")
            let refused = try await Self.get(client, user: "ann")
            #expect(refused.status == .tooManyRequests && refused.headers[.retryAfter] == "3600")
            #expect(refused.text.contains("\"violated-policies\":[\"client-3600s\"]"))
            // Who is refused uses up nothing of what all share.
            let bob = try await Self.get(client, user: "bob")
            #expect(bob.headers[.rateLimit]?.hasSuffix("\"all\";r=1;t=60") == true)
            let nobody = try await Self.get(client, from: "198.51.100.9")
            #expect(nobody.status == .ok)
            let full = try await Self.get(client, user: "carol")
            #expect(full.status == .tooManyRequests && full.text.contains("\"violated-policies\":[\"all\"]"))
        }
    }

    @Test("A network of IPv6 is one client, an address of IPv4 is one however it is written")
    func knowsClients() async throws {
        let rows: [([String], Bool)] = [
            (["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"], true), (["2001:db8:1:2::1", "2001:db8:1:3::1"], false),
            (["192.0.2.1", "::ffff:192.0.2.1"], true), (["192.0.2.1", "192.0.2.2"], false),
            (["[2001:db8::1]:80", "2001:DB8:0:0::1"], true),
        ]
        for (addresses, areOne) in rows {
            let limiter = try RateLimiter(.memory(), namespace: "web", limits: [.perDay(1)])
            let rule = try RateLimitRule<AppContext>(limiter: limiter, key: .clientAddress(behind: Self.proxies))
            try await Application(router: Self.router(RateLimitMiddleware(rule))).test(.router) { client in
                let first = try await Self.get(client, from: addresses[0])
                let second = try await Self.get(client, from: addresses[1])
                #expect(first.status == .ok)
                #expect(second.status == (areOne ? .tooManyRequests : .ok), "\(addresses)")
            }
        }
    }

    @Test("A function says what a request costs, and whom it is charged to; nobody is not charged")
    func takesFunctions() async throws {
        let limiter = try RateLimiter(.memory(), namespace: "web", limits: [.perDay(10)])
        let rule = try RateLimitRule<AppContext>(
            limiter: limiter,
            key: .function { request, _ in request.uri.queryParameters["key"].map(String.init) },
            cost: { request, _ in Int(request.uri.queryParameters["cost"] ?? "1") ?? 1 }
        )
        try await Application(router: Self.router(RateLimitMiddleware(rule))).test(.router) { client in
            for (path, status, left) in [
                ("/page?key=a&cost=4", HTTPResponse.Status.ok, "6"), ("/page?key=a&cost=7", .tooManyRequests, "6"),
                ("/page?key=a&cost=6", .ok, "0"), ("/page?key=a&cost=0", .ok, "0"), ("/page?key=b&cost=-5", .ok, "10"),
            ] {
                let response = try await Self.get(client, path)
                #expect(response.status == status, "\(path)")
                #expect(response.headers[.rateLimit]?.contains(";r=\(left);") == true, "\(path)")
            }
            let never = try await Self.get(client, "/page?key=b&cost=11")
            #expect(never.status == .tooManyRequests && never.headers[.retryAfter] == nil)
            let nobody = try await Self.get(client, "/page")
            #expect(nobody.status == .ok && nobody.headers[.rateLimitPolicy] == nil)
        }
    }

    @Test("Names that clients choose may be of any length and hold anything")
    func takesAnyName() async throws {
        let limiter = try RateLimiter(.memory(), namespace: "web", limits: [.perDay(1)])
        let rule = try RateLimitRule<AppContext>(
            limiter: limiter,
            key: .function { request, _ in request.uri.queryParameters["key"].map(String.init) ?? "" }
        )
        try await Application(router: Self.router(RateLimitMiddleware(rule))).test(.router) { client in
            for name in ["", "a%00b", "%C3%A9", "e%CC%81", String(repeating: "x", count: 5_000)] {
                let first = try await Self.get(client, "/page?key=\(name)")
                let second = try await Self.get(client, "/page?key=\(name)")
                #expect(first.status == .ok && second.status == .tooManyRequests, "\(name.prefix(10))")
            }
        }
    }

    @Test("One route, a group, or routes that share a limit")
    func limitsRoutes() async throws {
        let limits = RateLimits<AppContext>(.memory(), namespace: "web", key: .clientAddress(behind: Self.proxies))
        let router = Router(context: AppContext.self)
        router.get("free") { _, _ in "free" }
        try router.rateLimited(.perHour(1), by: limits)
            .get("search/{what}") { _, _ in "found" }
            .get("list") { _, _ in "listed" }
        try router.rateLimited(.perHour(1), by: limits, named: "login")
            .post("login") { _, _ in "in" }
            .post("reset") { _, _ in "reset" }
        try await Application(router: router).test(.router) { client in
            let rows: [(String, HTTPRequest.Method, HTTPResponse.Status)] = [
                ("/free", .get, .ok), ("/free", .get, .ok), ("/search/a", .get, .ok),
                ("/search/b", .get, .tooManyRequests),
                ("/list", .get, .ok), ("/list", .get, .tooManyRequests), ("/login", .post, .ok),
                ("/reset", .post, .tooManyRequests), ("/free", .get, .ok), ("/nowhere", .get, .notFound),
            ]
            for (path, method, status) in rows {
                let headers: HTTPFields = [.xForwardedFor: "198.51.100.1"]
                let response = try await client.execute(uri: path, method: method, headers: headers)
                #expect(response.status == status, "\(method) \(path)")
            }
        }
        #expect { _ = try router.rateLimited(.perHour(0), by: limits) } throws: {
            ($0 as? CacheError)?.code == .invalidPolicy
        }
        #expect { _ = try router.rateLimited(.perHour(1), by: limits, named: "a\r\nb") } throws: {
            ($0 as? CacheError)?.code == .invalidPolicy
        }
    }

    @Test("Whoever likes writes the refusal; the fields are there in any case")
    func letsOthersRefuse() async throws {
        let limiter = try RateLimiter(.memory(), namespace: "web", limits: [.perDay(1)])
        let rule = try RateLimitRule<AppContext>("day", limiter: limiter, key: .everybody)
        let middleware = RateLimitMiddleware(rule) { refusal, _, _ in
            Response(
                status: .tooManyRequests,
                headers: [.contentType: "text/plain", .retryAfter: "7"],
                body: .init(byteBuffer: .init(string: "slowly: \(refusal.limits)"))
            )
        }
        try await Application(router: Self.router(middleware)).test(.router) { client in
            _ = try await Self.get(client)
            let refused = try await Self.get(client)
            #expect(refused.status == .tooManyRequests && refused.text == "slowly: [\"day\"]")
            #expect(refused.headers[values: .retryAfter] == ["7"] && refused.headers[.rateLimit] != nil)
        }
    }

    @Test("A refusal can be caught by its type behind other limits, and carries their fields too")
    func caughtBehindAnother() async throws {
        let outer = try RateLimiter(.memory(), namespace: "outer", limits: [.fixedWindow(100, per: .seconds(60))])
        let inner = try RateLimiter(.memory(), namespace: "inner", limits: [.fixedWindow(1, per: .seconds(60))])
        let router = Router(context: AppContext.self)
        router.add(middleware: CatchesRefusals())
        let key = RateLimitKey<AppContext>.clientAddress(behind: Self.proxies)
        router.add(middleware: RateLimitMiddleware(try RateLimitRule("site", limiter: outer, key: key)))
        router.add(middleware: RateLimitMiddleware(try RateLimitRule("page", limiter: inner, key: key)))
        router.get("page") { _, _ in "page" }
        try await Application(router: router).test(.router) { client in
            let first = try await Self.get(client)
            #expect(first.status == .ok)
            let second = try await Self.get(client)
            #expect(second.status == .tooManyRequests && second.text == "caught page")
            let state = second.headers[values: .rateLimit].joined()
            #expect(state.contains("\"page\";r=0") && state.contains("\"site\";r=98"))
        }
    }

    private struct CatchesRefusals: RouterMiddleware {
        func handle(
            _ request: Request,
            context: AppContext,
            next: @concurrent (Request, AppContext) async throws -> Response
        ) async throws -> Response {
            do {
                return try await next(request, context)
            } catch let refusal as RateLimitRefusal {
                let text = "caught \(refusal.limits.joined(separator: " "))"
                return Response(
                    status: refusal.status,
                    headers: refusal.headers,
                    body: ResponseBody(byteBuffer: ByteBuffer(string: text))
                )
            }
        }
    }

    @Test("While Redis is away: open, closed, or an error, as was asked for")
    func failsAsAsked() async throws {
        try await withRedisServer { server in
            try await withClients(of: server, 1, timeout: .milliseconds(500)) { clients in
                let rows: [(RateLimitFailurePolicy, HTTPResponse.Status)] = [
                    (.allowing, .ok), (.denying, .serviceUnavailable), (.throwing, .serviceUnavailable),
                ]
                var apps: [(Application<RouterResponder<AppContext>>, HTTPResponse.Status)] = []
                for (policy, status) in rows {
                    let limiter = try RateLimiter(
                        .redis(clients[0]),
                        namespace: "web",
                        limits: [.perDay(1_000)],
                        onUnavailable: policy
                    )
                    let rule = try RateLimitRule<AppContext>(limiter: limiter, key: .everybody)
                    apps.append((Application(router: Self.router(RateLimitMiddleware(rule))), status))
                }
                for (app, _) in apps {
                    try await app.test(.router) { client in
                        let response = try await Self.get(client)
                        #expect(response.status == .ok && response.headers[.rateLimit] != nil)
                    }
                }
                await server.kill()
                for (app, status) in apps {
                    try await app.test(.router) { client in
                        let response = try await Self.get(client)
                        #expect(response.status == status)
                        // Nobody has counted.
                        #expect(response.headers[.rateLimit] == nil)
                        #expect((response.headers[.retryAfter] != nil) == (status != .ok))
                    }
                }
            }
        }
    }

    @Test("200 requests at once in two processes: as many pass as the limit says")
    func countsTogether() async throws {
        try await withRedisServer { server in
            try await withClients(of: server, 2) { clients in
                let apps = try clients.map { client in
                    let limiter = try RateLimiter(.redis(client), namespace: "web", limits: [.perHour(70)])
                    let rule = try RateLimitRule<AppContext>(
                        limiter: limiter,
                        key: .clientAddress(behind: Self.proxies)
                    )
                    return Application(router: Self.router(RateLimitMiddleware(rule)))
                }
                let passed = Shared(0)
                try await apps[0].test(.router) { first in
                    try await apps[1].test(.router) { second in
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for number in 0..<200 {
                                group.addTask {
                                    let response = try await Self.get(number % 2 == 0 ? first : second)
                                    if response.status == .ok { passed.change { $0 += 1 } }
                                }
                            }
                            try await group.waitForAll()
                        }
                    }
                }
                #expect(passed.now == 70)
            }
        }
    }
}
