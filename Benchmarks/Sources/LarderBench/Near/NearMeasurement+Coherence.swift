import Foundation
import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

// How long other processes read what has been changed.
extension NearMeasurement {
    private static let keyCount = 4

    /// The pause of a reader after it has read each key: so many processes on few cores would else measure who of them runs.
    private static let readerPause = 200

    /// The pause of the writer after each round, so that readers have copies of what it changes.
    private static let writerPause = 1_000

    func coherence() async throws {
        try await withRedisServer { server in
            let path = FileManager.default.temporaryDirectory
                .appendingPathComponent("larder-near-\(UInt64.random(in: .min ... .max))").path
            // The file is small, and the system's to clear away where this fails.
            defer { try? FileManager.default.removeItem(atPath: path) }
            let shared = try SharedRounds(
                path: path,
                rounds: self.rounds,
                keys: Self.keyCount,
                readers: self.readers
            )
            var workers: [NearReader] = []
            let result: Result<Void, any Error>
            do {
                for reader in 0..<self.readers {
                    workers.append(try NearReader(self.arguments(server, path, reader)))
                }
                for worker in workers { try await worker.awaitReadiness() }
                result = .success(try await self.changes(server, shared))
            } catch {
                result = .failure(error)
            }
            shared.isOver = true
            var ends: [[String: Double]] = []
            for worker in workers { if let end = await worker.end() { ends.append(end) } }
            try result.get()
            self.report(shared, ends)
        }
    }

    private func arguments(_ server: RedisServer, _ path: String, _ reader: Int) -> [String] {
        [
            "near-worker", "--url", server.url, "--shared", path, "--reader", "\(reader)", "--readers",
            "\(self.readers)",
            "--rounds", "\(self.rounds)", "--keys", "\(Self.keyCount)", "--pause", "\(Self.readerPause)",
            "--freshness", self.freshness.rawValue,
        ]
    }

    /// Makes the changes, and disturbs server and connections beside them.
    private func changes(_ server: RedisServer, _ shared: SharedRounds) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if self.disturbances { group.addTask { try await Self.disturb(server) } }
            let client = try RedisClient(url: server.url)
            let store = RedisStore(client, RedisStoreOptions(nearCache: .entries(10_000)))
            let cache = Cache(store, namespace: Self.namespace)
            for round in 0..<self.rounds {
                try await self.change(round, cache)
                shared.end(round: round, at: SystemTime.nanoseconds)
                try await Task.sleep(for: .microseconds(Self.writerPause))
                if round.isMultiple(of: 10_000) { progress("\(round) rounds") }
            }
            // Whoever is to learn of the last ones shall.
            try await Task.sleep(for: .seconds(2))
            group.cancelAll()
            do { try await group.waitForAll() } catch is CancellationError {}
            await store.shutdown()
            await client.shutdown()
        }
    }

    /// Changes a key, again until the server has said that it is changed.
    private func change(_ round: Int, _ cache: Cache) async throws {
        let key = Self.key(round % Self.keyCount)
        let tag = "tag:\(round % Self.keyCount)"
        while true {
            do {
                switch round / Self.keyCount % 4 {
                case 1: try await cache.invalidate(tags: [tag])
                case 3: _ = try await cache.remove(key)
                default: try await cache.set(key, to: round, ttl: .hours(1), tags: [tag])
                }
                return
            } catch let error as CacheError where error.code == .unavailable && self.disturbances {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    /// Kills connections, flushes, and stops the server for a while, at random.
    private static func disturb(_ server: RedisServer) async throws {
        while true {
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...200)))
            switch Int.random(in: 0..<4) {
            case 0: try await server.command("FLUSHALL")
            case 1:
                server.pause()
                try? await Task.sleep(for: .milliseconds(Int.random(in: 1...600)))
                server.resume()
            default: try await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            }
        }
    }

    private func report(_ shared: SharedRounds, _ ends: [[String: Double]]) {
        let windows = shared.windows().sorted()
        let reads = shared.reads
        var line = BenchLine("near.coherence")
        line.set("rounds", self.rounds)
        line.set("readers", self.readers)
        line.set("freshness", self.freshness.rawValue)
        line.set("disturbed", self.disturbances ? "yes" : "no")
        line.set("reads", reads.all)
        line.set("stale_reads", reads.stale)
        line.set("rounds_seen_stale", windows.count { $0 > 0 })
        line.set("stale_median_ms", median(windows))
        line.set("stale_p999_ms", percentile(0.999, of: windows))
        line.set("stale_max_ms", windows.last ?? 0)
        line.set("stale_after_1s", windows.count { $0 > 1_000 })
        line.set("hit_ratio", median(ends.compactMap { $0["hitRatio"] }))
        line.set("times_emptied", median(ends.compactMap { $0["timesEmptied"] }))
        line.print()
    }
}

/// A `larder-bench near-worker` of this process.
private final class NearReader {
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

    func awaitReadiness() async throws {
        guard await self.line() != nil else { throw Failure("a reader has ended before it began") }
    }

    /// Waits for the reader to end, which has been told to.
    ///
    /// - Returns: What it says of its near cache.
    func end() async -> [String: Double]? {
        let line = await self.line()
        if line == nil, self.process.isRunning { self.process.terminate() }
        self.process.waitUntilExit()
        return line.flatMap { try? JSONDecoder().decode([String: Double].self, from: $0) }
    }

    /// A reader says one line at a time, and only when it is asked.
    private func line() async -> Data? {
        let output = self.output
        return await withCheckedContinuation { continuation in
            // Blocking calls belong on a thread that no task waits for.
            DispatchQueue.global().async {
                let data = output.availableData
                continuation.resume(returning: data.isEmpty ? nil : data)
            }
        }
    }
}
