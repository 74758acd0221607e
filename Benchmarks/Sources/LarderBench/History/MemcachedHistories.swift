import Larder
import LarderMemcached
import LarderTesting

/// Histories on memcached servers, some of which are broken meanwhile.
struct MemcachedHistories {
    let servers: Int
    let kinds: Set<MemcachedDisturbance.Kind>
    let isFenced: Bool
    let failover: Bool

    /// Runs a history for each seed.
    func run(_ seeds: Range<UInt64>, _ tally: HistoryTally) async throws -> HistoryTally {
        try await withMemcachedServers(self.servers) { servers in
            var tally = tally
            var configuration = MemcachedConfiguration(servers: servers.map { .init($0.host, port: $0.port) })
            configuration.failover = self.failover
            configuration.failoverPause = .milliseconds(100)
            if !self.kinds.isEmpty {
                // Shorter than the longest pause, so that there are calls of which nobody knows what became of them.
                configuration.requestTimeout = .milliseconds(100)
                configuration.reconnect = .init(base: .milliseconds(2), maximum: .milliseconds(20))
            }
            let client = try MemcachedClient(configuration)
            let store = MemcachedStore(client)
            let disturbance = self.disturbance(of: servers, client)
            for seed in seeds {
                let namespace = try CacheNamespace("history\(seed)")
                let shown: any CacheStore = self.isFenced ? store : UnfencedStore(store)
                let options = disturbance == nil ? HistoryOptions.realTime : .disturbed
                let history = try await HistoryRun.live(seed: seed, options, namespace: namespace) { _, count in
                    Array(repeating: shown, count: count)
                } disturbance: {
                    try await disturbance?.run($0)
                }
                try tally.add(history, HistoryChecker(disturbance == nil ? .realTime : .disturbed))
                if seed.isMultiple(of: 100) { progress("\(tally.histories) histories") }
            }
            await client.shutdown()
            return tally
        }
    }

    private func disturbance(of servers: [MemcachedServer], _ client: MemcachedClient) -> MemcachedDisturbance? {
        if self.kinds.isEmpty { return nil }
        // A key of each server.
        var probes: [String: String] = [:]
        for index in 0..<10_000 { probes[client.server(ofKey: "probe\(index)")] = "probe\(index)" }
        let keys = Array(probes.values)
        return MemcachedDisturbance(self.kinds, servers: servers) {
            for key in keys { _ = try await client.get(key) }
        }
    }
}
