import ArgumentParser
import LarderMemcached
import LarderTesting
import PlainLoad

/// `larder-bench memcached`: the memcached client beside others, on a server of its own.
struct MemcachedBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memcached",
        abstract:
            "Measures the memcached client beside a plain load and pymemcache, on a server that it starts itself.",
        discussion: """
            plain-load is a program in C within this one: one thread, epoll, one request at a time on each of 50 connections \
            (one where there is one task), as redis-benchmark does it. pymemcache is measured with as many threads as \
            there are tasks, at most 50, on a PooledClient, if Python has it. Values have 64 bytes.
            """
    )

    @Option(help: "How often to measure; each line is the median.")
    var runs = 5

    @Option(help: "How many tasks send at the same time, separated by commas.")
    var tasks = "1,50,200,1000"

    @Option(help: "How long to measure each time.")
    var seconds = 1.0

    func validate() throws {
        guard self.runs > 0, self.seconds > 0 else { throw ValidationError("--runs and --seconds must be positive") }
        guard !self.taskCounts.isEmpty else { throw ValidationError("--tasks needs numbers, such as 1,50,200") }
    }

    private var taskCounts: [Int] { self.tasks.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 } }

    func run() async throws {
        try await withMemcachedServer { server in
            let client = try MemcachedClient(MemcachedConfiguration(host: server.host, port: server.port))
            for index in 0..<1_000 { try await client.set("key:\(index)", MemcachedLoad.value) }
            let hasPeer = await PymemcachePeer.isThere
            if !hasPeer { progress("Python has no pymemcache: pip install pymemcache") }
            for count in self.taskCounts {
                for operation in MemcachedLoad.Operation.allCases {
                    try await self.measure(operation, tasks: count, client, server.port, beside: hasPeer)
                }
            }
            await client.shutdown()
        }
    }

    private func measure(
        _ operation: MemcachedLoad.Operation,
        tasks: Int,
        _ client: MemcachedClient,
        _ port: Int,
        beside hasPeer: Bool
    ) async throws {
        progress("memcached.\(operation.rawValue) with \(tasks) tasks")
        let connections = tasks == 1 ? 1 : 50
        var ours: [MemcachedLoad.Sample] = []
        var plain: [plain_load_result] = []
        var python: [Double] = []
        for _ in 0..<self.runs {
            let sets: Int32 = operation == .set ? 1 : 0
            let bytes = Int32(MemcachedLoad.value.count)
            let result = plain_load(Int32(port), Int32(connections), self.seconds, sets, bytes)
            guard result.operations_per_second > 0 else { throw Failure("the plain load failed") }
            plain.append(result)
            ours.append(
                try await MemcachedLoad(operation: operation, tasks: tasks, seconds: self.seconds).run(on: client)
            )
            if hasPeer {
                python.append(
                    try await PymemcachePeer.rate(operation, threads: connections, seconds: self.seconds, port: port)
                )
            }
        }
        let rate = median(ours.map(\.operationsPerSecond))
        var line = BenchLine("memcached.\(operation.rawValue)")
        line.set("tasks", tasks)
        line.set("value_bytes", MemcachedLoad.value.count)
        line.set("ops_per_s", rate)
        line.set("p50_us", median(ours.map(\.p50)))
        line.set("p99_us", median(ours.map(\.p99)))
        line.set("cpu_us", median(ours.map(\.cpu)))
        line.set("peer", "plain-load -c \(connections)")
        line.set("peer_ops_per_s", median(plain.map(\.operations_per_second)))
        line.set("peer_p50_us", median(plain.map(\.p50_us)))
        let ratios = zip(plain, ours).map { $1.operationsPerSecond / $0.operations_per_second }
        line.set("ratio", median(ratios))
        if hasPeer {
            line.set("pymemcache_ops_per_s", median(python))
            line.set("ratio_to_pymemcache", rate / median(python))
        }
        line.print()
    }
}
