/// What reading does while the store is unavailable.
///
/// Either way it is counted and logged.
///
/// Writing throws then under either policy; what invalidating does, ``InvalidationPolicy`` says: an invalidation that is lost
/// in silence shows old data for ever.
public struct FailurePolicy: Sendable, Hashable {
    private enum Kind {
        case missing
        case throwing
    }

    private let kind: Kind

    /// Reading finds nothing, and `fetch` runs its fill and hands the value on without storing it: the service stays up.
    public static let missing = FailurePolicy(kind: .missing)

    /// Reading and `fetch` throw ``CacheError/Code/unavailable``: what stands behind the cache is protected from the
    /// load that the cache used to carry.
    public static let throwing = FailurePolicy(kind: .throwing)
}
