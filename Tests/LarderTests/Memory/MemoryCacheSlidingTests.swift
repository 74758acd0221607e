import Larder
import LarderTesting
import Testing

/// Entries that expire when nobody asks for them, and memory that is freed though nobody writes.
@Suite(.integrity) struct MemoryCacheSlidingTests {
    private let clock = ManualClock()

    private func makeCache(entries: Int = 100) -> MemoryCache<String, Int> {
        MemoryCache.checked(limit: .entries(entries), clock: CacheClock(self.clock))
    }

    @Test func livesAsLongAsItIsAskedFor() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", idle: .milliseconds(10))
        for _ in 0..<100 {
            self.clock.advance(by: .milliseconds(9))
            #expect(cache.value(forKey: "a") == 1)
        }
        self.clock.advance(by: .milliseconds(9))
        #expect(cache.contains("a"))
        // That did not count as a read.
        self.clock.advance(by: .milliseconds(1))
        #expect(!cache.contains("a"))
        #expect(cache.value(forKey: "a") == nil)
        #expect(cache.count == 0)
    }

    @Test func isExactToTheMillisecondHoweverOftenItIsRead() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", idle: .milliseconds(10))
        for _ in 0..<1_000 {
            self.clock.advance(by: .microseconds(30))
            #expect(cache.value(forKey: "a") == 1)
        }
        self.clock.advance(by: .milliseconds(9))
        #expect(cache.contains("a"))
        self.clock.advance(by: .milliseconds(1))
        #expect(!cache.contains("a"))
    }

    @Test func endsWithItsTimeToLiveInAnyCase() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", ttl: .milliseconds(25), idle: .milliseconds(10))
        #expect(cache.entry(forKey: "a")?.ttl == .milliseconds(10))
        for _ in 0..<3 {
            self.clock.advance(by: .milliseconds(8))
            #expect(cache.entry(forKey: "a")?.value == 1)
        }
        #expect(cache.entry(forKey: "a")?.ttl == .milliseconds(1))
        self.clock.advance(by: .milliseconds(1))
        #expect(cache.value(forKey: "a") == nil)
    }

    @Test(arguments: [Duration.zero, .seconds(-1)])
    func isNotStoredWithoutTime(_ idle: Duration) {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a")
        guard case .alreadyExpired = cache.insert(2, forKey: "a", idle: idle) else {
            Issue.record("It should not have been stored")
            return
        }
        #expect(cache.value(forKey: "a") == nil)
        cache.update(forKey: "b") { $0 = .init(1, idle: idle) }
        #expect(cache.value(forKey: "b") == nil)
    }

    @Test func anUpdateKeepsTheSpanUnlessItSetsOne() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", ttl: .seconds(100), idle: .seconds(10))
        self.clock.advance(by: .seconds(4))
        let (left, idle) = cache.update(forKey: "a") { entry in
            defer { entry?.value = 2 }
            return (entry?.ttl, entry?.idle)
        }
        .result
        #expect(left == .seconds(6))
        #expect(idle == .seconds(10))
        // Written is asked for.
        #expect(cache.entry(forKey: "a")?.ttl == .seconds(10))
        cache.update(forKey: "a") { $0?.idle = .seconds(50) }
        self.clock.advance(by: .seconds(49))
        #expect(cache.value(forKey: "a") == 2)
        cache.update(forKey: "a") { $0?.idle = nil }
        #expect(cache.entry(forKey: "a")?.ttl == .seconds(47))
        cache.update(forKey: "a") { $0?.ttl = nil }
        #expect(cache.entry(forKey: "a")?.ttl == nil)
    }

    @Test func aReplacementDoesNotInheritIt() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", idle: .seconds(1))
        cache.insert(2, forKey: "a", ttl: .seconds(10))
        cache.insert(1, forKey: "b", idle: .seconds(1))
        cache.insert(2, forKey: "b")
        self.clock.advance(by: .seconds(9))
        #expect(cache.value(forKey: "a") == 2)
        #expect(cache.entry(forKey: "a")?.idle == nil)
        self.clock.advance(by: .seconds(1))
        #expect(cache.value(forKey: "a") == nil)
        #expect(cache.value(forKey: "b") == 2)
    }

    @Test func livesForEverWithTheLongestDuration() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", idle: .seconds(Int64.max))
        cache.insert(1, forKey: "b", idle: .seconds(9_000_000_000))
        self.clock.advance(by: .seconds(8_000_000_000))
        #expect(cache.value(forKey: "a") == 1)
        #expect(cache.value(forKey: "b") == 1)
    }

    // MARK: Memory

    @Test func readersFreeMemoryToo() {
        let cache = self.makeCache(entries: 2_000)
        cache.insert(1, forKey: "hot")
        for number in 0..<1_000 { cache.insert(number, forKey: "\(number)", ttl: .seconds(1)) }
        self.clock.advance(by: .seconds(1))
        for _ in 0..<20_000 { _ = cache.value(forKey: "hot") }
        // Those in the shard that is read.
        #expect(cache.statistics.expirations > 0)
    }

    @Test func noOperationFreesMoreThanAFewEntries() {
        let cache = self.makeCache(entries: 40_000)
        for number in 0..<20_000 { cache.insert(number, forKey: "\(number)", ttl: .seconds(1)) }
        self.clock.advance(by: .seconds(1))
        var most = 0
        var before = 0
        for number in 0..<2_000 {
            if number.isMultiple(of: 2) {
                _ = cache.value(forKey: "none")
            } else {
                cache.insert(1, forKey: "\(-number)")
            }
            let expirations = cache.statistics.expirations
            most = max(most, expirations - before)
            before = expirations
        }
        #expect(most > 0)
        #expect(most <= 32)
    }

    @Test func aSweeperFreesWhatNobodyTouches() async throws {
        let cache = self.makeCache(entries: 20_000)
        for number in 0..<6_000 {
            cache.insert(number, forKey: "\(number)", ttl: .seconds(number.isMultiple(of: 3) ? 1 : 9))
        }
        let clock = self.clock
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await cache.sweep(every: .seconds(1)) }
            for _ in 0..<30 where cache.count > 4_000 {
                try await clock.waitForSleepers()
                clock.advance(by: .seconds(1) / 4)
                await Task.yield()
            }
            for _ in 0..<400 where cache.count > 0 {
                try await clock.waitForSleepers()
                clock.advance(by: .seconds(1))
            }
            group.cancelAll()
        }
        #expect(cache.count == 0)
        #expect(cache.checkInvariants() == [])
        #expect(clock.sleeperCount == 0)
    }
}
