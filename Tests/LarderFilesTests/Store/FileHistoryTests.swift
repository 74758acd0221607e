import Larder
import LarderFiles
import LarderTesting
import Testing

/// Random histories of caches that have opened one folder each by itself, as several processes do.
@Suite(.timeLimit(.minutes(5))) struct FileHistoryTests {
    private static func histories(_ seeds: Range<UInt64>, isFenced: Bool = true) async throws -> [HistoryViolation] {
        var violations: [HistoryViolation] = []
        let folder = try TemporaryFolder()
        let stores = try (0..<HistoryOptions.realTime.caches).map { _ in
            try folder.store { $0.busyTimeout = .seconds(30) }
        }
        for seed in seeds {
            let namespace = try CacheNamespace("history\(seed)")
            let history = try await HistoryRun.live(seed: seed, namespace: namespace) { _, count in
                stores.prefix(count).map { store -> any CacheStore in isFenced ? store : UnfencedStore(store) }
            }
            #expect(history.calls.count >= 200)
            violations += HistoryChecker(.realTime).violations(in: history)
        }
        for store in stores { await store.shutdown() }
        return violations
    }

    @Test func noHistoryBreaksAPromise() async throws {
        let violations = try await Self.histories(1..<16)
        #expect(violations.isEmpty, "\(violations.first.map { "\($0)" } ?? "")")
    }

    @Test func withoutTheFenceSomeDo() async throws {
        try await #expect(!Self.histories(1..<16, isFenced: false).isEmpty)
    }
}
