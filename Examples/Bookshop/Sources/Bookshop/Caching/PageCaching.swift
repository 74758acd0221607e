import HTTPTypes
import Hummingbird
import Larder
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
    func kept(after status: CacheStatus) -> Response {
        switch status {
        case .stale, .unavailable:
            var response = self
            response.neverCache()
            return response
        case .hit, .joined, .filled: return self
        }
    }
}
