import LarderRedisClient

/// What tasks have seen that call a client without a pause while something is done to its servers.
protocol CallTally: Sendable {
    var replies: Int { get set }
    var errors: [RedisError.Code: Int] { get set }
    /// Errors that are none of the client's.
    var otherErrors: [String] { get set }
    var slowest: Duration { get set }
    /// How late this process woke up from a sleep, at most: no call can be more punctual.
    var lateness: Duration { get set }
}

extension CallTally {
    /// Notes a call that was answered.
    mutating func noteReply(after duration: Duration) {
        self.replies += 1
        self.slowest = max(self.slowest, duration)
    }

    /// Notes a call that has failed.
    mutating func note(_ error: any Error, after duration: Duration) {
        if let error = error as? RedisError {
            self.errors[error.code, default: 0] += 1
        } else {
            self.otherErrors.append("\(error)")
        }
        self.slowest = max(self.slowest, duration)
    }
}

/// Measures how late this process wakes up from sleeps, again and again.
///
/// - Parameters:
///   - goesOn: Whether to sleep once more.
///   - note: Takes how late it was.
func watchLateness(while goesOn: () -> Bool, _ note: (Duration) -> Void) async {
    let clock = ContinuousClock()
    let pause = Duration.milliseconds(5)
    while goesOn() {
        let start = clock.now
        // Cancelled, it returns early, and the next question ends the loop.
        try? await Task.sleep(for: pause)
        note(start.duration(to: clock.now) - pause)
    }
}
