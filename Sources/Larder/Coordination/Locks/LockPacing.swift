/// How somebody who waits for a lock, and cannot be told, asks from time to time.
///
/// A plain value. Failures and deafness are counted apart: an outage says nothing about whether the store can tell of
/// anything, so after one it is tried at once to listen.
struct LockPacing {
    private var failures = 0
    private var deafRounds = 0

    /// The longest pause of one who cannot be told.
    private static let longestDeafPause = Duration.milliseconds(50)
    /// The longest pause while the store is unavailable.
    private static let longestOutagePause = Duration.milliseconds(250)
    /// After how many rounds it is tried again to listen.
    private static let deafRoundsBetweenAttempts = 32

    /// Whether to try to listen.
    var shouldListen: Bool { self.deafRounds % Self.deafRoundsBetweenAttempts == 0 }

    /// The store has answered that others hold the lock.
    mutating func heard() {
        guard self.failures > 0 else { return }
        self.failures = 0
        self.deafRounds = 0
    }

    /// The store was unavailable.
    ///
    /// - Returns: How long to pause before it is asked again.
    mutating func failed() -> Duration {
        defer { self.failures += 1 }
        return Self.pause(self.failures, atMost: Self.longestOutagePause)
    }

    /// The store cannot tell of anything.
    ///
    /// - Returns: How long to pause before it is asked again.
    mutating func isDeaf() -> Duration {
        defer { self.deafRounds += 1 }
        return Self.pause(self.deafRounds, atMost: Self.longestDeafPause)
    }

    /// Twice as long each time, shortened by chance, so that those who wait do not ask all at once.
    private static func pause(_ count: Int, atMost limit: Duration) -> Duration {
        min(Duration.milliseconds(2) * (1 << min(count, 10)), limit) * Double.random(in: 0.5...1)
    }
}
