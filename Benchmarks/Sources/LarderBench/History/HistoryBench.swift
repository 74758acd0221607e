import ArgumentParser
import Foundation
import Larder
import LarderFiles
@_spi(Testing) import LarderRedis
import LarderRedisClient
import LarderSQLite
import LarderTesting

/// `larder-bench history`: random histories on a store, and whether they broke a promise.
struct HistoryBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Runs seeded random histories on a store and checks that they break no promise.",
        discussion: """
            Several tasks get, fetch, fetchMany, set, add, increment, remove, remove by pattern, invalidate, expire and \
            clear shared keys through several caches, with pauses wherever a call is suspended. On memory, and on \
            tiered (memory over memory), time is simulated, and a seed is the same history every time: digest is a \
            number of all of them. On redis and tiered-redis (memory over Redis), sqlite and file the calls and pauses are the \
            seed's; on the last two every cache has opened the file or folder by itself, as several processes would. \
            Each history that broke a promise is told on standard error, and the command ends with an error, unless \
            the fence is off.

            --disturb breaks the server meanwhile, at calls that the seed picks: pause, connections (all are killed), \
            scripts (flushed), evictions (of entries, leases, tags and the stamp), kill (it starts anew, empty), \
            restore (it starts anew from an older snapshot). Where it starts anew, violations are only those of what was \
            acknowledged since the client has seen the new run id; violations_before were seen before that, \
            violations_forgotten after it, of what only the old server knew.

            --topology runs each history on servers of its own that take each other's place meanwhile, as often as --events \
            says, with --tasks tasks: under Sentinels by ordered failovers, kills and pauses of the primary; in a cluster by \
            coordinated failovers, kills, takeovers and slots that move and come back. violations_lost_writes are those \
            that are explained by writes which Redis has acknowledged and lost (those of calls between the last moment for \
            which the new primary is known to have everything, and the one after which the old one answers nobody); \
            violations all others. late_calls took longer than their timeouts, 75 ms and what the machine was late. \
            writable_after_ms is the time from the new primary's election to the end of the first write through the client. \
            With violations, or late calls, the command ends with an error.
            """
    )

    @Option(help: "The store: memory, tiered, redis, tiered-redis, memcached, sqlite or file.")
    var store = HistoryStore.memory

    @Option(help: "How many servers share the keys, with --store memcached.")
    var servers = 1

    @Flag(help: "Others take over the keys of a lost server, with --store memcached.")
    var failover = false

    @Option(help: "How many histories.")
    var seeds = 100

    @Option(help: "The first history's seed.")
    var firstSeed: UInt64 = 1

    @Option(help: "off lets the store commit without looking at leases and tags, so that there is something to find.")
    var fence = Fence.on

    @Flag(help: "Redis is used as if the generations lay on another server than the entries.")
    var apart = false

    @Option(
        name: .customLong("on-loss"),
        help: "What --disturb finds on a server that has forgotten something: keep or cold."
    )
    var onLoss = LossChoice.keep

    @Option(help: "The servers that a history runs on, and that take each other's place: sentinel or cluster.")
    var topology: DeploymentHistories.Topology?

    @Option(help: "How many tasks call, with --topology.")
    var tasks = 200

    @Option(help: "How often servers take each other's place in a history, with --topology.")
    var events = 10

    @Option(help: "on gives each cache copies in memory, of whose changes the servers tell, with --topology.")
    var near = Near.off

    @Option(help: "A file for every call as a line of JSON.")
    var write: String?

    @Option(
        help: "What is done to the server, with commas between: pause, connections, scripts, evictions, kill, restore."
    )
    var disturb = Disturbances(kinds: [])

    enum HistoryStore: String, ExpressibleByArgument, CaseIterable {
        case memory, tiered, redis, memcached, sqlite, file
        case tieredRedis = "tiered-redis"

        var isSimulated: Bool { self == .memory || self == .tiered }
        var isOnRedis: Bool { self == .redis || self == .tieredRedis }
    }

    struct Disturbances: ExpressibleByArgument {
        var kinds: Set<RedisDisturbance.Kind>

        init(kinds: Set<RedisDisturbance.Kind>) {
            self.kinds = kinds
        }

        init?(argument: String) {
            let kinds = argument.split(separator: ",").map { RedisDisturbance.Kind(rawValue: String($0)) }
            guard !kinds.contains(nil) else { return nil }
            self.kinds = Set(kinds.compactMap { $0 })
        }

        var defaultValueDescription: String { "none" }

        var text: String {
            RedisDisturbance.Kind.allCases.filter(self.kinds.contains).map(\.rawValue).joined(separator: ",")
        }
    }

    enum Near: String, ExpressibleByArgument, CaseIterable {
        case on, off
    }

    enum LossChoice: String, ExpressibleByArgument, CaseIterable {
        case keep, cold

        var policy: RedisLossPolicy { self == .cold ? .coldAfterLoss : .keep }
    }

    enum Fence: String, ExpressibleByArgument, CaseIterable {
        case on, off
    }

    func validate() throws {
        guard self.seeds > 0 else { throw ValidationError("--seeds must be positive") }
        guard UInt64.max - self.firstSeed >= UInt64(self.seeds) else {
            throw ValidationError("--first-seed leaves no room for \(self.seeds) seeds")
        }
        guard self.onLoss == .keep || (!self.disturb.kinds.isEmpty && !self.apart) else {
            throw ValidationError("--on-loss goes with --disturb, and not with --apart")
        }
        guard !self.apart || self.store.isOnRedis else {
            throw ValidationError("--apart goes with --store redis and tiered-redis")
        }
        // Copies in the upper tier of a store that has lost entries or forgotten invalidations are a matter of their own.
        guard self.disturb.kinds.isEmpty || self.store == .redis || self.store == .memcached else {
            throw ValidationError("--disturb goes with --store redis and memcached")
        }
        guard self.store != .memcached || self.memcachedDisturbances.count == self.disturb.kinds.count else {
            throw ValidationError("--disturb of memcached takes pause, evictions and kill")
        }
        guard self.servers > 0, self.servers == 1 || self.store == .memcached else {
            throw ValidationError("--servers goes with --store memcached")
        }
        guard !self.failover || self.store == .memcached else {
            throw ValidationError("--failover goes with --store memcached")
        }
        guard self.topology == nil || (self.store == .redis && self.disturb.kinds.isEmpty && !self.apart) else {
            throw ValidationError("--topology goes with --store redis, and neither with --disturb nor with --apart")
        }
        guard self.near == .off || self.topology != nil else { throw ValidationError("--near goes with --topology") }
        guard self.tasks > 0, self.events >= 0 else {
            throw ValidationError("--tasks must be positive, --events not negative")
        }
    }

    func run() async throws {
        let file = try self.write.map(Self.create)
        // What could not be written has thrown before; nothing is buffered that closing could lose.
        defer { try? file?.close() }
        var tally = HistoryTally(file: file)
        if let topology = self.topology {
            try await self.runDeployed(topology, &tally)
        } else if self.store == .memcached {
            let histories = MemcachedHistories(
                servers: self.servers,
                kinds: self.memcachedDisturbances,
                isFenced: self.fence == .on,
                failover: self.failover
            )
            tally = try await histories.run(self.all, tally)
        } else if self.store.isSimulated {
            try await self.runSimulated(&tally)
        } else if !self.store.isOnRedis {
            try await self.runOnDisk(&tally)
        } else if self.disturb.kinds.isEmpty {
            try await self.runOnRedis(&tally)
        } else {
            try await self.runDisturbed(&tally)
        }
        try file?.synchronize()
        var line = BenchLine("history")
        line.set("store", self.store.rawValue)
        line.set("seeds", self.seeds)
        line.set("operations", tally.operations)
        if self.apart { line.set("apart", "true") }
        if self.store == .memcached {
            line.set("servers", self.servers)
            line.set("failover", self.failover ? "on" : "off")
        }
        if let topology = self.topology {
            line.set("topology", topology.rawValue)
            line.set("near", self.near.rawValue)
            line.set("tasks", self.tasks)
            line.set("events", tally.disturbances)
            line.set("errors", tally.errors)
            line.set("unsettled", tally.unsettled)
            tally.servers.describe(in: &line)
            line.set("violations_lost_writes", tally.violationsOfLostWrites)
        }
        if !self.disturb.kinds.isEmpty {
            line.set("disturb", self.disturb.text)
            line.set("on_loss", self.onLoss.rawValue)
            line.set("disturbances", tally.disturbances)
            line.set("outages", tally.outages)
            line.set("unsettled", tally.unsettled)
            line.set("errors", tally.errors)
            line.set("restarts", tally.restarts)
            line.set("violations_before", tally.violationsBefore)
            line.set("violations_forgotten", tally.violationsForgotten)
        }
        line.set("violations", tally.violations)
        line.set("fence", self.fence.rawValue)
        if self.store.isSimulated { line.set("digest", String(tally.digest, radix: 16)) }
        line.print()
        // Without the fence they are what was looked for.
        if tally.violations > 0 || tally.servers.lateCalls > 0, self.fence == .on { throw ExitCode.failure }
    }

    private static func create(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw Failure("\(path) cannot be written") }
        return file
    }

    private var memcachedDisturbances: Set<MemcachedDisturbance.Kind> {
        Set(self.disturb.kinds.compactMap { MemcachedDisturbance.Kind(rawValue: $0.rawValue) })
    }

    private var all: Range<UInt64> { self.firstSeed..<(self.firstSeed + UInt64(self.seeds)) }

    private func runSimulated(_ tally: inout HistoryTally) async throws {
        let isFenced = self.fence == .on
        let isTiered = self.store == .tiered
        for seed in self.all {
            let history = try await HistoryRun.simulated(seed: seed) { clock, count in
                let memory = MemoryStore(limit: .entries(10_000), clock: clock)
                if isTiered {
                    let store = Self.tiered(over: HistoryRun.pausing(memory), seed, clock)
                    return Self.shared(store, count, isFenced)
                }
                return Self.shared(memory, count, isFenced)
            }
            try tally.add(history, HistoryChecker(isTiered ? .tiered : HistoryRules()))
        }
    }

    /// One tiered store for all caches: what other processes change is seen when copies end.
    private static func tiered(over lower: some CacheStore, _ seed: UInt64, _ clock: CacheClock) -> TieredStore {
        let upper = MemoryStore(limit: .entries(10_000), clock: clock)
        return TieredStore(upper: upper, lower: lower, upperTTL: seed.isMultiple(of: 3) ? .milliseconds(2) : nil)
    }

    private func runDeployed(_ topology: DeploymentHistories.Topology, _ tally: inout HistoryTally) async throws {
        let histories = DeploymentHistories(
            topology: topology,
            tasks: self.tasks,
            events: self.events,
            isFenced: self.fence == .on,
            hasNearCache: self.near == .on
        )
        for seed in self.all {
            try await histories.add(seed: seed, to: &tally)
            progress("\(tally.histories) histories")
        }
    }

    private func runOnRedis(_ tally: inout HistoryTally) async throws {
        let isFenced = self.fence == .on
        let isTiered = self.store == .tieredRedis
        tally = try await withRedisServer { [tally] server in
            var tally = tally
            let client = try RedisClient(url: server.url)
            let redis = RedisStore(client, spreadsKeys: self.apart)
            for seed in self.all {
                // A namespace of its own, so that nothing is there from the history before.
                let namespace = try CacheNamespace("history\(seed)")
                let history = try await HistoryRun.live(seed: seed, namespace: namespace) { clock, count in
                    if isTiered {
                        return Self.shared(Self.tiered(over: redis, seed, clock), count, isFenced)
                    }
                    return Self.shared(redis, count, isFenced)
                }
                var rules = HistoryRules.realTime
                rules.readsAreMonotonic = !isTiered
                try tally.add(history, HistoryChecker(rules))
                if seed.isMultiple(of: 100) { progress("\(tally.histories) histories") }
            }
            await client.shutdown()
            return tally
        }
    }

    /// Each cache has a store of its own, and all of them the same file or folder.
    private func runOnDisk(_ tally: inout HistoryTally) async throws {
        let isFenced = self.fence == .on
        let folder = FileManager.default.temporaryDirectory.appending(path: "larder-history-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // What is left is in the system's folder for what may go.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stores: [any CacheStore] = try (0..<HistoryOptions.realTime.caches).map { _ in
            if self.store == .sqlite {
                return try SQLiteStore(SQLiteStoreConfiguration(path: "\(folder)/history.sqlite"))
            }
            return try FileStore(FileStoreConfiguration(path: "\(folder)/history"))
        }
        for seed in self.all {
            let namespace = try CacheNamespace("history\(seed)")
            let history = try await HistoryRun.live(seed: seed, namespace: namespace) { _, count in
                stores.prefix(count).map { store -> any CacheStore in isFenced ? store : UnfencedStore(store) }
            }
            try tally.add(history, HistoryChecker(.realTime))
            if seed.isMultiple(of: 100) { progress("\(tally.histories) histories") }
        }
        for store in stores { await store.shutdown() }
    }

    private func runDisturbed(_ tally: inout HistoryTally) async throws {
        let isFenced = self.fence == .on
        let kinds = self.disturb.kinds
        tally = try await withRedisServer { [tally] server in
            var tally = tally
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            // Shorter than the longest pause, so that there are calls of which nobody knows what became of them.
            configuration.commandTimeout = .milliseconds(100)
            configuration.reconnect = .init(base: .milliseconds(2), maximum: .milliseconds(20))
            let client = try RedisClient(configuration)
            let redis =
                self.onLoss == .cold
                ? RedisStore(client, RedisStoreOptions(onLoss: .coldAfterLoss))
                : RedisStore(client, spreadsKeys: self.apart)
            for seed in self.all {
                try await server.command("FLUSHALL")
                let namespace = try CacheNamespace("history\(seed)")
                let disturbance = RedisDisturbance(kinds, server: server, namespace: namespace) {
                    try await client.info(["server"]).runID ?? ""
                }
                let history = try await HistoryRun.live(seed: seed, .disturbed, namespace: namespace) { _, count in
                    Self.shared(redis, count, isFenced)
                } disturbance: {
                    try await disturbance.run($0)
                }
                try tally.add(history, HistoryChecker(.disturbed))
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
