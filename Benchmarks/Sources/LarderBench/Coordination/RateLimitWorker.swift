import ArgumentParser
import Foundation
import Larder
import LarderRedis
import LarderRedisClient

/// `larder-bench ratelimit-worker`: one of several processes that hammer one subject.
///
/// It measures for a given time and ends, so it does not outlive the one that has started it for long.
struct RateLimitWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "ratelimit-worker", shouldDisplay: false)

    @Option(help: "The server.")
    var url: String

    @Option(help: "What to do, as JSON.")
    var hammer: String

    @Option(help: "When to begin, in nanoseconds of the system's clock.")
    var start: UInt64

    private static let tasks = 25

    func run() async throws {
        let hammer = try JSONDecoder().decode(RateLimitHammer.self, from: Data(self.hammer.utf8))
        let client = try RedisClient(url: self.url)
        let limiter = try RateLimiter(.redis(client), namespace: "bench", limits: [hammer.limit])
        _ = try await limiter.peek("connected")
        try await SystemTime.sleep(until: self.start)
        let end = self.start + UInt64(hammer.milliseconds) * 1_000_000
        var outcome = RateLimitHammer.Outcome(first: SystemTime.nanoseconds, last: 0)
        let sum = try await withThrowingTaskGroup(of: (checks: Int, admitted: Int).self) { group in
            for _ in 0..<Self.tasks {
                group.addTask {
                    var (checks, admitted) = (0, 0)
                    while SystemTime.nanoseconds < end {
                        if try await limiter.check("one").isAllowed { admitted += 1 }
                        checks += 1
                    }
                    return (checks, admitted)
                }
            }
            return try await group.reduce(into: (0, 0)) { sum, part in
                sum.0 += part.checks
                sum.1 += part.admitted
            }
        }
        outcome.last = SystemTime.nanoseconds
        outcome.checks = sum.0
        outcome.admitted = sum.1
        FileHandle.standardOutput.write(try JSONEncoder().encode(outcome))
        await client.shutdown()
    }
}
