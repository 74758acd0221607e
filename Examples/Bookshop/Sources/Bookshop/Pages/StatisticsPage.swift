import Larder
import LarderRedis
import LarderRedisClient

/// What the cache did, and what is beneath it.
struct StatisticsPage: PageContent {
    static let template = "stats"

    struct Counter: Sendable {
        let name: String
        let value: String
        let meaning: String

        init(_ name: String, _ value: String, _ meaning: String) {
            self.name = name
            self.value = value
            self.meaning = meaning
        }
    }

    struct Group: Sendable {
        let heading: String
        let rows: [Counter]
    }

    let ratio: Double
    let percent: String
    let groups: [Group]
    let nearCache: NearCacheSection?
    let servers: ServersSection?

    /// - Parameters:
    ///   - statistics: What the cache did.
    ///   - visitorsToday: About how many visitors there were today; `nil` where that is not known.
    init(_ statistics: CacheStatistics, visitorsToday: Int?) {
        let counters = statistics.counters
        self.ratio = counters.hitRatio
        self.percent = Bookshop.percent(counters.hitRatio)
        self.groups = [
            Group(
                heading: "Look-ups",
                rows: [
                    Counter("Hits", grouped(counters.hits), "found a fresh entry"),
                    Counter("Misses", grouped(counters.misses), "found nothing"),
                    Counter("Stale", grouped(counters.stale), "found an entry past its time"),
                    Counter("Unavailable", grouped(counters.unavailable), "got no answer from the store"),
                ]
            ),
            Group(
                heading: "Fills",
                rows: [
                    Counter("Fills", grouped(counters.fills), "times that the database was asked"),
                    Counter("Refreshes", grouped(counters.refreshes), "of them behind visitors, who did not wait"),
                    Counter("Failed fills", grouped(counters.failedFills), "of them that brought nothing"),
                    Counter("Stale serves", grouped(counters.staleServes), "answers past their time that stood in"),
                ]
            ),
            Group(
                heading: "Store",
                rows: [
                    Counter("Entries", statistics.entries.map(grouped) ?? "unknown", "fresh values in the store now"),
                    Counter("Store", statistics.store, "where they are: in this process (memory), or in Redis"),
                ]
            ),
            Group(
                heading: "Shop",
                rows: [
                    Counter("Visitors today", visitorsToday.map(grouped) ?? "unknown", "about, by their cookies")
                ]
            ),
        ]
        self.nearCache = statistics.redis?.nearCache.map(NearCacheSection.init)
        self.servers = (statistics.redis?.topology).map(ServersSection.init)
    }
}

/// The copies that this process keeps of what is in Redis.
struct NearCacheSection: Sendable {
    typealias Counter = StatisticsPage.Counter

    let ratio: Double
    let percent: String
    let groups: [StatisticsPage.Group]

    init(_ statistics: NearCacheStatistics) {
        self.ratio = statistics.hitRatio
        self.percent = Bookshop.percent(statistics.hitRatio)
        let entries = "\(grouped(statistics.entries)) of \(grouped(statistics.limit))"
        let latency = statistics.pushLatency
        func time(_ microseconds: Double?) -> String { microseconds.map { shortTime($0 / 1e6) } ?? "unknown" }
        self.groups = [
            .init(
                heading: "Copies",
                rows: [
                    Counter("Hits", grouped(statistics.hits), "reads that a copy has answered"),
                    Counter("Misses", grouped(statistics.misses), "reads that went to Redis"),
                    Counter("Entries", entries, "copies, and how many there may be"),
                ]
            ),
            .init(
                heading: "What Redis tells",
                rows: [
                    Counter("Covered", statistics.isCovered ? "yes" : "no", Self.coverage(statistics)),
                    Counter("Invalidations", grouped(statistics.invalidations), "keys that Redis said have changed"),
                    Counter("Times emptied", grouped(statistics.timesEmptied), Self.emptying(statistics)),
                ]
            ),
            .init(
                heading: "Push latency, from sending a change until Redis tells of it",
                rows: [
                    Counter("Last", time(latency?.last), "the latest change of this process"),
                    Counter("Median", time(latency?.median), "half of the latest changes took no longer"),
                    Counter("99 %", time(latency?.percentile99), "99 of 100 took no longer"),
                ]
            ),
        ]
    }

    private static func coverage(_ statistics: NearCacheStatistics) -> String {
        switch (statistics.isCovered, statistics.trouble) {
        case (true, _): "Redis tells of every change, so copies answer reads"
        case (false, let trouble?): "all reads go to Redis for now: \(trouble)"
        case (false, nil): "all reads go to Redis until it tells of changes, which it is asked for with the first"
        }
    }

    private static func emptying(_ statistics: NearCacheStatistics) -> String {
        let meaning = "all copies were dropped at once"
        return statistics.lastEmptied.map { "\(meaning); the last time: \($0)" } ?? meaning
    }
}

/// The servers that the cache is in.
struct ServersSection: Sendable {
    struct Server: Sendable {
        let address: String
        let part: String
        let isConnected: Bool
        /// What the further columns show.
        let details: [String]
    }

    /// Kinds that come later are called what Larder calls them.
    private static let kinds: [RedisTopologyDescription.Kind: String] = [
        .standalone: "One server",
        .replicated: "A primary and its replicas",
        .sentinel: "A primary and its replicas, which Sentinels watch",
        .cluster: "A Redis Cluster",
        .sharded: "Independent servers that share the keys",
    ]

    let kind: String
    /// The name under which Sentinels know the primary.
    let primaryName: String?
    /// The headings of further columns: what is known of at least one server.
    let columns: [String]
    let hasServers: Bool
    let servers: [Server]

    init(_ topology: RedisTopologyDescription) {
        let hasSlots = topology.nodes.contains { $0.slots != nil }
        let hasTimes = topology.nodes.contains { $0.roundTrip != nil }
        self.kind = Self.kinds[topology.kind] ?? topology.kind.rawValue
        self.primaryName = topology.primaryName
        self.columns = (hasSlots ? ["Slots"] : []) + (hasTimes ? ["Round trip"] : [])
        self.hasServers = !topology.nodes.isEmpty
        self.servers = topology.nodes.map { node in
            let slots = node.slots.map(grouped) ?? "–"
            let roundTrip = node.roundTrip.map(shortTime) ?? "–"
            return Server(
                address: node.address,
                part: node.role.rawValue,
                isConnected: node.isConnected,
                details: (hasSlots ? [slots] : []) + (hasTimes ? [roundTrip] : [])
            )
        }
    }
}
