/// One member of `Cache-Control` in a response (RFC 9111, section 5.2.2; RFC 5861; RFC 8246).
public struct CacheControlDirective: Sendable, Hashable, CustomStringConvertible {
    /// The member as it is sent.
    public let description: String

    private init(_ description: String) {
        self.description = description
    }

    private init(_ name: String, _ duration: Duration) {
        self.description = "\(name)=\(max(0, duration.components.seconds))"
    }

    /// Fresh for so many seconds.
    public static func maxAge(_ duration: Duration) -> Self { .init("max-age", duration) }
    /// Fresh for so many seconds in caches that many share; no stale answer stands in for it.
    public static func sharedMaxAge(_ duration: Duration) -> Self { .init("s-maxage", duration) }
    /// May be sent so many seconds past its time, while it is refreshed.
    public static func staleWhileRevalidate(_ duration: Duration) -> Self { .init("stale-while-revalidate", duration) }
    /// May stand in for an error for so many seconds past its time.
    public static func staleIfError(_ duration: Duration) -> Self { .init("stale-if-error", duration) }
    /// For everybody, credentials notwithstanding.
    public static let `public` = Self("public")
    /// For one client alone.
    public static let `private` = Self("private")
    /// To be asked for each time; may be kept to ask with.
    public static let noCache = Self("no-cache")
    /// Not to be kept at all.
    public static let noStore = Self("no-store")
    /// Never sent past its time.
    public static let mustRevalidate = Self("must-revalidate")
    /// Never sent past its time by caches that many share.
    public static let proxyRevalidate = Self("proxy-revalidate")
    /// Not to be changed on its way, as by compression.
    public static let noTransform = Self("no-transform")
    /// Does not change while it is fresh, so that no reload need ask.
    public static let immutable = Self("immutable")
}
