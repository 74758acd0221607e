import ArgumentParser
import LarderRedisClient
import LarderTesting

/// `larder-bench redis`: the Redis client beside redis-benchmark, on a server of its own.
struct RedisBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redis",
        abstract: "Measures the Redis client beside redis-benchmark, on servers that it starts itself.",
        discussion: """
            With --topology, the same commands through a client of that topology and through one of a single server, in \
            turn: ratio_to_standalone is the former over the latter. A cluster is measured with one node that has all \
            slots and with six nodes (three primaries); replicas answer the reads.
            """
    )

    @Option(help: "How often to measure; each line is the median.")
    var runs = 5

    @Option(
        help: "How many tasks send at the same time, separated by commas; 1,50,200,1000, or 50,200 with --topology."
    )
    var tasks: String?

    @Option(
        help:
            "Servers to measure beside a single one: cluster, sentinel or replicas, separated by commas, or standalone."
    )
    var topology = "standalone"

    @Option(help: "How long to measure each time.")
    var seconds = 1.0

    func validate() throws {
        guard self.runs > 0, self.seconds > 0 else { throw ValidationError("--runs and --seconds must be positive") }
        guard !self.taskCounts.isEmpty else { throw ValidationError("--tasks needs numbers, such as 1,50,200") }
        guard let topologies = self.topologies, !topologies.isEmpty else {
            throw ValidationError("--topology takes standalone, cluster, sentinel and replicas")
        }
    }

    private var taskCounts: [Int] {
        let text = self.tasks ?? (self.topology == "standalone" ? "1,50,200,1000" : "50,200")
        return text.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }
    }

    /// Nil if a word is none of them.
    private var topologies: [TopologyBench.Kind]? {
        let words = self.topology.split(separator: ",")
        let kinds = words.compactMap { TopologyBench.Kind(rawValue: String($0)) }
        return kinds.count == words.count ? kinds : nil
    }

    func run() async throws {
        for kind in self.topologies ?? [] {
            if kind == .standalone {
                try await self.measureStandalone()
            } else {
                try await TopologyBench(
                    kind: kind,
                    taskCounts: self.taskCounts,
                    runs: self.runs,
                    seconds: self.seconds
                ).run()
            }
        }
    }

    private func measureStandalone() async throws {
        try await withRedisServer { server in
            try await RedisBenchmark.prepare(port: server.port)
            let client = try RedisClient(url: server.url)
            try await RedisLoad.prepare(client)
            for count in self.taskCounts {
                for operation in RedisLoad.Operation.allCases {
                    try await self.measure(operation, tasks: count, client: client, port: server.port)
                }
            }
            try await self.measureMany(client: client, port: server.port)
            await client.shutdown()
        }
    }

    // MARK: One command a call

    private func measure(_ operation: RedisLoad.Operation, tasks: Int, client: RedisClient, port: Int) async throws {
        let peerClients = tasks == 1 ? 1 : 50
        var limits: [Double] = []
        progress("redis.\(operation.rawValue) with \(tasks) tasks")
        var ours: [RedisLoad.Sample] = []
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
            ours.append(try await RedisLoad(operation: operation, tasks: tasks, seconds: self.seconds).run(on: client))
            if tasks > 1 { limits.append(await ResumptionBench.rate(tasks: tasks, seconds: self.seconds / 2)) }
        }
        let rate = median(ours.map(\.operationsPerSecond))
        let p50 = median(ours.map(\.p50))
        var line = BenchLine("redis.\(operation.rawValue)")
        line.set("topology", "standalone")
        line.set("nodes", 1)
        line.set("tasks", tasks)
        line.set("value_bytes", RedisLoad.valueBytes)
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
        line.set("value_bytes", RedisLoad.valueBytes)
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
