import Synchronization

extension Cache {
    /// Runs code for which this cache is empty and keeps nothing: for admin pages and tests that must see the data itself.
    ///
    /// ```swift
    /// let page = try await cache.bypassed { try await renderShelf(slug) }
    /// ```
    ///
    /// In the task, and in what it starts as long as the code runs, for this cache:
    ///
    /// - Every read misses, and counts as a miss. `fetch` runs its fill, once for all who wait for the key without a
    ///   lease; `getOrLease` grants none. `keys(matching:)` finds nothing.
    /// - Nothing is stored. `set` and `setMany` remove what there was, because whoever calls them knows it to be untrue;
    ///   so does `replace`, which answers that there was nothing. `add` answers that it was the first, and leaves what there was;
    ///   `increment` and `append` begin anew and leave it too. `touch` finds nothing.
    /// - `remove`, `removeMany`, `removeAll(matching:)`, `clear`, `invalidate(tags:)` and `expire(tags:)` do what they always do,
    ///   and `explain` tells what is really there.
    ///
    /// Other caches, another one on the same namespace included, are not concerned. A task that the code leaves behind finds
    /// the cache again when the code has ended.
    ///
    /// - Parameter body: The code.
    /// - Returns: What the code returns.
    /// - Throws: What the code throws.
    public func bypassed<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let scope = BypassScope(of: ObjectIdentifier(self), within: CurrentBypass.scope)
        self.bypassCount.add(1, ordering: .sequentiallyConsistent)
        defer {
            scope.end()
            self.bypassCount.subtract(1, ordering: .sequentiallyConsistent)
        }
        return try await CurrentBypass.$scope.withValue(scope) { try await body() }
    }

    /// Whether the current task is to find nothing; asked only while somebody bypasses this cache.
    @inline(never)
    var isBypassed: Bool { CurrentBypass.scope?.covers(ObjectIdentifier(self)) ?? false }
}

/// The bypasses that the current task is part of, innermost first.
enum CurrentBypass {
    @TaskLocal static var scope: BypassScope?
}

/// One bypass of one cache, for as long as its code runs.
final class BypassScope: Sendable {
    private let cache: ObjectIdentifier
    private let outer: BypassScope?
    private let hasEnded = Atomic<Bool>(false)

    init(of cache: ObjectIdentifier, within outer: BypassScope?) {
        self.cache = cache
        self.outer = outer
    }

    /// Whether this bypass, or one around it, is of a cache and not over.
    func covers(_ cache: ObjectIdentifier) -> Bool {
        var scope: BypassScope? = self
        while let here = scope {
            if here.cache == cache, !here.hasEnded.load(ordering: .acquiring) { return true }
            scope = here.outer
        }
        return false
    }

    func end() {
        self.hasEnded.store(true, ordering: .releasing)
    }
}
