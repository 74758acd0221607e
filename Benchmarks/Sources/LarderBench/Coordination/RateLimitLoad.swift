import Larder

/// Tasks that each ask a limiter one time after the other, about subjects of their own.
struct RateLimitLoad {
    enum Algorithm: String, CaseIterable {
        case tokenBucket = "token_bucket"
        case slidingWindow = "sliding_window"
        case fixedWindow = "fixed_window"
        /// A token bucket and a sliding window at once.
        case both = "token_bucket+sliding_window"

        /// Limits that nobody reaches here, or that everybody has reached.
        func limits(_ mix: Mix) -> [RateLimit] {
            let isAdmitted = mix == .admitted
            let bucket = RateLimit.tokenBucket(isAdmitted ? 1 << 26 : 1, per: isAdmitted ? .seconds(1) : .days(1))
            // Of a second, so that the log is as long as it can be.
            let sliding = RateLimit.slidingWindow(isAdmitted ? 1 << 26 : 1, per: isAdmitted ? .seconds(1) : .days(1))
            let fixed = RateLimit.fixedWindow(isAdmitted ? 1 << 26 : 1, per: isAdmitted ? .seconds(1) : .days(300))
            switch self {
            case .tokenBucket: return [bucket]
            case .slidingWindow: return [sliding]
            case .fixedWindow: return [fixed]
            case .both: return [bucket, sliding]
            }
        }
    }

    enum Mix: String, CaseIterable {
        case admitted
        case denied
    }

    struct Sample {
        var operationsPerSecond: Double
        var p50: Double
        var p99: Double
    }

    let mix: Mix
    let tasks: Int
    let seconds: Double

    private func subject(_ task: Int) -> String { "user:\(task % 1_000)" }

    /// Charges every subject once.
    func prepare(_ limiter: RateLimiter) async throws {
        for task in 0..<self.tasks { _ = try await limiter.check(self.subject(task)) }
    }

    func run(on limiter: RateLimiter) async throws -> Sample {
        let clock = ContinuousClock()
        let start = clock.now
        let end = start.advanced(by: .seconds(self.seconds))
        let isAdmitted = self.mix == .admitted
        let (calls, times) = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for task in 0..<self.tasks {
                let subject = self.subject(task)
                group.addTask {
                    var calls = 0
                    var times: [Float] = []
                    while true {
                        let before = clock.now
                        if before >= end { return (calls, times) }
                        // Every eighth is timed, as of the reads.
                        for index in 0..<8 {
                            let decision = try await limiter.check(subject)
                            precondition(decision.isAllowed == isAdmitted)
                            if index == 0 { times.append(Float(before.duration(to: clock.now).microseconds)) }
                        }
                        calls += 8
                    }
                }
            }
            return try await group.reduce(into: (0, [Float]())) { sum, part in
                sum.0 += part.0
                sum.1 += part.1
            }
        }
        let duration = start.duration(to: clock.now)
        let sorted = times.sorted().map(Double.init)
        return Sample(
            operationsPerSecond: Double(calls) / duration.microseconds * 1_000_000,
            p50: percentile(0.5, of: sorted),
            p99: percentile(0.99, of: sorted)
        )
    }
}
