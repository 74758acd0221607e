import ArgumentParser
import Foundation
import Larder
import LarderRedis
import LarderRedisClient

/// `larder-bench near-worker`: a process that reads through a near cache what another one changes.
struct NearWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "near-worker", shouldDisplay: false)

    @Option(help: "The server.")
    var url: String

    @Option(help: "The file that all processes have mapped.")
    var shared: String

    @Option(help: "Which of the readers this is.")
    var reader: Int

    @Option(help: "How many readers there are.")
    var readers: Int

    @Option(help: "How many rounds.")
    var rounds: Int

    @Option(help: "How many keys.")
    var keys: Int

    @Option(help: "The pause after reading each key once, in microseconds.")
    var pause: Int

    @Option(help: "Who may answer.")
    var freshness = NearFreshness.tracked

    func run() async throws {
        let shared = try SharedRounds(path: self.shared, rounds: self.rounds, keys: self.keys, readers: self.readers)
        let client = try RedisClient(url: self.url)
        let store = RedisStore(client, RedisStoreOptions(nearCache: .entries(10_000)))
        let cache = Cache(store, namespace: NearMeasurement.namespace, defaults: .init(failurePolicy: .missing))
        let freshness = self.freshness.readFreshness
        _ = try await cache.get(CacheKey<Int>("connected"))
        try await NearMeasurement.waitUntilCovered(store)
        print("\"ready\"")
        fflush(nil)
        while !shared.isOver, getppid() != 1 {
            for key in 0..<self.keys { await self.read(key, cache, freshness, shared) }
            try await Task.sleep(for: .microseconds(self.pause))
        }
        let statistics = store.nearCacheStatistics(of: NearMeasurement.namespace)
        let end: [String: Double] = [
            "hitRatio": statistics?.hitRatio ?? 0, "timesEmptied": Double(statistics?.timesEmptied ?? 0),
        ]
        FileHandle.standardOutput.write(try JSONEncoder().encode(end) + Data("\n".utf8))
        await store.shutdown()
        await client.shutdown()
    }

    private func read(_ key: Int, _ cache: Cache, _ freshness: ReadFreshness, _ shared: SharedRounds) async {
        let last = shared.lastRound(ofKey: key)
        let begin = SystemTime.nanoseconds
        shared.noteRead(reader: self.reader)
        // An unavailable server is a miss, and a miss is never stale.
        guard let value = try? await cache.get(NearMeasurement.key(key), freshness: freshness), let last, value < last
        else { return }
        // The first change that the value does not know of.
        let missed = value < 0 ? key : value + self.keys
        let end = shared.end(ofRound: missed)
        if begin > end { shared.noteStale(begin - end, round: missed, reader: self.reader) }
    }
}
