import ArgumentParser
import Foundation
import LarderTesting

/// One call of redis-benchmark.
enum RedisBenchmark {
    struct Result {
        var operationsPerSecond: Double
        var p50: Double
    }

    /// Writes the key that the test `get` reads: only the test `set` writes it.
    static func prepare(port: Int) async throws {
        try await TestProgram.run("redis-benchmark", ["-p", "\(port)", "-t", "set", "-n", "1", "-d", "64", "-q"])
    }

    /// Runs the test `get` or `set` with values of 64 bytes.
    static func run(
        port: Int,
        test: String,
        clients: Int,
        requests: Int,
        pipeline: Int = 1
    ) async throws -> Result {
        let output = try await TestProgram.run(
            "redis-benchmark",
            [
                "-p", "\(port)", "-t", test, "-c", "\(clients)", "-n", "\(requests)", "-d", "64", "-P", "\(pipeline)",
                "--csv",
            ],
            atMost: .seconds(600)
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
