import LarderRedis

/// How a near cache is doing, as JSON.
///
/// Times are in seconds. What is not known is `null`.
struct NearCacheBody: Encodable, Sendable {
    private let statistics: NearCacheStatistics

    init(_ statistics: NearCacheStatistics) {
        self.statistics = statistics
    }

    private enum CodingKeys: CodingKey {
        case hits, misses, hitRatio, entries, limit, invalidations, isCovered, trouble, timesEmptied, lastEmptied
        case pushLatency
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.statistics.hits, forKey: .hits)
        try container.encode(self.statistics.misses, forKey: .misses)
        try container.encode(self.statistics.hitRatio, forKey: .hitRatio)
        try container.encode(self.statistics.entries, forKey: .entries)
        try container.encode(self.statistics.limit, forKey: .limit)
        try container.encode(self.statistics.invalidations, forKey: .invalidations)
        try container.encode(self.statistics.isCovered, forKey: .isCovered)
        try container.encode(self.statistics.trouble?.description, forKey: .trouble)
        try container.encode(self.statistics.timesEmptied, forKey: .timesEmptied)
        try container.encode(self.statistics.lastEmptied?.description, forKey: .lastEmptied)
        try container.encode(self.statistics.pushLatency.map(PushLatency.init), forKey: .pushLatency)
    }
}

private struct PushLatency: Encodable, Sendable {
    let last: Double
    let median: Double
    let percentile99: Double

    init(_ latency: NearCacheStatistics.PushLatency) {
        self.last = latency.last / 1e6
        self.median = latency.median / 1e6
        self.percentile99 = latency.percentile99 / 1e6
    }
}
