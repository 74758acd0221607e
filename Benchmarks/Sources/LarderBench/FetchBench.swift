import ArgumentParser
import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

/// `larder-bench fetch`: what a hit costs through the whole cache, in memory and in Redis.
struct FetchBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Measures hits through the whole Cache, beside MemoryCache and redis-benchmark.",
        discussion: """
            cache.get is a hit in memory by one task, beside the hit of a MemoryCache<String, Book> of the same entries. \
            fetch.hit is a fetch that hits and decodes a struct of four fields: in memory by one task, and in Redis (the \
            namespace's generation checked) by --tasks tasks, beside redis-benchmark's GET of 64 bytes with 50 clients. \
            added_ns is what a hit in memory costs more than MemoryCache itself.
            """
    )

    @Option(help: "How often to measure; each line is the median.")
    var runs = 5

    @Option(help: "How many tasks fetch from Redis at the same time, separated by commas.")
    var tasks = "50"

    @Option(help: "How long to measure each time.")
    var seconds = 1.0

    @Option(help: "Measure only this store: memory or redis.")
    var store: String?

    private struct Book: Codable, Sendable {
        var id: Int
        var title: String
        var author: String
        var isAvailable: Bool
    }

    private static let keyCount = 1_000

    func validate() throws {
        guard self.runs > 0, self.seconds > 0 else { throw ValidationError("--runs and --seconds must be positive") }
        guard ["memory", "redis", nil].contains(self.store) else {
            throw ValidationError("--store takes memory or redis")
        }
        guard !self.taskCounts.isEmpty else { throw ValidationError("--tasks needs numbers, such as 50,200") }
    }

    private var taskCounts: [Int] {
        self.tasks.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }
    }

    func run() async throws {
        if self.store != "redis" { try await self.measureMemory() }
        if self.store != "memory" { try await self.measureRedis() }
    }

    private static func fill(_ cache: Cache) async throws -> [CacheKey<Book>] {
        let keys = (0..<Self.keyCount).map { CacheKey<Book>("book:of:the:shop:\(1_000 + $0)") }
        for (index, key) in keys.enumerated() {
            let book = Book(id: index, title: "Frankenstein", author: "Mary Shelley", isAvailable: true)
            try await cache.set(key, to: book, ttl: .hours(1))
        }
        return keys
    }

    // MARK: Memory

    private func measureMemory() async throws {
        progress("hits in memory")
        let cache = Cache(.memory(entries: 10_000), namespace: "bench")
        let keys = try await Self.fill(cache)
        let plain = MemoryCache<String, Book>(limit: .entries(10_000))
        for key in keys { plain.insert(try await cache.get(key).unwrapped, forKey: key.name, ttl: .seconds(3_600)) }

        var gets: [Double] = []
        var fetches: [Double] = []
        var hits: [Double] = []
        for _ in 0..<self.runs {
            hits.append(
                try Self.nanosecondsPerCall(keys.count) {
                    for key in keys where plain.value(forKey: key.name) == nil { throw MissingHit() }
                }
            )
            gets.append(
                try await Self.nanosecondsPerCall(keys.count) {
                    for key in keys where try await cache.get(key) == nil { throw MissingHit() }
                }
            )
            fetches.append(
                try await Self.nanosecondsPerCall(keys.count) {
                    for key in keys { _ = try await cache.fetch(key) { throw MissingHit() } }
                }
            )
        }
        for (bench, ours) in [("cache.get", gets), ("fetch.hit", fetches)] {
            var line = BenchLine(bench)
            line.set("store", "memory")
            line.set("tasks", 1)
            line.set("ns_per_op", median(ours))
            line.set("ops_per_s", 1e9 / median(ours))
            line.set("peer", "MemoryCache.value(forKey:)")
            line.set("peer_ns_per_op", median(hits))
            line.set("peer_ops_per_s", 1e9 / median(hits))
            line.set("ratio", median(zip(hits, ours).map { $0 / $1 }))
            // What going through Cache and its store adds to the hit itself.
            line.set("added_ns", median(zip(hits, ours).map { $1 - $0 }))
            line.print()
        }
    }

    private static let rounds = 500

    private static func nanosecondsPerCall(_ calls: Int, _ round: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<Self.rounds { try round() }
        return start.duration(to: clock.now).nanoseconds / Double(calls * Self.rounds)
    }

    private static func nanosecondsPerCall(_ calls: Int, _ round: () async throws -> Void) async rethrows -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<Self.rounds { try await round() }
        return start.duration(to: clock.now).nanoseconds / Double(calls * Self.rounds)
    }

    // MARK: Redis

    private func measureRedis() async throws {
        try await withRedisServer { server in
            try await RedisBenchmark.prepare(port: server.port)
            try await self.measure(server)
        }
    }

    private func measure(_ server: RedisServer) async throws {
        let client = try RedisClient(url: server.url)
        let cache = Cache(.redis(client), namespace: "bench")
        let keys = try await Self.fill(cache)
        for tasks in self.taskCounts {
            progress("hits in Redis with \(tasks) tasks")
            var ours: [Double] = []
            var theirs: [Double] = []
            for _ in 0..<self.runs {
                theirs.append(
                    try await RedisBenchmark.run(
                        port: server.port,
                        test: "get",
                        clients: 50,
                        requests: Int(100_000 * self.seconds)
                    ).operationsPerSecond
                )
                ours.append(try await self.fetchesPerSecond(cache, keys, tasks: tasks))
            }
            var line = BenchLine("fetch.hit")
            line.set("store", "redis")
            line.set("tasks", tasks)
            line.set("ops_per_s", median(ours))
            line.set("peer", "redis-benchmark -c 50")
            line.set("peer_ops_per_s", median(theirs))
            line.set("ratio", median(zip(ours, theirs).map { $0 / $1 }))
            line.print()
        }
        await cache.shutdown()
        await client.shutdown()
    }

    private func fetchesPerSecond(_ cache: Cache, _ keys: [CacheKey<Book>], tasks: Int) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let end = start.advanced(by: .seconds(self.seconds))
        let calls = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var calls = 0
                    while clock.now < end {
                        let book = try await cache.fetch(keys[(task + calls) % keys.count]) { throw MissingHit() }
                        precondition(book.isAvailable)
                        calls += 1
                    }
                    return calls
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(calls) / start.duration(to: clock.now).nanoseconds * 1e9
    }
}

/// A read missed that was to hit.
private struct MissingHit: Error {}

extension Optional {
    fileprivate var unwrapped: Wrapped {
        get throws {
            guard let self else { throw MissingHit() }
            return self
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Double {
        Double(self.components.seconds) * 1e9 + Double(self.components.attoseconds) / 1e9
    }
}
