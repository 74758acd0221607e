import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import LarderHummingbird

/// How whole pages are cached.
enum PageCaching {
    /// How long a page is kept that nothing invalidates before.
    static let ttl = Duration.seconds(60)

    /// What is done with whole pages.
    ///
    /// - Parameter clock: What pages get old by.
    /// - Returns: The options.
    static func options(clock: CacheClock) -> ResponseCacheOptions {
        var options = ResponseCacheOptions.application(ttl: Self.ttl)
        // A title that changes takes the page out of the cache here at once, which nobody can do in a browser: that asks each time, and is
        // told "304 Not Modified".
        options.browserTTL = .zero
        // Routes that show somebody's page ask for the session, which makes it theirs.
        options.cookies = .trusted
        // Who has no session gets the page that is for everybody who has none.
        options.variations = [.by("visitor", reading: [.cookie]) { $0.bringsSession ? "known" : nil }]
        // What no page reads makes no other page: whoever makes up arguments fills nothing with them.
        options.policy.key.query = .keeping(["page", "shelf"])
        options.clock = clock
        return options
    }
}

extension Request {
    /// Whether there may be a session: the browser has a cookie of that name.
    var bringsSession: Bool { ShopCookie.names.contains { self.cookies[$0] != nil } }
}

/// The cookie in which browsers keep the session.
enum ShopCookie {
    /// The cookie of a shop.
    ///
    /// - Parameter isHTTPS: Whether visitors come over HTTPS.
    /// - Returns: The cookie.
    static func cookie(isHTTPS: Bool) -> SessionCookie { isHTTPS ? .standard : .insecure }

    fileprivate static let names = [SessionCookie.standard.name, SessionCookie.insecure.name]
}

extension Response {
    /// Says whether a page may be kept that came about so.
    ///
    /// What the database could not be asked for is true for now; kept as a page, it would stay when the database is back.
    ///
    /// One page can be asked for in as many ways as anybody likes: `page=2`, `page=02`, `page=2&page=3`. It is kept under the one that
    /// the shop's own links have.
    ///
    /// - Parameters:
    ///   - status: How the page came about.
    ///   - request: What was asked for.
    ///   - arguments: The arguments that the page reads.
    /// - Returns: The page.
    func kept(after status: CacheStatus, _ request: Request, reading arguments: Set<String> = []) -> Response {
        switch status {
        case .hit, .joined, .filled:
            if QueryItems.isPlain(request.uri.query ?? "", arguments) { return self }
        case .stale, .unavailable: break
        }
        var response = self
        response.neverCache()
        return response
    }
}
