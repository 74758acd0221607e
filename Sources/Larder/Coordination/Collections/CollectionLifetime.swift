/// How long a collection lives as a whole; its elements have no ends of their own.
///
/// Where a collection gets an end, it does so in one step with the write: no crash between the two can leave one that never
/// ends. A collection without elements is not there, so the next write begins another life.
public struct CollectionLifetime: Sendable, Hashable {
    /// How many milliseconds it lives, at least one; `nil` for ever.
    public let milliseconds: Int64?

    /// Whether each write begins the time anew.
    ///
    /// Otherwise only a write to a collection that has no end yet gives it one.
    public let isSliding: Bool

    private init(_ ttl: TimeToLive, isSliding: Bool) {
        switch ttl.kind {
        case .cacheDefault:
            self.milliseconds = nil
            self.isSliding = false
        case .duration(let duration):
            self.milliseconds = CollectionLifetime.milliseconds(of: duration)
            self.isSliding = isSliding
        }
    }

    private init() {
        self.milliseconds = nil
        self.isSliding = false
    }

    /// For ever, or until somebody gives it an end.
    public static let unlimited = CollectionLifetime()

    /// So long from its first write on.
    ///
    /// - Parameter ttl: How long, rounded up to a millisecond if it is less. Collections have no default, so
    ///   ``TimeToLive/default`` means ``unlimited``.
    /// - Returns: The lifetime.
    public static func fixed(_ ttl: TimeToLive) -> Self { .init(ttl, isSliding: false) }

    /// So long from its last write on.
    ///
    /// - Parameter ttl: How long, rounded up to a millisecond if it is less. Collections have no default, so
    ///   ``TimeToLive/default`` means ``unlimited``.
    /// - Returns: The lifetime.
    public static func sliding(_ ttl: TimeToLive) -> Self { .init(ttl, isSliding: true) }

    /// A duration as stores take it: at least a millisecond, at most a hundred years.
    package static func milliseconds(of duration: Duration) -> Int64 {
        max(1, min(duration, EntryLifetime.longest).wholeNanoseconds / 1_000_000)
    }
}
