import Larder
import LarderRedis
import LarderRedisClient
import LarderSQLite

/// What the caches did, and what is beneath them.
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

    /// The name of a cache, for the box that explains keys.
    struct Option: Sendable {
        let name: String
        let isFirst: Bool
    }

    let caches: [CacheSection]
    let shop: [Group]
    let options: [Option]
    let servers: ServersSection?

    /// - Parameters:
    ///   - statistics: What the caches did.
    ///   - visitorsToday: About how many visitors there were today; `nil` where that is not known.
    init(_ statistics: ShopStatistics, visitorsToday: Int?) {
        self.caches = statistics.caches.map(CacheSection.init)
        self.shop = [
            Group(
                heading: "Shop",
                rows: [
                    Counter("Visitors today", visitorsToday.map(grouped) ?? "unknown", "about, by their cookies")
                ]
            )
        ]
        self.options = self.caches.map { Option(name: $0.name, isFirst: $0.name == "books") }
        self.servers = statistics.topology.map(ServersSection.init)
    }
}

/// What one cache did.
struct CacheSection: Sendable {
    typealias Counter = StatisticsPage.Counter

    /// What the caches hold; others that a configuration may have are not asked.
    private static let contents = [
        "books": "Books one by one, and which of them stand on which shelf and page.",
        "figures": "The numbers of the ranking and the analytics, for some seconds.",
        "searches": "Which books a search has found.",
    ]

    let name: String
    let contents: String
    let ratio: Double
    let percent: String
    let groups: [StatisticsPage.Group]
    let nearCache: NearCacheSection?

    init(_ statistics: CacheStatistics) {
        let counters = statistics.counters
        self.name = statistics.name
        self.contents = Self.contents[statistics.name] ?? "Nothing of the shop's."
        self.ratio = counters.hitRatio
        self.percent = Bookshop.percent(counters.hitRatio)
        self.groups =
            [
                .init(
                    heading: "Look-ups",
                    rows: [
                        Counter("Hits", grouped(counters.hits), "found a fresh entry"),
                        Counter("Misses", grouped(counters.misses), "found nothing"),
                        Counter("Stale", grouped(counters.stale), "found an entry past its time"),
                        Counter("Unavailable", grouped(counters.unavailable), "got no answer from the store"),
                    ]
                ),
                .init(
                    heading: "Fills",
                    rows: [
                        Counter("Fills", grouped(counters.fills), "times that the value was made"),
                        Counter("Refreshes", grouped(counters.refreshes), "of them behind visitors, who did not wait"),
                        Counter("Failed fills", grouped(counters.failedFills), "of them that brought nothing"),
                        Counter("Stale serves", grouped(counters.staleServes), "answers past their time that stood in"),
                    ]
                ),
                .init(
                    heading: "Store",
                    rows: [
                        Counter("Entries", statistics.entries.map(grouped) ?? "unknown", "values in the store now"),
                        Counter("Store", statistics.store, "where they are: in this process (memory), or elsewhere"),
                    ]
                ),
            ] + (statistics.catalogue.map { [Self.group(of: $0)] } ?? [])
        self.nearCache = statistics.nearCache.map(NearCacheSection.init)
    }

    private static func group(of catalogue: CachedDatabaseStatistics) -> StatisticsPage.Group {
        .init(
            heading: "Catalogue",
            rows: [
                Counter("Reads", grouped(catalogue.readsOfDatabase), "times that the database was read"),
                Counter("Transactions", grouped(catalogue.commits), "changes that this process has made"),
                Counter(
                    "Invalidations",
                    grouped(catalogue.invalidations),
                    "rows, columns and tables that they changed"
                ),
                Counter("Changes by others", grouped(catalogue.foreignWrites), "after which all was forgotten"),
                Counter("Untold", grouped(catalogue.pending), "changes that the store has not heard of yet"),
            ]
        )
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

/// The servers that the caches are in.
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
    let servers: [Server]

    init(_ topology: RedisTopologyDescription) {
        let hasSlots = topology.nodes.contains { $0.slots != nil }
        let hasTimes = topology.nodes.contains { $0.roundTrip != nil }
        self.kind = Self.kinds[topology.kind] ?? topology.kind.rawValue
        self.primaryName = topology.primaryName
        self.columns = (hasSlots ? ["Slots"] : []) + (hasTimes ? ["Round trip"] : [])
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
