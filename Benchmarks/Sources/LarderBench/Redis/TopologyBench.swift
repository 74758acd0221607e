import LarderRedisClient
import LarderTesting

/// The same commands through a client of several servers and through one of a single server, in turn.
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
            try await withRedisCluster(primaries: 1, replicas: 0) { try await self.measure($0.url, nodes: 1) }
            try await withRedisCluster(primaries: 3, replicas: 1) { try await self.measure($0.url, nodes: 6) }
        case .sentinel:
            try await withRedisSentinels(sentinels: 3, replicas: 2) { try await self.measure($0.url, nodes: 3) }
        case .replicas:
            try await withRedisReplicaSet(replicas: 2) {
                try await self.measure("\($0.url)?read_preference=replica", nodes: 3)
            }
        }
    }

    private func measure(_ url: String, nodes: Int) async throws {
        try await withRedisServer { server in
            let single = try RedisClient(url: server.url)
            let several = try RedisClient(url: url)
            try await RedisLoad.prepare(single)
            try await RedisLoad.prepare(several)
            for tasks in self.taskCounts {
                for operation in RedisLoad.Operation.allCases {
                    progress("redis.\(operation.rawValue) on \(self.kind.rawValue) of \(nodes) with \(tasks) tasks")
                    let load = RedisLoad(operation: operation, tasks: tasks, seconds: self.seconds)
                    var theirs: [RedisLoad.Sample] = []
                    var ours: [RedisLoad.Sample] = []
                    for _ in 0..<self.runs {
                        theirs.append(try await load.run(on: single))
                        ours.append(try await load.run(on: several))
                    }
                    self.print(operation, tasks: tasks, nodes: nodes, ours: ours, theirs: theirs)
                }
            }
            await several.shutdown()
            await single.shutdown()
        }
    }

    private func print(
        _ operation: RedisLoad.Operation,
        tasks: Int,
        nodes: Int,
        ours: [RedisLoad.Sample],
        theirs: [RedisLoad.Sample]
    ) {
        var line = BenchLine("redis.\(operation.rawValue)")
        line.set("topology", self.kind.rawValue)
        line.set("nodes", nodes)
        line.set("tasks", tasks)
        line.set("value_bytes", RedisLoad.valueBytes)
        line.set("ops_per_s", median(ours.map(\.operationsPerSecond)))
        line.set("p50_us", median(ours.map(\.p50)))
        line.set("p99_us", median(ours.map(\.p99)))
        line.set("cpu_us", median(ours.map(\.cpu)))
        line.set("standalone_ops_per_s", median(theirs.map(\.operationsPerSecond)))
        line.set(
            "ratio_to_standalone",
            median(zip(ours, theirs).map { $0.operationsPerSecond / $1.operationsPerSecond })
        )
        line.print()
    }
}
