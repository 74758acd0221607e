import ArgumentParser
import Foundation
import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

/// `larder-bench history`: random histories on a store, and whether they broke a promise.
struct HistoryBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Runs seeded random histories on a store and checks that they break no promise.",
        discussion: """
            Several tasks get, fetch, fetchMany, set, add, increment, remove, remove by pattern, invalidate, expire and \
            clear shared keys through several caches, with pauses wherever a call is suspended. On memory time is \
            simulated, and a seed is the same history every time: digest is a number of all of them. On Redis the calls \
            and pauses are the seed's. Each history that broke a promise is told on standard error, and the \
            command ends with an error, unless the fence is off.
            """
    )

    @Option(help: "The store: memory or redis.")
    var store = HistoryStore.memory

    @Option(help: "How many histories.")
    var seeds = 100

    @Option(help: "The first history's seed.")
    var firstSeed: UInt64 = 1

    @Option(help: "off lets the store commit without looking at leases and tags, so that there is something to find.")
    var fence = Fence.on

    @Option(help: "A file for every call as a line of JSON.")
    var write: String?

    enum HistoryStore: String, ExpressibleByArgument, CaseIterable {
        case memory, redis
    }

    enum Fence: String, ExpressibleByArgument, CaseIterable {
        case on, off
    }

    func validate() throws {
        guard self.seeds > 0 else { throw ValidationError("--seeds must be positive") }
        guard UInt64.max - self.firstSeed >= UInt64(self.seeds) else {
            throw ValidationError("--first-seed leaves no room for \(self.seeds) seeds")
        }
    }

    func run() async throws {
        let file = try self.write.map(Self.create)
        defer { try? file?.close() }
        var tally = HistoryTally(file: file)
        switch self.store {
        case .memory: try await self.runOnMemory(&tally)
        case .redis: try await self.runOnRedis(&tally)
        }
        try file?.synchronize()
        var line = BenchLine("history")
        line.set("store", self.store.rawValue)
        line.set("seeds", self.seeds)
        line.set("operations", tally.operations)
        line.set("violations", tally.violations)
        line.set("fence", self.fence.rawValue)
        if self.store == .memory { line.set("digest", String(tally.digest, radix: 16)) }
        line.print()
        // Without the fence they are what was looked for.
        if tally.violations > 0, self.fence == .on { throw ExitCode.failure }
    }

    private static func create(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw Failure("\(path) cannot be written") }
        return file
    }

    private var all: Range<UInt64> { self.firstSeed..<(self.firstSeed + UInt64(self.seeds)) }

    private func runOnMemory(_ tally: inout HistoryTally) async throws {
        let isFenced = self.fence == .on
        for seed in self.all {
            let history = try await HistoryRun.simulated(seed: seed) { clock, count in
                Self.shared(MemoryStore(limit: .entries(10_000), clock: clock), count, isFenced)
            }
            try tally.add(history, HistoryChecker().violations(in: history))
        }
    }

    private func runOnRedis(_ tally: inout HistoryTally) async throws {
        let isFenced = self.fence == .on
        tally = try await withRedisServer { [tally] server in
            var tally = tally
            let client = try RedisClient(url: server.url)
            for seed in self.all {
                // A namespace of its own, so that nothing is there from the history before.
                let namespace = try CacheNamespace("history\(seed)")
                let history = try await HistoryRun.live(seed: seed, namespace: namespace) { _, count in
                    Self.shared(.redis(client), count, isFenced)
                }
                try tally.add(history, HistoryChecker(.realTime).violations(in: history))
                if seed.isMultiple(of: 100) { progress("\(tally.histories) histories") }
            }
            await client.shutdown()
            return tally
        }
    }

    private static func shared(_ store: some CacheStore, _ count: Int, _ isFenced: Bool) -> [any CacheStore] {
        let shown: any CacheStore = isFenced ? store : UnfencedStore(store)
        return Array(repeating: shown, count: count)
    }
}

/// What has been found so far.
struct HistoryTally {
    let file: FileHandle?
    private(set) var histories = 0
    private(set) var operations = 0
    /// How many histories broke a promise.
    private(set) var violations = 0
    private(set) var digest: UInt64 = 0

    init(file: FileHandle?) {
        self.file = file
    }

    /// Counts a history, writes it to the file, and tells what is wrong with it.
    mutating func add(_ history: History, _ found: [HistoryViolation]) throws {
        self.histories += 1
        self.operations += history.calls.count
        self.digest = (self.digest ^ history.digest) &* 0x100_0000_01B3
        if let file = self.file { try file.write(contentsOf: Data(history.jsonLines().utf8)) }
        guard let first = found.first else { return }
        self.violations += 1
        progress("\(first)")
        if found.count > 1 { progress("    and \(found.count - 1) more in this history") }
    }
}
