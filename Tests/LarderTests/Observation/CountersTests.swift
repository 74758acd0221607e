import CoreMetrics
import LarderTesting
import Logging
import Synchronization
import Testing

@testable import Larder

@Suite struct CountersTests {
    @Test(arguments: CacheUnderTest.Shape.allCases)
    func eachReadIsCountedOnce(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let key = CacheKey<Int>("k")
            var expected = CacheCounters()
            #expect(cache.counters == expected)
            #expect(cache.counters.hitRatio == 0)
            _ = try await cache.get(key)
            expected.misses += 1
            _ = try await cache.fetch(key, filling: 1)
            expected.misses += 1
            expected.fills += 1
            _ = try await cache.get(key)
            _ = try await cache.fetch(key, filling: 2)
            _ = try await cache.lookup(key)
            _ = try await cache.fetchReportingOutcome(key) { _ in 3 }
            expected.hits += 4
            _ = try await cache.getMany([key, key, "a", "b"])
            expected.hits += 1
            expected.misses += 2
            _ = try await cache.fetchMany([key, "c", "d"]) { _ in ["c": 1] }
            expected.hits += 1
            expected.misses += 2
            expected.fills += 1
            _ = try await cache.get(CacheKey<String>("k"))
            expected.misses += 1
            #expect(cache.counters == expected)
            #expect(cache.counters.hitRatio == 6.0 / 13.0)
            // These are no reads.
            _ = try await cache.contains(key)
            _ = try await cache.ttl(of: key)
            _ = try await cache.increment(key)
            _ = try await cache.add(key, 1)
            _ = try await cache.touch(key)
            _ = try await cache.remove(key)
            _ = try await cache.entryCount()
            #expect(cache.counters == expected)
        }
    }

    @Test func staleEntriesAreCountedAsSuch() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let lifetime = EntryLifetime(freshFor: .seconds(10), grace: .seconds(10))
            for name in ["get", "lookup", "many", "fetch", "fetchMany"] {
                let coder = cache.coder(for: Int.self)
                let write = EntryWrite(
                    key: StoreKey(version: 1, name: name),
                    value: .integer(1),
                    coder: coder,
                    lifetime: lifetime
                )
                _ = try await cache.space.write([write], .always)
            }
            subject.clock.advance(by: .seconds(10))
            _ = try await cache.get(CacheKey<Int>("get"))
            _ = try await cache.lookup(CacheKey<Int>("lookup"))
            _ = try await cache.getMany([CacheKey<Int>("many"), "absent"])
            _ = try await cache.fetch("fetch", filling: 2)
            _ = try await cache.fetchMany([CacheKey<Int>("fetchMany")]) { _ in [:] }
            #expect(cache.counters.stale == 5)
            #expect(cache.counters.misses == 1)
            #expect(cache.counters.hits == 0)
            try await #expect(cache.get(CacheKey<Int>("fetch")) == 2)
        }
    }

    /// Bootstrapping is for the whole process, so this is the one test that looks at metrics.
    @Test func countersAreMetricsWithTheCacheTheStoreAndTheOutcome() async throws {
        let metrics = RecordingMetrics()
        MetricsSystem.bootstrap(metrics)
        // On a clock that stands still: no lease ends while this waits for a thread.
        let clock = CacheClock(ManualClock())
        let faults = FaultyStore(MemoryStore(limit: .entries(100), clock: clock))
        let cache = Cache(faults, namespace: "metered", clock: clock, logger: .init(label: "test") { _ in NoLog() })
        let key = CacheKey<Int>("k")
        _ = try await cache.fetch(key, filling: 1)
        _ = try await cache.get(key)
        _ = try await cache.getMany([key, "a", "b"])
        await #expect(throws: Failure.self) { _ = try await cache.fetch("x") { () -> Int in throw Failure() } }
        faults.fail()
        _ = try await cache.get(key)
        func value(_ label: String, _ outcome: String) -> Int64? {
            metrics.value(label, ["cache": "metered", "store": "memory", "outcome": outcome])
        }
        #expect(value("larder_reads", "hit") == 2)
        #expect(value("larder_reads", "miss") == 4)
        #expect(value("larder_reads", "unavailable") == 1)
        #expect(value("larder_reads", "stale") == 0)
        #expect(value("larder_fills", "begun") == 2)
        #expect(value("larder_fills", "failed") == 1)
        #expect(value("larder_bytes", "read") == 0)
        #expect(value("larder_bytes", "written") == 0)
    }
}

/// Keeps what counters count.
private final class RecordingMetrics: MetricsFactory {
    private final class RecordingCounter: CounterHandler {
        let total = Atomic<Int64>(0)
        func increment(by amount: Int64) { self.total.add(amount, ordering: .relaxed) }
        func reset() { self.total.store(0, ordering: .relaxed) }
    }

    private struct Name: Hashable {
        var label: String
        var dimensions: [String: String]
    }

    private let counters = Mutex<[Name: RecordingCounter]>([:])

    func value(_ label: String, _ dimensions: [String: String]) -> Int64? {
        self.counters.withLock { $0[Name(label: label, dimensions: dimensions)]?.total.load(ordering: .relaxed) }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let name = Name(label: label, dimensions: Dictionary(dimensions) { first, _ in first })
        return self.counters.withLock { counters in
            if let counter = counters[name] { return counter }
            let counter = RecordingCounter()
            counters[name] = counter
            return counter
        }
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        NOOPMetricsHandler.instance
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { NOOPMetricsHandler.instance }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
