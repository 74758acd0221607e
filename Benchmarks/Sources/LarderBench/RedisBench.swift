import ArgumentParser
import Foundation
import LarderRedisClient

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

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
        let server = try await BenchRedisServer.start()
        defer { server.stop() }
        let client = try RedisClient(RedisConfiguration(port: server.port))
        for index in 0..<1000 {
            _ = try await client.send(RedisCommand("SET", "key:\(index)", Self.value))
        }
        for count in self.taskCounts {
            for operation in Operation.allCases {
                try await self.measure(operation, tasks: count, client: client, port: server.port)
            }
        }
        try await self.measureMany(client: client, port: server.port)
        await client.shutdown()
    }

    private static let value = String(repeating: "v", count: RedisBench.valueBytes)

    private enum Operation: String, CaseIterable {
        case get
        case set
    }

    // MARK: One command a call

    private func measure(_ operation: Operation, tasks: Int, client: RedisClient, port: Int) async throws {
        let peerClients = tasks == 1 ? 1 : 50
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
        }
        let rate = median(ours.map(\.operationsPerSecond))
        let p50 = median(ours.map(\.p50))
        var line = BenchLine("redis.\(operation.rawValue)")
        line.set("tasks", tasks)
        line.set("value_bytes", Self.valueBytes)
        line.set("ops_per_s", rate)
        line.set("p50_us", p50)
        line.set("p99_us", median(ours.map(\.p99)))
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
        }
        line.print()
    }

    private struct Sample {
        var operationsPerSecond: Double
        var p50 = 0.0
        var p99 = 0.0
    }

    private func sample(_ operation: Operation, tasks: Int, client: RedisClient) async throws -> Sample {
        let clock = ContinuousClock()
        let start = clock.now
        let end = start.advanced(by: .seconds(self.seconds))
        let times = try await withThrowingTaskGroup(of: [Float].self) { group in
            for task in 0..<tasks {
                group.addTask {
                    let key = "key:\(task % 1000)"
                    var times: [Float] = []
                    times.reserveCapacity(4096)
                    var before = clock.now
                    while before < end {
                        switch operation {
                        case .get:
                            let value = try await client.send(RedisCommand("GET", key), as: String.self)
                            precondition(value.utf8.count == Self.valueBytes)
                        case .set:
                            _ = try await client.send(RedisCommand("SET", key, Self.value))
                        }
                        let after = clock.now
                        times.append(Float(before.duration(to: after).microseconds))
                        before = after
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let duration = start.duration(to: clock.now)
        let sorted = times.sorted().map(Double.init)
        return Sample(
            operationsPerSecond: Double(times.count) / duration.microseconds * 1_000_000,
            p50: percentile(0.5, of: sorted),
            p99: percentile(0.99, of: sorted)
        )
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
                let values = try await client.send(RedisCommand("MGET", arguments: keys), as: [String?].self)
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
    fileprivate var microseconds: Double {
        Double(self.components.seconds) * 1e6 + Double(self.components.attoseconds) / 1e12
    }
}

/// One call of redis-benchmark.
enum RedisBenchmark {
    struct Result {
        var operationsPerSecond: Double
        var p50: Double
    }

    /// Runs the test `get` or `set` with values of 64 bytes.
    static func run(
        port: Int,
        test: String,
        clients: Int,
        requests: Int,
        pipeline: Int = 1
    ) async throws -> Result {
        let output = try await BenchProcess.output(
            of: "redis-benchmark",
            [
                "-p", "\(port)", "-t", test, "-c", "\(clients)", "-n", "\(requests)", "-d", "64", "-P", "\(pipeline)",
                "--csv",
            ]
        )
        // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms",...
        let rows = output.split(separator: "\n").map { row in
            row.split(separator: ",").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "\"\r ")) }
        }
        guard let row = rows.last(where: { $0.first?.lowercased() == test }), row.count > 4,
            let rate = Double(row[1]), let p50 = Double(row[4])
        else {
            throw ValidationError("redis-benchmark said something unexpected: \(output)")
        }
        return Result(operationsPerSecond: rate, p50: p50 * 1000)
    }
}

/// A redis-server on a free port of 127.0.0.1, without persistence.
struct BenchRedisServer {
    let port: Int
    private let process: Process

    static func start() async throws -> BenchRedisServer {
        let port = try Self.freePort()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
        ]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let server = BenchRedisServer(port: port, process: process)
        var configuration = RedisConfiguration(port: port)
        configuration.connectTimeout = .seconds(1)
        let client = try RedisClient(configuration)
        for attempt in 1... {
            do {
                _ = try await client.send(RedisCommand("PING"))
                break
            } catch  where attempt < 100 && process.isRunning {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        await client.shutdown()
        // redis-benchmark reads the key that only its own set test writes.
        _ = try await BenchProcess.output(
            of: "redis-benchmark",
            ["-p", "\(port)", "-t", "set", "-n", "1", "-d", "64", "-q"]
        )
        return server
    }

    /// Ends the server.
    ///
    /// Not with SIGTERM, which a child of a dispatch thread inherits as blocked; nor with Foundation's `waitUntilExit`,
    /// which waits for ever on another thread than the one that called `run`.
    func stop() {
        kill(self.process.processIdentifier, SIGKILL)
        while self.process.isRunning { usleep(1000) }
    }

    private static func freePort() throws -> Int {
        #if canImport(Glibc)
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let socket = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let succeeded = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard succeeded else { throw ValidationError("no free port: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// Runs a program to its end.
enum BenchProcess {
    static func output(of program: String, _ arguments: [String]) async throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ValidationError("\(program) ended with status \(process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self)
    }
}
