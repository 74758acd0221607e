import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

// How soon who waits for an element has it, and what waiting takes.
extension CollectionsMeasurement {
    private static let pushes = 2_000

    func waiting() async throws {
        try await withRedisServer { server in
            let waiting = try RedisClient(url: server.url)
            let pushing = try RedisClient(url: server.url)
            let queue = Collections(.redis(waiting), namespace: Self.namespace).queue("q", of: UInt64.self)
            let source = Collections(.redis(pushing), namespace: Self.namespace).queue("q", of: UInt64.self)
            let end = UInt64.max
            let (times, connections) = try await withThrowingTaskGroup(of: [Double].self) { group in
                for _ in 0..<self.waiters {
                    group.addTask {
                        var times: [Double] = []
                        while let sent = try await queue.pop(waitingAtMost: .seconds(60)), sent != end {
                            times.append(Double(SystemTime.nanoseconds - sent) / 1e6)
                        }
                        return times
                    }
                }
                try await FetchMeasurement.wait(for: "the waiters") {
                    try await server.command("PUBSUB", "NUMSUB", "@bench:queue:q").contains(":1")
                }
                let list = try await server.command("CLIENT", "LIST")
                let connections = list.split(whereSeparator: \.isNewline).count { $0.contains("addr=") } - 1
                for _ in 0..<Self.pushes {
                    try await source.push(SystemTime.nanoseconds)
                    try await Task.sleep(for: .milliseconds(1))
                }
                for _ in 0..<self.waiters { try await source.push(end) }
                return (try await group.reduce(into: []) { $0 += $1 }.sorted(), connections)
            }
            await waiting.shutdown()
            await pushing.shutdown()
            var line = BenchLine("collections.waiting")
            line.set("store", "redis")
            line.set("waiters", self.waiters)
            line.set("pushes", Self.pushes)
            line.set("delivered", times.count)
            line.set("connections", connections)
            line.set("median_ms", median(times))
            line.set("p99_ms", percentile(0.99, of: times))
            line.print()
        }
    }
}
