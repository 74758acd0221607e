import ArgumentParser
import Foundation
import Larder
import LarderSQLite

/// `larder-bench sqlite`: hits and sets of a cache on a SQLite file beside plain statements through GRDB.
struct SQLiteBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sqlite",
        abstract: "Measures hits and sets of a cache on a SQLite file beside plain statements through GRDB.",
        discussion: """
            Ours is a whole cache: its codec, its key, its namespace's generation, what ends leases, the bound. The peer is a \
            GRDB DatabasePool on a file with the same pragmas and a table of key and value, with one cached statement for \
            each read and one transaction for each write. It is measured called with await, as a server would call it, and \
            called on the task's own thread, and the quicker of the two counts: peer_async_ops_per_s and peer_sync_ops_per_s are \
            both. Both sides have their files in the system's folder for temporary files; nobody waits for the disk but when \
            the log is brought into the database.
            """
    )

    @Option(help: "How often to measure; each line is the median.")
    var runs = 5

    @Option(help: "How many tasks call at the same time, separated by commas.")
    var tasks = "1,50"

    @Option(help: "How many bytes a value has.")
    var valueBytes = 200

    @Option(help: "How many entries there are.")
    var entries = 10_000

    @Option(help: "How long to measure each time.")
    var seconds = 1.0

    func validate() throws {
        guard self.runs > 0, self.seconds > 0, self.entries > 0, self.valueBytes >= 0 else {
            throw ValidationError("--runs, --seconds and --entries must be positive, --value-bytes not negative")
        }
        guard !self.taskCounts.isEmpty else { throw ValidationError("--tasks needs numbers, such as 1,50") }
    }

    private var taskCounts: [Int] { self.tasks.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 } }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "larder-bench-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // What is left is in the system's folder for what may go.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let value = (0..<self.valueBytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let store = try SQLiteStore(SQLiteStoreConfiguration(path: "\(folder)/larder.sqlite"))
        let cache = Cache(store, namespace: "bench", defaults: .init(ttl: .hours(1)))
        let peer = try SQLitePeer(path: "\(folder)/peer.sqlite")
        let keys = (0..<self.entries).map { "entry:\($0)" }
        for key in keys {
            try await cache.set(CacheKey<[UInt8]>(key), to: value)
            try peer.set(key, value)
        }
        for tasks in self.taskCounts {
            let load = SQLiteLoad(keys: keys, tasks: tasks, seconds: self.seconds)
            try await self.measure("sqlite.get", load) { key in
                guard try await cache.get(CacheKey<[UInt8]>(key)) != nil else { throw Failure("an entry has gone") }
            } async: { key in
                guard try await peer.getAsync(key) != nil else { throw Failure("a row has gone") }
            } sync: { key in
                guard try peer.get(key) != nil else { throw Failure("a row has gone") }
            }
            try await self.measure("sqlite.set", load) { key in
                try await cache.set(CacheKey<[UInt8]>(key), to: value)
            } async: { key in
                try await peer.setAsync(key, value)
            } sync: { key in
                try peer.set(key, value)
            }
        }
        await cache.shutdown()
        await store.shutdown()
    }

    private func measure(
        _ bench: String,
        _ load: SQLiteLoad,
        ours: @escaping @Sendable (String) async throws -> Void,
        async: @escaping @Sendable (String) async throws -> Void,
        sync: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        progress("\(bench), \(load.tasks) tasks")
        var samples: [SQLiteLoad.Sample] = []
        var asynchronous: [Double] = []
        var synchronous: [Double] = []
        for _ in 0..<self.runs {
            samples.append(try await load.measure(ours))
            asynchronous.append(try await load.measure(async).operationsPerSecond)
            synchronous.append(try await load.measure(sync).operationsPerSecond)
        }
        let rate = median(samples.map(\.operationsPerSecond))
        var line = BenchLine(bench)
        line.set("tasks", load.tasks)
        line.set("value_bytes", self.valueBytes)
        line.set("entries", self.entries)
        line.set("ops_per_s", rate)
        line.set("p50_us", median(samples.map(\.p50)))
        line.set("p99_us", median(samples.map(\.p99)))
        line.set("peer_async_ops_per_s", median(asynchronous))
        line.set("peer_sync_ops_per_s", median(synchronous))
        line.setPeer(
            "GRDB",
            operationsPerSecond: max(median(asynchronous), median(synchronous)),
            ours: rate
        )
        line.print()
    }
}
