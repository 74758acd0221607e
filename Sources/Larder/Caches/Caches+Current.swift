import Synchronization

/// The caches that code finds without being handed them, such as functions that a macro caches.
extension Caches {
    @TaskLocal private static var ofTask: Caches?
    private static let ofProcess = Mutex<Caches?>(nil)

    /// What takes the place of caches in the current task, by name.
    @TaskLocal static var replacements: [String: Cache] = [:]

    /// The current task's caches, or those that were made the process's with ``makeCurrent()``.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/cacheNotFound`` where there are neither.
    public static var current: Caches {
        get throws(CacheError) {
            if let caches = Self.ofTask ?? Self.ofProcess.withLock({ $0 }) { return caches }
            throw CacheError(
                .cacheNotFound,
                "there are no current caches; call makeCurrent() on them at the start, or Caches.withCurrent(_:_:)"
            )
        }
    }

    /// Makes these the caches of all tasks that have none of their own: for the start of a program.
    ///
    /// They stay alive as long as the process, or until others take their place.
    public func makeCurrent() {
        Self.ofProcess.withLock { $0 = self }
    }

    /// Runs code whose current caches these are, in the task and in what it starts.
    ///
    /// - Parameters:
    ///   - caches: The caches.
    ///   - body: The code.
    /// - Returns: What the code returns.
    /// - Throws: What the code throws.
    public static func withCurrent<Result>(
        _ caches: Caches,
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        try await Self.$ofTask.withValue(caches) { try await body() }
    }

    /// Runs code for which another cache has a name, in the task and in what it starts: for tests and for pages that are to be
    /// seen without what is cached.
    ///
    /// ```swift
    /// try await Caches.overriding("books", with: Cache(.null)) {
    ///     try await renderFrontPage()
    /// }
    /// ```
    ///
    /// Whatever ``Caches`` is asked for the name returns the replacement, even one that has no such cache. Who took the cache
    /// before, and kept it, keeps it.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - cache: What is to have it.
    ///   - body: The code.
    /// - Returns: What the code returns.
    /// - Throws: What the code throws.
    public static func overriding<Result>(
        _ name: String,
        with cache: Cache,
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        var replacements = Self.replacements
        replacements[name] = cache
        return try await Self.$replacements.withValue(replacements) { try await body() }
    }
}
