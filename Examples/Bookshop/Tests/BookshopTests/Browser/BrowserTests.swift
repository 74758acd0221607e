import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

/// What the tests of the shop's pages take for granted of the browser, and of its driver.
@Suite(.timeLimit(.minutes(3)))
struct BrowserTests {
    /// How a page may be stored, and what a visitor who comes back to it brings about.
    struct Rule {
        let cacheControl: String
        var vary: String?
        var changesCookie = false
        /// The status that goes over the wire; `nil` when the server is not asked.
        let wireStatusOfBack: Int?

        static let all = [
            Rule(cacheControl: "no-cache", wireStatusOfBack: nil),
            Rule(cacheControl: "private, no-cache", wireStatusOfBack: nil),
            Rule(cacheControl: "max-age=0, must-revalidate", wireStatusOfBack: nil),
            Rule(cacheControl: "private, no-cache", vary: "Cookie", wireStatusOfBack: nil),
            Rule(cacheControl: "private, no-cache", vary: "Cookie", changesCookie: true, wireStatusOfBack: 304),
            Rule(cacheControl: "private, max-age=60", vary: "Cookie", changesCookie: true, wireStatusOfBack: 304),
            Rule(cacheControl: "private, no-cache", vary: "*", wireStatusOfBack: 304),
            Rule(cacheControl: "no-store", wireStatusOfBack: 200),
        ]
    }

    @Test
    func reloadAsksTheServerAndGoingBackOnlyWhenTheStoredPageDoesNotFit() async throws {
        let router = Router()
        for (index, rule) in Rule.all.enumerated() {
            router.get("/\(index)/:page") { request, context in
                let page = try context.parameters.require("page")
                var headers: HTTPFields = [.eTag: "\"\(page)\"", .cacheControl: rule.cacheControl]
                headers[.vary] = rule.vary
                guard request.headers[.ifNoneMatch] != "\"\(page)\"" else {
                    return Response(status: .notModified, headers: headers)
                }
                return Self.page("<h1>\(page)</h1><a href=\"next\">next</a>", headers)
            }
        }
        try await Self.visit(router) { browser, site in
            for (index, rule) in Rule.all.enumerated() {
                let visitor = try await browser.newVisitor()
                try await visitor.open("\(site)/\(index)/first")
                let reloaded = try await visitor.reload()
                #expect(reloaded.status == 200, "\(rule)")
                #expect(reloaded.wireStatus == (rule.cacheControl == "no-store" ? 200 : 304), "\(rule)")
                try await visitor.click("a")
                if rule.changesCookie { try await visitor.evaluate("document.cookie = 'changed=yes; path=/'") }
                let back = try await visitor.back()
                #expect(back.url == "\(site)/\(index)/first")
                #expect(back.status == 200, "\(rule)")
                #expect(back.wireStatus == rule.wireStatusOfBack, "\(rule)")
                #expect(try await visitor.text(of: "h1") == "first")
            }
        }
    }

    @Test
    func visitorsHaveCookiesOfTheirOwn() async throws {
        let router = Router()
        router.get("/") { request, _ in
            Self.page(
                """
                <p>\(request.headers[.cookie] ?? "nobody")</p>
                <form method="post" action="/name"><input name="name" value="old"><button>Go</button></form>
                """
            )
        }
        router.post("/name") { request, _ in
            let form = String(buffer: try await request.body.collect(upTo: 100))
            return Response(
                status: .seeOther,
                headers: [.location: "/", .setCookie: "\(form); HttpOnly; SameSite=Lax; Path=/"]
            )
        }
        try await Self.visit(router) { browser, site in
            let ada = try await browser.newVisitor()
            try await ada.open(site)
            try await ada.fill("input[name=name]", with: "ada")
            let page = try await ada.click("button")
            #expect(page.responses.map(\.wireStatus) == [303, 200])
            #expect(try await ada.text(of: "p") == "name=ada")
            let cookie = try #require(try await ada.cookie("name"))
            #expect(cookie.httpOnly && !cookie.secure && cookie.sameSite == "Lax")

            let bob = try await browser.newVisitor()
            try await bob.open(site)
            #expect(try await bob.text(of: "p") == "nobody")
            #expect(try await bob.cookies().isEmpty)
        }
    }

    @Test
    func complaintsOfThePageAreKept() async throws {
        let router = Router()
        router.get("/") { _, _ in
            Self.page(
                """
                <script nonce="a">console.error("bad", 1); setTimeout(() => { throw new Error("uncaught") })</script>
                <script>document.title = "forbidden"</script><img src="/missing.png">
                """,
                [.contentSecurityPolicy: "default-src 'self'; script-src 'nonce-a'"]
            )
        }
        try await Self.visit(router) { browser, site in
            let visitor = try await browser.newVisitor()
            let page = try await visitor.open(site)
            #expect(page.responses.map(\.wireStatus) == [200, 404])
            let complaints = try await visitor.complaints.filter { !$0.url.hasSuffix("/favicon.ico") }
            #expect(Set(complaints.map(\.kind)) == [.console, .exception, .security, .network])
            #expect(complaints.contains { $0.text == "bad 1" })
        }
    }

    @Test
    func waitsForAPageEndAndSayWhatTheyWaitedFor() async throws {
        let answer = AsyncStream<Void>.makeStream()
        let router = Router()
        router.get("/never") { _, _ in
            for await _ in answer.stream {}
            return "late"
        }
        try await Self.visit(router, limit: .seconds(5)) { browser, site in
            defer { answer.continuation.finish() }
            let visitor = try await browser.newVisitor()
            let late = await #expect(throws: BrowserError.self) { try await visitor.open("\(site)/never") }
            #expect(late?.description == "Waited 5.0 seconds in vain for an answer from \(site)/never.")
            let pending = Task { try await visitor.open("\(site)/never") }
            _ = try? await browser.connection.call("Browser.crash")
            let ended = await #expect(throws: BrowserError.self) { try await pending.value }
            #expect(ended?.description.hasPrefix("Chromium has ended.") == true)
        }
    }

    private static func page(_ body: String, _ headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "text/html; charset=utf-8"
        return Response(
            status: .ok,
            headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: "<!DOCTYPE html><title>A page</title>\(body)"))
        )
    }

    /// Serves routes, and starts a browser to look at them.
    private static func visit(
        _ router: Router<BasicRequestContext>,
        limit: Duration = .seconds(30),
        _ body: @Sendable (Browser, String) async throws -> Void
    ) async throws {
        try await Application(router: router).test(.live) { client in
            let port = try #require(client.port)
            try await withBrowser(limit: limit) { browser in try await body(browser, "http://localhost:\(port)") }
        }
    }
}
