import Dispatch
import Foundation
import Larder
import LarderTesting

/// Processes that call for one subject of one limiter as fast as they can.
struct RateLimitHammer: Codable, Sendable {
    struct Result: Sendable {
        var checks = 0
        var admitted = 0
        /// The most that the limit may have allowed.
        var allowed = 0
        var seconds = 0.0
    }

    /// What one process did.
    struct Outcome: Codable, Sendable {
        var checks = 0
        var admitted = 0
        /// When it asked for the first time, and when it had its last answer: `SystemTime`.
        var first: UInt64
        var last: UInt64
    }

    let algorithm: String
    let count: Int
    let periodMilliseconds: Int
    let burst: Int
    /// For windows a time between two multiples of their length, so that the end of the measurement cuts none short.
    let milliseconds: Int

    static let all = [
        Self(algorithm: "token_bucket", count: 7_000, periodMilliseconds: 1_000, burst: 2_000, milliseconds: 5_000),
        Self(algorithm: "sliding_window", count: 2_000, periodMilliseconds: 500, burst: 0, milliseconds: 4_800),
        Self(algorithm: "fixed_window", count: 2_000, periodMilliseconds: 500, burst: 0, milliseconds: 4_800),
    ]

    var limit: RateLimit {
        let period = RateLimit.Period.milliseconds(self.periodMilliseconds)
        return switch self.algorithm {
        case "token_bucket": .tokenBucket(self.count, per: period, burst: self.burst)
        case "sliding_window": .slidingWindow(self.count, per: period)
        default: .fixedWindow(self.count, per: period)
        }
    }

    /// When all begin together: when the last one has long started, and a tenth of a period after a multiple of it by the time
    /// of day, so that the first and the last fixed window are as good as whole.
    private var start: UInt64 {
        let period = Double(self.periodMilliseconds) / 1_000
        let earliest = Date().timeIntervalSince1970 + 3
        let begin = ((earliest / period).rounded(.up) + 0.1) * period
        return SystemTime.nanoseconds + 3_000_000_000 + UInt64((begin - earliest) * 1e9)
    }

    func run(url: String, processes: Int) async throws -> Result {
        var workers: [HammerProcess] = []
        let outcomes: Swift.Result<[Outcome], any Error>
        do {
            let start = self.start
            for _ in 0..<processes { workers.append(try HammerProcess(self, url: url, start: start)) }
            var all: [Outcome] = []
            for worker in workers { all.append(try await worker.outcome()) }
            outcomes = .success(all)
        } catch {
            outcomes = .failure(error)
        }
        for worker in workers { worker.end() }
        return self.result(of: try outcomes.get())
    }

    private func result(of outcomes: [Outcome]) -> Result {
        var result = Result()
        for outcome in outcomes {
            result.checks += outcome.checks
            result.admitted += outcome.admitted
        }
        let first = outcomes.map(\.first).min() ?? 0
        let last = outcomes.map(\.last).max() ?? 0
        result.seconds = Double(last - first) / 1e9
        let periods = result.seconds * 1_000 / Double(self.periodMilliseconds)
        switch self.algorithm {
        case "token_bucket": result.allowed = self.burst + Int(periods * Double(self.count))
        case "sliding_window": result.allowed = self.count * Int(periods.rounded(.up))
        default:
            // Windows follow the time of day: those that the measurement has touched.
            let end = Date().timeIntervalSince1970 - Double(SystemTime.nanoseconds - last) / 1e9
            let length = Double(self.periodMilliseconds) / 1_000
            let windows = (end / length).rounded(.down) - ((end - result.seconds) / length).rounded(.down) + 1
            result.allowed = self.count * Int(windows)
        }
        return result
    }
}

/// A `larder-bench ratelimit-worker` of this process.
private final class HammerProcess {
    private let process = Process()
    private let output: FileHandle

    init(_ hammer: RateLimitHammer, url: String, start: UInt64) throws {
        guard let program = Bundle.main.executablePath else { throw Failure("this program does not know where it is") }
        let output = Pipe()
        self.process.executableURL = URL(fileURLWithPath: program)
        let text = String(decoding: try JSONEncoder().encode(hammer), as: UTF8.self)
        self.process.arguments = ["ratelimit-worker", "--url", url, "--hammer", text, "--start", "\(start)"]
        self.process.standardOutput = output
        self.output = output.fileHandleForReading
        try self.process.run()
    }

    /// What the process did; it says so when it is done, and ends.
    func outcome() async throws -> RateLimitHammer.Outcome {
        let output = self.output
        let data = await withCheckedContinuation { continuation in
            // Blocking calls belong on a thread that no task waits for.
            DispatchQueue.global().async { continuation.resume(returning: output.readDataToEndOfFile()) }
        }
        guard !data.isEmpty else { throw Failure("a worker has ended without a result") }
        return try JSONDecoder().decode(RateLimitHammer.Outcome.self, from: data)
    }

    func end() {
        if self.process.isRunning { self.process.terminate() }
        self.process.waitUntilExit()
    }
}
