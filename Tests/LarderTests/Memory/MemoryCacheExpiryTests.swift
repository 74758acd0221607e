import Larder
import LarderTesting
import Testing

@Suite(.integrity) struct MemoryCacheExpiryTests {
    private let clock = ManualClock()

    private func makeCache(entries: Int = 100) -> MemoryCache<String, Int> {
        MemoryCache.checked(limit: .entries(entries), clock: CacheClock(self.clock))
    }

    @Test func isThereUntilTheInstantAndGoneFromItOn() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", ttl: .milliseconds(10))
        self.clock.advance(by: .milliseconds(10) - .nanoseconds(1))
        #expect(cache.value(forKey: "a") == 1)
        self.clock.advance(by: .nanoseconds(1))
        #expect(!cache.contains("a"))
        #expect(cache.value(forKey: "a") == nil)
        #expect(cache.count == 0)
        #expect(cache.statistics.expirations == 1)
    }

    @Test func isAbsentForEveryVerb() {
        let cache = self.makeCache()
        func expire(_ key: String) {
            cache.insert(1, forKey: key, ttl: .seconds(1))
            self.clock.advance(by: .seconds(1))
        }
        expire("a")
        #expect(cache["a"] == nil)
        expire("a")
        #expect(!cache.contains("a"))
        expire("a")
        #expect(cache.entry(forKey: "a") == nil)
        expire("a")
        #expect(cache.removeValue(forKey: "a") == nil)
        expire("a")
        cache.update(forKey: "a") { #expect($0 == nil) }
        expire("a")
        cache.forEach { key, _ in Issue.record("\(key) was visited") }
        expire("a")
        cache.removeAll { key, _ in
            Issue.record("\(key) was offered")
            return true
        }
        expire("a")
        if case .replaced = cache.insert(2, forKey: "a") { Issue.record("It replaced what was gone") }
        #expect(cache.value(forKey: "a") == 2)
    }

    @Test(arguments: [Duration.zero, .seconds(-1)])
    func isNotStoredWithoutTimeToLive(_ ttl: Duration) {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a")
        guard case .alreadyExpired = cache.insert(2, forKey: "a", ttl: ttl) else {
            Issue.record("It should not have been stored")
            return
        }
        #expect(cache.value(forKey: "a") == nil)
        cache.insert(1, forKey: "b")
        cache.update(forKey: "b") { $0?.ttl = ttl }
        #expect(cache.value(forKey: "b") == nil)
    }

    @Test func livesForEverWithTheLongestDuration() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", ttl: .seconds(Int64.max))
        self.clock.advance(by: .seconds(1_000_000_000))
        #expect(cache.value(forKey: "a") == 1)
    }

    @Test func goesByWritesOfOthers() {
        let cache = self.makeCache(entries: 1_000)
        for number in 0..<100 { cache.insert(number, forKey: "mortal \(number)", ttl: .seconds(1)) }
        self.clock.advance(by: .seconds(1))
        for number in 0..<60 { cache.insert(number, forKey: "immortal \(number)") }
        #expect(cache.statistics.expirations >= 90)
        #expect(cache.statistics.evictions == 0)
    }

    @Test func goesBeforeTheLivingWhenRoomIsNeeded() {
        let cache = self.makeCache(entries: 10)
        for number in 0..<9 { cache.insert(number, forKey: "immortal \(number)") }
        cache.insert(9, forKey: "mortal", ttl: .seconds(1))
        for _ in 0..<3 { _ = cache.value(forKey: "mortal") }
        self.clock.advance(by: .seconds(1))
        // The sweep looks at four slots a write, so three writes have met it wherever it lies.
        cache.removeExpired()
        cache.insert(10, forKey: "new")
        #expect(cache.statistics.evictions == 0)
        #expect(cache.count == 10)
    }

    @Test func freesAllAtOnceWhenAsked() {
        let cache = self.makeCache(entries: 50_000)
        for number in 0..<20_000 { cache.insert(number, forKey: "\(number)", ttl: number < 15_000 ? .seconds(1) : nil) }
        self.clock.advance(by: .seconds(1))
        #expect(cache.removeExpired() == 15_000)
        #expect(cache.count == 5_000)
    }

    @Test func anUpdateKeepsTheDeadlineUnlessItSetsOne() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", ttl: .seconds(10))
        self.clock.advance(by: .seconds(4))
        let left = cache.update(forKey: "a") { entry -> Duration? in
            entry?.value = 2
            return entry?.ttl
        }.result
        #expect(left == .seconds(6))
        #expect(cache.entry(forKey: "a")?.ttl == .seconds(6))
        cache.update(forKey: "a") { $0?.ttl = .seconds(60) }
        self.clock.advance(by: .seconds(59))
        #expect(cache.value(forKey: "a") == 2)
        cache.update(forKey: "a") { $0?.ttl = nil }
        self.clock.advance(by: .seconds(59))
        #expect(cache.value(forKey: "a") == 2)
        #expect(cache.entry(forKey: "a")?.deadline == .distantFuture)
    }

    @Test func anUpdateThatThrowsChangesNothing() {
        struct Failure: Error {}
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", ttl: .seconds(10))
        #expect(throws: Failure.self) {
            try cache.update(forKey: "a") { entry throws(Failure) in
                entry = nil
                throw Failure()
            }
        }
        #expect(cache.entry(forKey: "a")?.value == 1)
        #expect(cache.entry(forKey: "a")?.ttl == .seconds(10))
    }
}
