import LarderTesting
import Logging
import Testing

@testable import Larder

@Suite struct OutageLogTests {
    @Test func outageIsReportedOnceASecondWithItsCount() {
        let clock = ManualClock()
        let log = RecordingLog()
        let outages = OutageLog(logger: log.logger(), clock: CacheClock(clock))
        let error = CacheError(.unavailable, "no connection", underlying: Failure(number: 5))
        for _ in 0..<100 { outages.report(error) }
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.level == .warning)
        #expect(log.lines.first?.message == "The cache's store is unavailable")
        #expect(log.lines.first?.metadata["larder.calls"] == "1")
        #expect(log.lines.first?.metadata["larder.error"] == "Failure(number: 5)")
        clock.advance(by: .milliseconds(999))
        outages.report(error)
        #expect(log.lines.count == 1)
        clock.advance(by: .milliseconds(1))
        outages.report(CacheError(.unavailable, "no connection"))
        #expect(log.lines.count == 2)
        #expect(log.lines.last?.metadata["larder.calls"] == "101")
        #expect(log.lines.last?.metadata["larder.error"] == "no connection")
    }

    @Test func cacheReportsItsOutagesWithItsNames() async throws {
        let log = RecordingLog()
        try await withCache(.remote, .init(circuitBreaker: nil), logger: log.logger(.info)) { subject in
            subject.faults.fail()
            for _ in 0..<10 { _ = try await subject.cache.get(CacheKey<Int>("k")) }
            #expect(log.lines.count == 1)
            #expect(log.lines.first?.metadata["larder.cache"] == "ns")
            #expect(log.lines.first?.metadata["larder.store"] == "memory")
        }
    }

    @Test func cacheThatWorksLogsNothing() async throws {
        let log = RecordingLog()
        try await withCache(.remote, logger: log.logger(.info)) { subject in
            let cache = subject.cache
            _ = try await cache.fetch("k", filling: "secret")
            _ = try await cache.get(CacheKey<Int>("k"))
            await #expect(throws: Failure.self) { _ = try await cache.fetch("x") { () -> Int in throw Failure() } }
            try await cache.clear()
            #expect(log.lines.isEmpty)
        }
    }

    @Test func noLogAndNoErrorCarriesAValue() async throws {
        let log = RecordingLog()
        let limit = MemoryStore.Limit.cost(1_000) { _, value in (value as? String)?.utf8.count ?? 1 }
        try await withCache(.local, limit: limit, logger: log.logger()) { subject in
            let cache = subject.cache
            let secret = String(repeating: "secret", count: 1_000)
            _ = try await cache.fetch("k", filling: secret)
            try await cache.set("text", to: "secret")
            _ = try await cache.get(CacheKey<Int>("text"))
            let error = await #expect(throws: CacheError.self) { try await cache.set("k", to: secret) }
            #expect(error?.description.contains("secret") == false)
            let other = await #expect(throws: CacheError.self) { try await cache.increment(CacheKey<Int>("text")) }
            #expect(other?.description.contains("secret") == false)
            #expect(log.lines.count >= 2)
            for line in log.lines {
                #expect(!line.message.contains("secret"))
                #expect(!line.metadata.values.contains { $0.contains("secret") })
            }
        }
    }
}
