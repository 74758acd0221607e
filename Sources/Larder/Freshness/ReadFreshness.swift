/// Who may answer a read: this process' own memory, or only the store.
///
/// It matters where memory stands in front of a store, as in a ``TieredStore``. On a store without copies both mean the same.
///
/// ```swift
/// let balance = try await cache.get(.balance(of: account), freshness: .strict)
/// ```
public struct ReadFreshness: Sendable, Hashable {
    private enum Kind {
        case tracked
        case strict
    }

    private let kind: Kind

    /// A copy in this process' memory may answer.
    ///
    /// What this cache, or another on the same tiered store, has written or invalidated is seen from the moment the call
    /// returned; what other processes have, as soon as the store drops the copy: when it is told of the change, or when the
    /// copy ends (`upperTTL` of a tiered store).
    public static let tracked = ReadFreshness(kind: .tracked)

    /// The store itself answers, its primary where it has replicas: what any process wrote or invalidated before the call
    /// is seen.
    ///
    /// It costs the round trip that the copy would have saved. The copy, if there is one, is replaced by what was found, or
    /// dropped where nothing was. While the store cannot be asked the answer is that it is unavailable, whatever is in memory;
    /// the cache's ``FailurePolicy`` says what follows.
    public static let strict = ReadFreshness(kind: .strict)
}
