import ArgumentParser
import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

/// `larder-bench ratelimit`: rate limits in Redis beside plain reads, in memory, and hammered by several processes.
struct RateLimitBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ratelimit",
        abstract: "Measures rate limiters: on Redis beside plain GETs of the same client, in memory, and hammered.",
        discussion: """
            ratelimit.check alternates with redis.get in one process and on one server. ratelimit.hammer lets processes call \
            for one subject as fast as they can, and compares what they were allowed with what the limit says: allowed is \
            the most that it may be, from before the first call to after the last one.
            """
    )

    @Option(help: "How often to measure; each line is the median.")
    var runs = 5

    @Option(help: "How many tasks call at the same time, separated by commas.")
    var tasks = "50,200"

    @Option(help: "How long to measure each time.")
    var seconds = 1.0

    @Option(help: "How many processes hammer one subject.")
    var processes = 8

    @Option(help: "What to measure: check, memory, hammer, separated by commas.")
    var parts = "check,memory,hammer"

    func validate() throws {
        guard self.runs > 0, self.seconds > 0, self.processes > 0 else {
            throw ValidationError("--runs, --seconds and --processes must be positive")
        }
        guard !self.taskCounts.isEmpty else { throw ValidationError("--tasks needs numbers, such as 50,200") }
    }

    private var taskCounts: [Int] { self.tasks.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 } }

    func run() async throws {
        let parts = self.parts.split(separator: ",")
        if parts.contains("check") { try await self.check() }
        if parts.contains("memory") { try await self.memory() }
        if parts.contains("hammer") { try await self.hammer() }
    }

    // MARK: Throughput

    private func check() async throws {
        try await withRedisServer { server in
            let client = try RedisClient(url: server.url)
            try await RedisLoad.prepare(client)
            for tasks in self.taskCounts {
                for algorithm in RateLimitLoad.Algorithm.allCases {
                    for mix in RateLimitLoad.Mix.allCases {
                        try await self.check(algorithm, mix, tasks, client)
                    }
                }
            }
            await client.shutdown()
        }
    }

    private func check(
        _ algorithm: RateLimitLoad.Algorithm,
        _ mix: RateLimitLoad.Mix,
        _ tasks: Int,
        _ client: RedisClient
    ) async throws {
        progress("ratelimit.check \(algorithm.rawValue), \(mix.rawValue), \(tasks) tasks")
        let limiter = try RateLimiter(.redis(client), namespace: "bench", limits: algorithm.limits(mix))
        let load = RateLimitLoad(mix: mix, tasks: tasks, seconds: self.seconds)
        try await load.prepare(limiter)
        var ours: [RateLimitLoad.Sample] = []
        var theirs: [Double] = []
        for _ in 0..<self.runs {
            let reads = RedisLoad(operation: .get, tasks: tasks, seconds: self.seconds)
            theirs.append(try await reads.run(on: client).operationsPerSecond)
            ours.append(try await load.run(on: limiter))
        }
        var line = BenchLine("ratelimit.check")
        line.set("store", "redis")
        line.set("algorithm", algorithm.rawValue)
        line.set("mix", mix.rawValue)
        line.set("tasks", tasks)
        line.set("ops_per_s", median(ours.map(\.operationsPerSecond)))
        line.set("p50_us", median(ours.map(\.p50)))
        line.set("p99_us", median(ours.map(\.p99)))
        line.set("peer", "redis.get")
        line.set("peer_ops_per_s", median(theirs))
        line.set("ratio", median(zip(ours, theirs).map { $0.operationsPerSecond / $1 }))
        line.print()
    }

    private func memory() async throws {
        for algorithm in RateLimitLoad.Algorithm.allCases {
            for mix in RateLimitLoad.Mix.allCases {
                progress("ratelimit.memory \(algorithm.rawValue), \(mix.rawValue)")
                let limiter = try RateLimiter(.memory(), namespace: "bench", limits: algorithm.limits(mix))
                let load = RateLimitLoad(mix: mix, tasks: 2, seconds: self.seconds)
                try await load.prepare(limiter)
                var samples: [RateLimitLoad.Sample] = []
                for _ in 0..<self.runs { samples.append(try await load.run(on: limiter)) }
                var line = BenchLine("ratelimit.memory")
                line.set("store", "memory")
                line.set("algorithm", algorithm.rawValue)
                line.set("mix", mix.rawValue)
                line.set("tasks", load.tasks)
                line.set("ops_per_s", median(samples.map(\.operationsPerSecond)))
                line.print()
            }
        }
    }

    // MARK: Exactness

    private func hammer() async throws {
        for hammer in RateLimitHammer.all {
            try await withRedisServer { server in
                progress("ratelimit.hammer \(hammer.algorithm)")
                let result = try await hammer.run(url: server.url, processes: self.processes)
                let calls = try await Self.calls(of: "evalsha", server)
                var line = BenchLine("ratelimit.hammer")
                line.set("algorithm", hammer.algorithm)
                line.set("processes", self.processes)
                line.set("seconds", result.seconds)
                line.set("checks", result.checks)
                line.set("scripts", calls)
                line.set("admitted", result.admitted)
                line.set("allowed", result.allowed)
                line.set("missing_percent", 100 * (1 - Double(result.admitted) / Double(result.allowed)))
                line.print()
            }
        }
    }

    /// How often a server has executed a command.
    private static func calls(of command: String, _ server: RedisServer) async throws -> Int {
        let reply = try await server.command("INFO", "commandstats")
        let line = reply.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):calls=") }
        return line.flatMap { Int($0.dropFirst("cmdstat_\(command):calls=".count).prefix { $0.isNumber }) } ?? 0
    }
}
