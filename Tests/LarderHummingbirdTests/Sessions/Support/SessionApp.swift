import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Larder
import NIOCore

@testable import LarderHummingbird

/// A context with all that is tested here.
struct AppContext: SessionRequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    var sessionSlot = SessionSlot()
    var remoteAddress: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.remoteAddress = source.channel.remoteAddress
    }
}

/// A small service with sign-in, a counter and pages that say whose session it is.
func sessionRouter(_ middleware: SessionMiddleware<AppContext>) -> Router<AppContext> {
    let router = Router(context: AppContext.self)
    router.add(middleware: middleware)
    router.get("plain") { _, _ in "plain" }
    router.get("whoami") { _, context in
        let session = try await context.session
        return session.user ?? "nobody"
    }
    router.get("secret") { _, context in
        let session = try await context.session
        return session[.color] ?? "none"
    }
    router.post("color/{color}") { _, context in
        let session = try await context.session
        session[.color] = context.parameters.get("color")
        return "ok"
    }
    router.post("count") { _, context in
        let session = try await context.session
        return "\(try session.update(.counter, default: 0) { $0 += 1 })"
    }
    router.post("signin/{user}") { _, context in
        let session = try await context.session
        try session.signIn(as: try context.parameters.require("user"))
        return "ok"
    }
    router.post("signout") { _, context in
        let session = try await context.session
        try session.flush()
        return "ok"
    }
    router.post("forbidden") { _, context -> String in
        let session = try await context.session
        try session.update(.counter, default: 0) { $0 += 1 }
        throw HTTPError(.forbidden)
    }
    router.post("broken") { _, context -> String in
        let session = try await context.session
        try session.update(.counter, default: 0) { $0 += 1 }
        throw HTTPError(.internalServerError)
    }
    router.post("fixed/{seconds}") { _, context in
        let session = try await context.session
        session[.counter] = 0
        try session.setExpiry(.fixed(.seconds(try context.parameters.require("seconds", as: Int.self))))
        return "ok"
    }
    router.post("browser") { _, context in
        let session = try await context.session
        session[.counter] = 0
        try session.setExpiry(.atBrowserClose())
        return "ok"
    }
    router.post("public/{name}") { _, context in
        let session = try await context.session
        session[.counter] = 0
        return Response(
            status: .ok,
            headers: [
                .cacheControl: "public, max-age=60, s-maxage=600, ext=\"a, public\"", .vary: "Accept-Encoding",
                .cdnCacheControl: "max-age=600",
            ]
        )
    }
    return router
}

extension TestResponse {
    /// The value that the response sets the session's cookie to; `nil` where it sets none.
    func cookie(_ name: String = "__Host-session") -> String? {
        self.setCookie(name)?.split(separator: ";").first.map { String($0.dropFirst(name.count + 1)) }
    }

    /// The whole field.
    func setCookie(_ name: String = "__Host-session") -> String? {
        self.headers[values: .setCookie].first { $0.hasPrefix("\(name)=") }
    }

    var text: String { String(buffer: self.body) }
}

extension HTTPFields {
    /// A request's fields with a session's cookie.
    static func session(_ value: String?, name: String = "__Host-session") -> HTTPFields {
        value.map { [.cookie: "other=1; \(name)=\($0); theme=dark"] } ?? [:]
    }
}

/// Random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

extension HTTPField.Name {
    static let cdnCacheControl = Self("CDN-Cache-Control") ?? .cacheControl
    static let xForwardedFor = Self("X-Forwarded-For") ?? .via
    static let forwarded = Self("Forwarded") ?? .via
    static let rateLimit = Self("RateLimit") ?? .via
    static let rateLimitPolicy = Self("RateLimit-Policy") ?? .via
}
