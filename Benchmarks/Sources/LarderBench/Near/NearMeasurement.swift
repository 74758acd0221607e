import ArgumentParser
import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

/// What the benchmarks of the near cache share; each is an extension in a file of its own.
struct NearMeasurement {
    let runs: Int
    let rounds: Int
    let readers: Int
    let disturbances: Bool
    let freshness: NearFreshness

    static let namespace: CacheNamespace = "bench"

    static func key(_ number: Int) -> CacheKey<Int> { CacheKey("key:\(number)") }

    /// Waits until the servers tell of changes.
    ///
    /// - Throws: `Failure` where they do not within ten seconds.
    static func waitUntilCovered(_ store: RedisStore) async throws {
        try await FetchMeasurement.wait(for: "the news of changes") {
            store.nearCacheStatistics(of: Self.namespace)?.isCovered == true
        }
    }
}

/// ``ReadFreshness`` as the command line has it.
enum NearFreshness: String, ExpressibleByArgument {
    case tracked
    case strict

    var readFreshness: ReadFreshness {
        switch self {
        case .tracked: .tracked
        case .strict: .strict
        }
    }
}
