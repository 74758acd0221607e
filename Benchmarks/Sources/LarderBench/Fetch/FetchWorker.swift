import ArgumentParser
import Foundation
import Larder
import LarderRedis
import LarderRedisClient

/// `larder-bench fetch-worker`: one of several processes that share a Redis server, told what to do by the one that has
/// started it.
///
/// It ends with its standard input, so it never outlives that one.
struct FetchWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "fetch-worker", shouldDisplay: false)

    @Option(help: "The server.")
    var url: String

    func run() async throws {
        let client = try RedisClient(url: self.url)
        let cache = Cache(.redis(client), namespace: FetchMeasurement.namespace) { event in
            if case .waitBegan = event { Self.tell(.waiting) }
        }
        _ = try await cache.get(CacheKey<Int>("connected"))
        Self.tell(.ready)
        await withTaskGroup(of: Void.self) { group in
            var fetch: Task<Void, Never>?
            for await line in Self.input() {
                do {
                    switch try JSONDecoder().decode(WorkerCommand.self, from: Data(line.utf8)) {
                    case .stampede(let stampede):
                        group.addTask {
                            await Self.reportingErrors { Self.tell(.stampeded(try await stampede.run(on: cache))) }
                        }
                    case .fill(let key, let lease, let fill):
                        fetch = Task { await Self.fetch(key, lease: lease, fill: fill, cache) }
                    case .cancel:
                        Self.tell(.cancelling(at: SystemTime.nanoseconds))
                        fetch?.cancel()
                    }
                } catch {
                    Self.tell(.failed("\(error)"))
                }
            }
            group.cancelAll()
            fetch?.cancel()
            await fetch?.value
        }
        await cache.shutdown()
        await client.shutdown()
    }

    private static func fetch(_ key: String, lease: Int, fill: Int, _ cache: Cache) async {
        await Self.reportingErrors {
            let policy = try FetchPolicy(leaseDuration: .milliseconds(lease))
            do {
                _ = try await cache.fetch(CacheKey<Int>(key), policy: policy) {
                    Self.tell(.began(at: SystemTime.nanoseconds))
                    try await Task.sleep(for: .milliseconds(fill))
                    return 1
                }
                Self.tell(.ended(isCancelled: false))
            } catch is CancellationError {
                Self.tell(.ended(isCancelled: true))
            }
        }
    }

    private static func reportingErrors(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            Self.tell(.failed("\(error)"))
        }
    }

    /// The lines of standard input, read by a thread of its own, since reading blocks.
    private static func input() -> AsyncStream<String> {
        let (lines, continuation) = AsyncStream<String>.makeStream()
        let thread = Thread {
            while let line = readLine() { continuation.yield(line) }
            continuation.finish()
        }
        thread.start()
        return lines
    }

    /// In one write, which a pipe does not mix with others.
    private static func tell(_ event: WorkerEvent) {
        do {
            try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(event) + Data("\n".utf8))
        } catch {
            // Nobody is there to tell, so the input has ended, too.
            progress("fetch-worker: \(error)")
        }
    }
}
