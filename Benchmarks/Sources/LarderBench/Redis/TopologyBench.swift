import LarderRedisClient
import LarderTesting

/// The same commands through a client of several servers and through one of a single server, in turn.
///
/// Where several servers are one only, a cluster whose single node has all slots, a client that takes it for a single server
/// sends them too: `ratio_to_same_server` is what the client makes slower, the rest is the server's own work on slots.
struct TopologyBench {
    enum Kind: String, CaseIterable {
        case standalone
        case cluster
        case sentinel
        case replicas
    }

    let kind: Kind
    let taskCounts: [Int]
    let runs: Int
    let seconds: Double

    func run() async throws {
        switch self.kind {
        case .standalone:
            break
        case .cluster:
            try await withRedisCluster(primaries: 1, replicas: 0) {
                try await self.measure($0.url, nodes: 1, sameServer: $0.servers[0].url)
            }
            try await withRedisCluster(primaries: 3, replicas: 1) { try await self.measure($0.url, nodes: 6) }
        case .sentinel:
            try await withRedisSentinels(sentinels: 3, replicas: 2) { try await self.measure($0.url, nodes: 3) }
        case .replicas:
            try await withRedisReplicaSet(replicas: 2) {
                try await self.measure("\($0.url)?read_preference=replica", nodes: 3)
            }
        }
    }

    private func measure(_ url: String, nodes: Int, sameServer: String? = nil) async throws {
        try await withRedisServer { server in
            let single = try RedisClient(url: server.url)
            let several = try RedisClient(url: url)
            let plain = try sameServer.map { try RedisClient(url: $0) }
            try await RedisLoad.prepare(single)
            try await RedisLoad.prepare(several)
            for tasks in self.taskCounts {
                for operation in RedisLoad.Operation.allCases {
                    progress("redis.\(operation.rawValue) on \(self.kind.rawValue) of \(nodes) with \(tasks) tasks")
                    let load = RedisLoad(operation: operation, tasks: tasks, seconds: self.seconds)
                    var samples = Samples()
                    for _ in 0..<self.runs {
                        samples.single.append(try await load.run(on: single))
                        samples.several.append(try await load.run(on: several))
                        if let plain { samples.sameServer.append(try await load.run(on: plain)) }
                    }
                    self.print(operation, tasks: tasks, nodes: nodes, samples)
                }
            }
            await several.shutdown()
            await plain?.shutdown()
            await single.shutdown()
        }
    }

    private struct Samples {
        var single: [RedisLoad.Sample] = []
        var several: [RedisLoad.Sample] = []
        var sameServer: [RedisLoad.Sample] = []

        func ratio(to others: [RedisLoad.Sample]) -> Double {
            median(zip(self.several, others).map { $0.operationsPerSecond / $1.operationsPerSecond })
        }
    }

    private func print(_ operation: RedisLoad.Operation, tasks: Int, nodes: Int, _ samples: Samples) {
        var line = BenchLine("redis.\(operation.rawValue)")
        line.set("topology", self.kind.rawValue)
        line.set("nodes", nodes)
        line.set("tasks", tasks)
        line.set("value_bytes", RedisLoad.valueBytes)
        line.set("ops_per_s", median(samples.several.map(\.operationsPerSecond)))
        line.set("p50_us", median(samples.several.map(\.p50)))
        line.set("p99_us", median(samples.several.map(\.p99)))
        line.set("cpu_us", median(samples.several.map(\.cpu)))
        line.set("standalone_ops_per_s", median(samples.single.map(\.operationsPerSecond)))
        line.set("standalone_cpu_us", median(samples.single.map(\.cpu)))
        line.set("ratio_to_standalone", samples.ratio(to: samples.single))
        if !samples.sameServer.isEmpty { line.set("ratio_to_same_server", samples.ratio(to: samples.sameServer)) }
        line.print()
    }
}
