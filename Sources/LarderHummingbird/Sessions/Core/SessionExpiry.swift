#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// When a session ends.
public struct SessionExpiry: Sendable, Hashable, Codable {
    enum Kind: String, Sendable, Codable {
        case sliding = "s"
        case fixed = "f"
        case browser = "b"
    }

    let kind: Kind

    /// In whole milliseconds; zero or less, at once.
    let milliseconds: Int64

    private enum CodingKeys: String, CodingKey {
        case kind = "k"
        case milliseconds = "t"
    }

    private init(_ kind: Kind, _ duration: Duration) {
        self.kind = kind
        let (seconds, attoseconds) = min(duration, Self.longest).components
        self.milliseconds = max(0, seconds) * 1_000 + max(0, attoseconds) / 1_000_000_000_000_000
    }

    /// A hundred years.
    private static let longest = Duration.seconds(100 * 365 * 86_400)

    /// So long after it was last used: each use puts the end off.
    ///
    /// - Parameter duration: How long; zero or less ends the session with the request.
    /// - Returns: The expiry.
    public static func sliding(_ duration: Duration) -> Self { .init(.sliding, duration) }

    /// So long from now on, however much it is used.
    ///
    /// - Parameter duration: How long; zero or less ends the session with the request.
    /// - Returns: The expiry.
    public static func fixed(_ duration: Duration) -> Self { .init(.fixed, duration) }

    /// At a moment.
    ///
    /// - Parameter date: The moment, by this machine's wall clock; one that has passed ends the session with the request.
    /// - Returns: The expiry.
    public static func at(_ date: Date) -> Self {
        let seconds = max(0, min(date.timeIntervalSinceNow, 3.2e9))
        return .init(.fixed, .milliseconds(Int64(seconds * 1_000)))
    }

    /// When the browser is closed, which forgets its cookie; the server forgets the session some time after it was last used.
    ///
    /// Browsers that restore their windows keep such cookies for as long as they like.
    ///
    /// - Parameter idle: How long the server keeps a session that nobody uses.
    /// - Returns: The expiry.
    public static func atBrowserClose(idle: Duration = .seconds(12 * 3_600)) -> Self { .init(.browser, idle) }

    /// How long a session that was just used lives yet.
    var lifetime: Duration { .milliseconds(self.milliseconds) }

    /// Whether using the session puts its end off.
    var isRenewed: Bool { self.kind != .fixed }

    /// Whether the session ends at once.
    var isOver: Bool { self.milliseconds <= 0 }
}
