/// What invalidating does while the store is unavailable.
///
/// Invalidating is `remove`, `removeMany`, `removeAll(matching:)`, `clear`, and the invalidation and expiry of tags; also
/// whatever removes an entry by giving it no time to live.
public struct InvalidationPolicy: Sendable, Hashable {
    /// How many invalidations are kept, and where; `nil` where none is.
    let replay: Replay?

    struct Replay: Sendable, Hashable {
        var limit: Int
        var path: String?
    }

    /// Invalidating throws ``CacheError/Code/unavailable``.
    public static let throwing = InvalidationPolicy(replay: nil)

    /// Invalidations are kept, and carried out before this process reads or writes anything again.
    ///
    /// The call returns as if it had succeeded; what says how many entries there were says none. While the store stays
    /// unavailable, so do the entries, since nothing is served before the replay: the promise holds for this process.
    /// Others may be served with the old entries until then.
    ///
    /// Writes throw all the same, because the value that they bring is not kept. But a `set` or `replace` that failed
    /// leaves a value in the store that its caller knows to be untrue, so the removal of its key is kept too. It is not for
    /// `add` and for `increment`, `append` and `touch`, which leave behind what was true before.
    ///
    /// Without a path, what is kept ends with the process.
    ///
    /// - Parameters:
    ///   - limit: How many invalidations are kept at most: keys, tags and patterns, each counted once. One that finds no
    ///     room throws; `clear` always finds some, since it takes the place of all others.
    ///   - path: A file that only this cache uses, in a folder that exists. Before the call returns, the invalidation has
    ///     reached the disk; the next cache on the file replays it before its first call. The file is locked while
    ///     the cache lives: two processes, or two caches, cannot share one. While it cannot be read, or written where it has
    ///     to be, calls throw ``CacheError/Code/fileFailed``.
    /// - Returns: The policy.
    public static func replay(limit: Int = 10_000, path: String? = nil) -> Self {
        .init(replay: Replay(limit: max(1, limit), path: path))
    }
}
