import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

// What a lock costs that nobody else wants.
extension LocksBench {
    private static let compareAndDelete = RedisScript(
        """
        if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0
        """
    )

    func uncontended() async throws {
        try await withRedisServer { server in
            let client = try RedisClient(url: server.url)
            let locks = Locks(.redis(client), namespace: "bench")
            do {
                for tasks in [1, 50] {
                    progress("free locks, \(tasks) tasks")
                    var (ours, theirs): ([Double], [Double]) = ([], [])
                    for _ in 0..<self.runs {
                        ours.append(
                            try await self.rate(tasks) { try await locks.withLock("lock:\($0)") { _ in } }
                        )
                        theirs.append(try await self.rate(tasks) { try await Self.plainLock("plain:\($0)", client) })
                    }
                    var line = BenchLine("locks.uncontended")
                    line.set("store", "redis")
                    line.set("tasks", tasks)
                    line.set("ops_per_s", median(ours))
                    line.setPeer("SET NX PX and a script", operationsPerSecond: median(theirs), ours: median(ours))
                    line.print()
                }
                try await self.inMemory()
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
    }

    private func inMemory() async throws {
        let locks = Locks(.memory(), namespace: "bench")
        var rates: [Double] = []
        for _ in 0..<self.runs {
            rates.append(try await self.rate(1) { try await locks.withLock("lock:\($0)") { _ in } })
        }
        var line = BenchLine("locks.uncontended")
        line.set("store", "memory")
        line.set("tasks", 1)
        line.set("ops_per_s", median(rates))
        line.print()
    }

    /// How often a second tasks do something, each with a name of its own.
    private func rate(_ tasks: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws -> Double {
        let start = ContinuousClock.now
        let end = start.advanced(by: .seconds(self.seconds))
        let calls = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var calls = 0
                    while ContinuousClock.now < end {
                        try await body(task)
                        calls += 1
                    }
                    return calls
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(calls) / (start.duration(to: .now) / .seconds(1))
    }

    private static func plainLock(_ name: String, _ client: RedisClient) async throws {
        let owner = "\(LockOwner.random())"
        let reply = try await client.send(RedisCommand("SET", name, owner, "NX", "PX", "30000"))
        guard reply != .null else { throw Failure("a lock that nobody wants is held") }
        let deleted = try await Self.compareAndDelete.run(keys: [name], arguments: owner, on: client, as: Int.self)
        guard deleted == 1 else { throw Failure("a lock was lost that nobody wants") }
    }
}
