import Foundation
import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

// What becomes of counters while connections are killed.
extension CollectionsMeasurement {
    private static let names = ["fixed", "sliding", "one", "two"]

    func counters() async throws {
        try await withRedisServer { server in
            let perProcess = max(1, self.tasks / self.processes)
            let workers = try (0..<self.processes).map { _ in
                try TallyingWorker([
                    "collections-worker", "--url", server.url, "--tasks", "\(perProcess)", "--seconds",
                    "\(self.seconds)",
                ])
            }
            let kills = try await self.killConnections(server, for: .seconds(self.seconds))
            var tally = CollectionsWorker.Tally()
            for worker in workers { tally.add(try await worker.tally()) }
            let client = try RedisClient(url: server.url)
            let collections = Collections(.redis(client), namespace: Self.namespace)
            var (counted, lost, doubled, withoutExpiry) = (0, 0, 0, 0)
            for name in Self.names {
                let counter = collections.counter(name)
                let value = try await counter.value()
                let done = tally.done[name, default: 0]
                counted += value
                lost += max(0, done - value)
                doubled += max(0, value - done - tally.unknown[name, default: 0])
                if try await counter.ttl()?.duration == nil { withoutExpiry += 1 }
            }
            await client.shutdown()
            let done = tally.done.values.reduce(0, +)
            var line = BenchLine("collections.counters")
            line.set("store", "redis")
            line.set("processes", self.processes)
            line.set("tasks", perProcess * self.processes)
            line.set("seconds", self.seconds)
            line.set("kills", kills)
            line.set("ops_per_s", Double(done) / self.seconds)
            line.set("done", done)
            line.set("unknown", tally.unknown.values.reduce(0, +))
            line.set("counted", counted)
            line.set("lost", lost)
            line.set("doubled", doubled + tally.repeatedSums)
            line.set("without_expiry", withoutExpiry)
            line.print()
        }
    }

    /// Kills all connections, again and again.
    ///
    /// - Returns: How many times.
    private func killConnections(_ server: RedisServer, for duration: Duration) async throws -> Int {
        let end = ContinuousClock.now.advanced(by: duration)
        var kills = 0
        while ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...120)))
            try await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            kills += 1
        }
        return kills
    }
}

/// A `larder-bench collections-worker` of this process.
private final class TallyingWorker {
    private let process = Process()
    private let output: FileHandle

    init(_ arguments: [String]) throws {
        guard let program = Bundle.main.executablePath else { throw Failure("this program does not know where it is") }
        let output = Pipe()
        self.process.executableURL = URL(fileURLWithPath: program)
        self.process.arguments = arguments
        self.process.standardOutput = output
        self.output = output.fileHandleForReading
        try self.process.run()
    }

    /// What it says in the end, when its time is over.
    func tally() async throws -> CollectionsWorker.Tally {
        let output = self.output
        let data = try await withCheckedThrowingContinuation { continuation in
            // Blocking calls belong on a thread that no task waits for.
            DispatchQueue.global().async {
                continuation.resume(with: Result { try output.readToEnd() ?? Data() })
            }
        }
        guard !data.isEmpty else { throw Failure("a worker has ended without a word") }
        return try JSONDecoder().decode(CollectionsWorker.Tally.self, from: data)
    }
}
