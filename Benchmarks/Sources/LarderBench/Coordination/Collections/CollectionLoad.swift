import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

/// What tasks do to a collection, and the plain commands that do the same.
struct CollectionLoad: Sendable {
    typealias Operation = @Sendable (_ number: Int) async throws -> Void

    let name: String
    /// The plain commands' names.
    let peer: String
    let operation: @Sendable (Collections) -> Operation
    let plain: @Sendable (RedisClient) -> Operation

    private static let day = CollectionLifetime.sliding(.days(1))

    static let all: [CollectionLoad] = [
        CollectionLoad(
            name: "counter",
            peer: "INCRBY",
            operation: { collections in
                let counter = collections.counter("c", lifetime: .fixed(.days(1)))
                return { _ in try await counter.increment() }
            },
            plain: { client in { _ in _ = try await client.send(RedisCommand("INCRBY", "plain:c", 1)) } }
        ),
        CollectionLoad(
            name: "list",
            peer: "LPUSH, LTRIM",
            operation: { collections in
                let list = collections.list("l", of: Int.self, limit: 100, lifetime: Self.day)
                return { try await list.prepend($0) }
            },
            plain: { client in
                { number in
                    _ = try await client.pipeline([
                        RedisCommand("LPUSH", "plain:l", number), RedisCommand("LTRIM", "plain:l", 0, 99),
                    ])
                }
            }
        ),
        CollectionLoad(
            name: "queue",
            peer: "RPUSH, then LPOP",
            operation: { collections in
                let queue = collections.queue("q", of: Int.self, lifetime: Self.day)
                return { number in
                    try await queue.push(number)
                    _ = try await queue.pop()
                }
            },
            plain: { client in
                { number in
                    _ = try await client.send(RedisCommand("RPUSH", "plain:q", number))
                    _ = try await client.send(RedisCommand("LPOP", "plain:q"))
                }
            }
        ),
        CollectionLoad(
            name: "set",
            peer: "SADD, then SISMEMBER",
            operation: { collections in
                let set = collections.set("s", of: Int.self, lifetime: Self.day)
                return { number in
                    try await set.insert(number % 1_000)
                    _ = try await set.contains(number % 997)
                }
            },
            plain: { client in
                { number in
                    _ = try await client.send(RedisCommand("SADD", "plain:s", number % 1_000))
                    _ = try await client.send(RedisCommand("SISMEMBER", "plain:s", number % 997))
                }
            }
        ),
        CollectionLoad(
            name: "hash",
            peer: "HINCRBY, then HGET",
            operation: { collections in
                let hash = collections.hash("h", from: Int.self, to: Int.self, lifetime: Self.day)
                return { number in
                    try await hash.increment(number % 1_000)
                    _ = try await hash.get(number % 997)
                }
            },
            plain: { client in
                { number in
                    _ = try await client.send(RedisCommand("HINCRBY", "plain:h", number % 1_000, 1))
                    _ = try await client.send(RedisCommand("HGET", "plain:h", number % 997))
                }
            }
        ),
    ]
}

extension CollectionsMeasurement {
    static let namespace: CacheNamespace = "bench"

    func measure(_ load: CollectionLoad) async throws {
        var memory: [Double] = []
        let collections = Collections(.memory(), namespace: Self.namespace)
        for _ in 0..<self.runs { memory.append(try await self.rate(load.operation(collections))) }
        self.line(load, "memory", median(memory)).print()

        try await withRedisServer { server in
            let client = try RedisClient(url: server.url)
            let collections = Collections(.redis(client), namespace: Self.namespace)
            var (ours, theirs): ([Double], [Double]) = ([], [])
            // In turns, so that both see the same machine.
            for _ in 0..<self.runs {
                theirs.append(try await self.rate(load.plain(client)))
                ours.append(try await self.rate(load.operation(collections)))
            }
            await client.shutdown()
            var line = self.line(load, "redis", median(ours))
            line.setPeer(load.peer, operationsPerSecond: median(theirs), ours: median(ours))
            line.print()
        }
    }

    private func line(_ load: CollectionLoad, _ store: String, _ rate: Double) -> BenchLine {
        var line = BenchLine("collections.\(load.name)")
        line.set("store", store)
        line.set("tasks", self.tasks)
        line.set("ops_per_s", rate)
        return line
    }

    /// How many operations a second all tasks do together.
    private func rate(_ operation: @escaping CollectionLoad.Operation) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let end = start.advanced(by: .seconds(self.seconds))
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<self.tasks {
                group.addTask {
                    var number = task
                    while clock.now < end {
                        for _ in 0..<8 {
                            try await operation(number)
                            number += 1
                        }
                    }
                    return number - task
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(count) / (start.duration(to: clock.now) / .seconds(1))
    }
}
