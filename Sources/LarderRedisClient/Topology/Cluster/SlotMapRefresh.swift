/// When to ask for the map of slots again.
///
/// A plain value. It keeps a crowd of callers, each of whom has learned that the map is wrong, from asking as many times:
/// one inquiry runs at a time, and between the beginnings of two there is a pause, which grows while they bring nothing
/// new.
struct SlotMapRefresh {
    private enum Phase: Equatable {
        case idle
        /// An inquiry is due, now or after a pause.
        case due
        /// One is under way. What was learned after it began, it may not have seen.
        case running(isOutdated: Bool)
    }

    /// What an inquiry came to.
    enum Outcome {
        case changed
        case unchanged
        case failed
    }

    static let shortestPause: Int64 = 100_000_000
    static let longestPause: Int64 = 500_000_000
    static let shortestLife: Int64 = 1_000_000_000
    static let longestLife: Int64 = 30_000_000_000

    /// How long the map is believed without being asked for again, in nanoseconds.
    ///
    /// A server leaves out of its map the replicas of which it does not know yet how far they are, so the first map, and that
    /// after a change, may lack some. Such a map is asked for again soon, and later each time that it stays the same.
    private(set) var life = Self.shortestLife

    private var phase = Phase.idle
    private var pause = Self.shortestPause
    private var began: MonotonicTime?

    /// Somebody has reason to doubt the map, or has none.
    ///
    /// - Returns: After how many nanoseconds to begin an inquiry; nil if one will be made anyway.
    mutating func request(at now: MonotonicTime) -> Int64? {
        switch self.phase {
        case .idle:
            self.phase = .due
            guard let began = self.began else { return 0 }
            let wait = began.advanced(by: self.pause).nanoseconds - now.nanoseconds
            return max(0, wait)
        case .due:
            return nil
        case .running:
            self.phase = .running(isOutdated: true)
            return nil
        }
    }

    /// An inquiry begins.
    mutating func begin(at now: MonotonicTime) {
        self.phase = .running(isOutdated: false)
        self.began = now
    }

    /// The inquiry has ended.
    ///
    /// - Returns: After how many nanoseconds to begin another; nil if nobody has asked for one since.
    mutating func end(_ outcome: Outcome, at now: MonotonicTime) -> Int64? {
        guard case .running(let isOutdated) = self.phase else { return nil }
        self.pause =
            switch outcome {
            case .changed: Self.shortestPause
            case .unchanged, .failed: min(self.pause * 2, Self.longestPause)
            }
        self.life =
            switch outcome {
            case .changed: Self.shortestLife
            case .unchanged, .failed: min(self.life * 2, Self.longestLife)
            }
        self.phase = .idle
        return isOutdated ? self.request(at: now) : nil
    }
}
