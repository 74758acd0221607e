import ArgumentParser
import LarderRedisClient
import LarderTesting

/// `larder-bench redis`: the Redis client beside redis-benchmark, on a server of its own.
struct RedisBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redis",
        abstract: "Measures the Redis client beside redis-benchmark, on a server that it starts itself."
    )

    @Option(help: "How often to measure; each line is the median.")
    var runs = 5

    @Option(help: "How many tasks send at the same time, separated by commas.")
    var tasks = "1,50,200,1000"

    @Option(help: "How long to measure each time.")
    var seconds = 1.0

    private static let valueBytes = 64

    func validate() throws {
        guard self.runs > 0, self.seconds > 0 else { throw ValidationError("--runs and --seconds must be positive") }
        guard !self.taskCounts.isEmpty else { throw ValidationError("--tasks needs numbers, such as 1,50,200") }
    }

    private var taskCounts: [Int] {
        self.tasks.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }
    }

    func run() async throws {
        try await withRedisServer { server in
            try await RedisBenchmark.prepare(port: server.port)
            let client = try RedisClient(url: server.url)
            for index in 0..<1000 {
                try await client.set("key:\(index)", Self.value)
            }
            for count in self.taskCounts {
                for operation in Operation.allCases {
                    try await self.measure(operation, tasks: count, client: client, port: server.port)
                }
            }
            try await self.measureMany(client: client, port: server.port)
            await client.shutdown()
        }
    }

    private static let value = String(repeating: "v", count: RedisBench.valueBytes)

    private enum Operation: String, CaseIterable {
        case get
        case set
    }

    // MARK: One command a call

    private func measure(_ operation: Operation, tasks: Int, client: RedisClient, port: Int) async throws {
        let peerClients = tasks == 1 ? 1 : 50
        var limits: [Double] = []
        progress("redis.\(operation.rawValue) with \(tasks) tasks")
        var ours: [Sample] = []
        var theirs: [RedisBenchmark.Result] = []
        for _ in 0..<self.runs {
            theirs.append(
                try await RedisBenchmark.run(
                    port: port,
                    test: operation.rawValue,
                    clients: peerClients,
                    requests: Int((tasks == 1 ? 25_000 : 100_000) * self.seconds)
                )
            )
            ours.append(try await self.sample(operation, tasks: tasks, client: client))
            if tasks > 1 { limits.append(await ResumptionBench.rate(tasks: tasks, seconds: self.seconds / 2)) }
        }
        let rate = median(ours.map(\.operationsPerSecond))
        let p50 = median(ours.map(\.p50))
        var line = BenchLine("redis.\(operation.rawValue)")
        line.set("tasks", tasks)
        line.set("value_bytes", Self.valueBytes)
        line.set("ops_per_s", rate)
        line.set("p50_us", p50)
        line.set("p99_us", median(ours.map(\.p99)))
        line.set("cpu_us", median(ours.map(\.cpu)))
        if tasks == 1 {
            let peer = median(theirs.map(\.p50))
            line.set("peer", "redis-benchmark -c 1")
            line.set("peer_p50_us", peer)
            line.set("peer_ops_per_s", median(theirs.map(\.operationsPerSecond)))
            line.set("ratio", median(zip(theirs, ours).map { $0.p50 / $1.p50 }))
        } else {
            line.set("peer", "redis-benchmark -c 50")
            line.set("peer_ops_per_s", median(theirs.map(\.operationsPerSecond)))
            line.set("ratio", median(zip(theirs, ours).map { $1.operationsPerSecond / $0.operationsPerSecond }))
            line.set("resumptions_per_s", median(limits))
        }
        line.print()
    }

    private struct Sample {
        var operationsPerSecond: Double
        var p50 = 0.0
        var p99 = 0.0
        /// What an operation takes of this process' time on all cores, in microseconds.
        var cpu = 0.0
    }

    private func sample(_ operation: Operation, tasks: Int, client: RedisClient) async throws -> Sample {
        let clock = ContinuousClock()
        let start = clock.now
        let cpu = ProcessorTime.ofProcess
        let end = start.advanced(by: .seconds(self.seconds))
        // Timing is work too, which redis-benchmark does not have in Swift: of many tasks' calls every eighth is timed.
        let untimed = tasks == 1 ? 0 : 7
        let (calls, times) = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for task in 0..<tasks {
                group.addTask {
                    let key = "key:\(task % 1000)"
                    var calls = 0
                    var times: [Float] = []
                    while true {
                        let before = clock.now
                        if before >= end { return (calls, times) }
                        try await Self.perform(operation, key, client)
                        times.append(Float(before.duration(to: clock.now).microseconds))
                        for _ in 0..<untimed { try await Self.perform(operation, key, client) }
                        calls += 1 + untimed
                    }
                }
            }
            return try await group.reduce(into: (0, [Float]())) { sum, part in
                sum.0 += part.0
                sum.1 += part.1
            }
        }
        let duration = start.duration(to: clock.now)
        let spent = ProcessorTime.ofProcess - cpu
        let sorted = times.sorted().map(Double.init)
        return Sample(
            operationsPerSecond: Double(calls) / duration.microseconds * 1_000_000,
            p50: percentile(0.5, of: sorted),
            p99: percentile(0.99, of: sorted),
            cpu: spent.microseconds / Double(calls)
        )
    }

    @inline(__always)
    private static func perform(_ operation: Operation, _ key: String, _ client: RedisClient) async throws {
        switch operation {
        case .get:
            let value = try await client.get(key, as: String.self)
            precondition(value?.utf8.count == Self.valueBytes)
        case .set:
            try await client.set(key, Self.value)
        }
    }

    // MARK: Many keys a call

    private func measureMany(client: RedisClient, port: Int) async throws {
        progress("redis.getMany")
        let keys = (0..<100).map { "key:\($0)" }
        var ours: [Double] = []
        var theirs: [RedisBenchmark.Result] = []
        for _ in 0..<self.runs {
            theirs.append(
                try await RedisBenchmark.run(
                    port: port,
                    test: "get",
                    clients: 1,
                    requests: Int(600_000 * self.seconds),
                    pipeline: 100
                )
            )
            let clock = ContinuousClock()
            let start = clock.now
            let end = start.advanced(by: .seconds(self.seconds))
            var calls = 0
            while clock.now < end {
                let values = try await client.mget(keys, as: String.self)
                precondition(values.count == keys.count)
                calls += 1
            }
            ours.append(Double(calls * keys.count) / start.duration(to: clock.now).microseconds * 1_000_000)
        }
        var line = BenchLine("redis.getMany")
        line.set("tasks", 1)
        line.set("keys", keys.count)
        line.set("value_bytes", Self.valueBytes)
        line.set("ops_per_s", median(ours))
        line.set("peer", "redis-benchmark -P 100 -c 1")
        line.set("peer_ops_per_s", median(theirs.map(\.operationsPerSecond)))
        line.set("ratio", median(zip(theirs, ours).map { $1 / $0.operationsPerSecond }))
        line.print()
    }
}

extension Duration {
    var microseconds: Double {
        Double(self.components.seconds) * 1e6 + Double(self.components.attoseconds) / 1e12
    }
}
