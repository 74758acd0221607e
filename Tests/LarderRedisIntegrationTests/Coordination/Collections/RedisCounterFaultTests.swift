import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// Counters whose connections are killed while they are added to.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisCounterFaultTests {
    /// What became of some additions.
    private struct Tally: Sendable {
        var done = 0
        /// Those of which nobody knows.
        var unknown = 0
        /// Sums that were returned.
        var sums: [Int] = []
    }

    @Test(arguments: [CollectionLifetime.fixed(.days(1)), .sliding(.days(1))])
    func additionThatSucceedsIsDoneOnceAlthoughConnectionsAreKilled(_ lifetime: CollectionLifetime) async throws {
        try await withRedis { redis in
            let tallies = try await withThrowingTaskGroup(of: Tally.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let client = try RedisClient(
                            RedisConfiguration(host: redis.server.host, port: redis.server.port)
                        )
                        let counter = Collections(.redis(client), namespace: "shop").counter("c", lifetime: lifetime)
                        let tally = try await Self.add(to: counter, tasks: 25, times: 100)
                        await client.shutdown()
                        return tally
                    }
                }
                for _ in 0..<20 {
                    try await Task.sleep(for: .milliseconds(10))
                    try await redis.server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let done = tallies.reduce(0) { $0 + $1.done }
            let unknown = tallies.reduce(0) { $0 + $1.unknown }
            let counter = Collections(.redis(redis.client), namespace: "shop").counter("c")
            let value = try await counter.value()
            #expect(done + unknown == 10_000)
            #expect(done <= value && value <= done + unknown, "\(done) done, \(unknown) unknown, \(value) counted")
            let sums = tallies.flatMap(\.sums)
            #expect(Set(sums).count == sums.count)
            let left = try await counter.ttl()?.duration
            #expect(left.map { $0 > .seconds(86_000) } == true)
        }
    }

    private static func add(to counter: SharedCounter, tasks: Int, times: Int) async throws -> Tally {
        try await withThrowingTaskGroup(of: Tally.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    var tally = Tally()
                    for _ in 0..<times {
                        do {
                            tally.sums.append(try await counter.increment())
                            tally.done += 1
                        } catch let error as CacheError where error.code == .unavailable {
                            tally.unknown += 1
                        }
                    }
                    return tally
                }
            }
            return try await group.reduce(into: Tally()) { sum, tally in
                sum.done += tally.done
                sum.unknown += tally.unknown
                sum.sums += tally.sums
            }
        }
    }
}
