import ArgumentParser
import Foundation
import Larder
@_spi(Testing) import LarderRedis
import LarderRedisClient
import LarderTesting

/// Long histories on servers that take each other's place, one for each seed.
struct DeploymentHistories {
    /// How the servers stand to each other.
    enum Topology: String, ExpressibleByArgument, CaseIterable {
        case sentinel, cluster
    }

    /// Long enough for a busy machine, short enough that callers notice when a server is gone.
    private static let commandTimeout = Duration.milliseconds(500)

    let topology: Topology
    let tasks: Int
    let events: Int
    let isFenced: Bool
    let hasNearCache: Bool

    private var checker: HistoryChecker {
        var rules = HistoryRules.disturbed
        if self.hasNearCache {
            // Half a second is promised, the other half is for a machine that is late itself.
            rules.othersAreSeenAfter = .seconds(1)
            // A counter is read from copies, too: what others added may be missing for as long.
            rules.readsAreMonotonic = false
            rules.keepsEntries = false
        }
        return HistoryChecker(rules)
    }

    /// Runs a history on a deployment of its own.
    func add(seed: UInt64, to tally: inout HistoryTally) async throws {
        switch self.topology {
        case .sentinel:
            // Sentinels wait for twice this time between two failovers that nobody has ordered.
            let options = RedisSentinelDeployment.Options(failoverTimeout: .seconds(2))
            let found = try await withRedisSentinels(options) { try await self.run(seed, on: $0) }
            try tally.add(found.history, self.checker, found.servers)
        case .cluster:
            let found = try await withRedisCluster { try await self.run(seed, on: $0) }
            try tally.add(found.history, self.checker, found.servers)
        }
    }

    private func run(
        _ seed: UInt64,
        on deployment: some HistoryDeployment
    ) async throws -> (history: History, servers: DeploymentTally) {
        let options = HistoryOptions.deployed(tasks: self.tasks)
        var configuration = try RedisConfiguration(url: deployment.url)
        configuration.commandTimeout = Self.commandTimeout
        var clients: [RedisClient] = []
        for _ in 0..<options.caches { clients.append(try RedisClient(configuration)) }
        let disturbance = DeploymentDisturbance(
            deployment,
            events: self.events,
            processes: clients.count,
            commandTimeout: Self.commandTimeout
        ) { [clients] process, key, member in
            _ = try await clients[process].send(RedisCommand("SADD", key, member))
        }
        let stores = clients.map { self.store($0) }
        let namespace = try CacheNamespace("history\(seed)")
        let history = try await HistoryRun.live(seed: seed, options, namespace: namespace) { _, _ in
            stores
        } disturbance: {
            try await disturbance.run($0)
        }
        for store in stores { await store.shutdown() }
        for client in clients { await client.shutdown() }
        let deadlines = HistoryDeadlines(commandTimeout: Self.commandTimeout, hardTimeout: options.hardTimeout)
        return (history, DeploymentTally(history, disturbance, deadlines))
    }

    private func store(_ client: RedisClient) -> any CacheStore {
        let store =
            self.hasNearCache
            ? RedisStore(client, RedisStoreOptions(nearCache: .entries(10_000)))
            : RedisStore(client, spreadsKeys: self.topology == .cluster)
        return self.isFenced ? store : UnfencedStore(store)
    }
}

/// What has been found so far of the servers of deployments.
struct DeploymentTally {
    private(set) var incidents: [HistoryIncident] = []
    private(set) var losses: [HistoryLoss] = []
    private(set) var errors: [String: Int] = [:]
    private(set) var commands = 0
    private(set) var lateCalls = 0
    /// The longest time for which the machine let nobody go on, in milliseconds.
    private(set) var longestStall = 0.0

    init() {}

    init(_ history: History, _ disturbance: DeploymentDisturbance, _ deadlines: HistoryDeadlines) {
        self.incidents = history.incidents
        self.losses = history.losses
        for call in history.calls {
            if let error = call.error { self.errors[error, default: 0] += 1 }
        }
        self.commands = disturbance.commandCount
        for late in disturbance.lateCommands { progress("history \(history.seed): a command was late by \(late)") }
        let late = deadlines.lateCalls(in: history)
        for call in late { progress("history \(history.seed): late: \(call)") }
        self.lateCalls = late.count + disturbance.lateCommands.count
        self.longestStall = (history.stalls.map { Double($0.end - $0.begin) }.max() ?? 0) / 1e6
    }

    mutating func add(_ other: Self) {
        self.incidents += other.incidents
        self.losses += other.losses
        self.errors.merge(other.errors, uniquingKeysWith: +)
        self.commands += other.commands
        self.lateCalls += other.lateCalls
        self.longestStall = max(self.longestStall, other.longestStall)
    }

    /// Adds what was found to a line.
    func describe(in line: inout BenchLine) {
        for event in HistoryEvent.allCases {
            let count = self.incidents.count { $0.event == event }
            if count > 0 { line.set("\(event.rawValue)_events", count) }
        }
        for (error, count) in self.errors.sorted(by: { $0.key < $1.key }) { line.set("errors_\(error)", count) }
        let losses = self.losses.map { Double($0.end - $0.begin) / 1e6 }
        line.set("loss_spans", losses.count)
        if !losses.isEmpty {
            line.set("loss_span_ms", median(losses))
            line.set("longest_loss_span_ms", losses.max() ?? 0)
        }
        line.set("commands", self.commands)
        line.set("late_calls", self.lateCalls)
        line.set("longest_stall_ms", self.longestStall)
        let times = self.incidents.compactMap(\.writableAfter)
        line.set("writable_after_ms", median(times))
        line.set("longest_writable_after_ms", times.max() ?? .nan)
    }
}
