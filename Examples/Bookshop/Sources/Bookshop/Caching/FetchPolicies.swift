import Larder

// How fresh the shop's values have to be, and how long visitors wait for them. What is invalidated by a tag or a key is
// never served again under any of these; they are about what merely gets old.

extension FetchPolicy {
    /// Books and shelves: they change rarely, and whoever changes them invalidates them.
    ///
    /// They stay fresh for about an hour, and no two that were fetched together for exactly as long. "There is no such
    /// book" is forgotten sooner, since books are added without an invalidation of what was not there.
    static let rows = Self.valid { () throws(CacheError) in
        try FetchPolicy(
            ttl: .hours(1),
            staleOnError: Self.standIn,
            softTimeout: Self.patience,
            hardTimeout: Self.longestFill,
            jitter: 0.1,
            negativeTTL: .seconds(300)
        )
    }

    /// Lists, pages and searches: many, each dear to make, and wanted again soon or never.
    ///
    /// One that is asked for in its last minute is made anew behind that visitor, so a list that is in demand never keeps
    /// anybody waiting; the others go after about five minutes.
    static let lists = Self.valid { () throws(CacheError) in
        try FetchPolicy(
            ttl: .minutes(5),
            refreshAfter: .seconds(240),
            staleOnError: Self.standIn,
            softTimeout: Self.patience,
            hardTimeout: Self.longestFill,
            jitter: 0.1
        )
    }

    /// How long past its time a value stands in for a database that fails: over a night, and the morning after.
    private static let standIn = Duration.seconds(86_400)

    /// How long a visitor waits for the database while there is an old value.
    private static let patience = Duration.milliseconds(500)

    /// How long a query may take; it takes milliseconds unless something is wrong.
    private static let longestFill = Duration.seconds(10)

    private static func valid(_ policy: () throws(CacheError) -> FetchPolicy) -> FetchPolicy {
        do {
            return try policy()
        } catch {
            preconditionFailure("a policy of the shop contradicts itself: \(error)")
        }
    }
}
