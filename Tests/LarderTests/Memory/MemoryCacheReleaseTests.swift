import Larder
import LarderTesting
import Synchronization
import Testing

/// What the cache lets go of is released with nothing locked: these values use the cache when they go.
@Suite(.timeLimit(.minutes(10)), .integrity) struct MemoryCacheReleaseTests {
    private final class Reentrant: Sendable {
        let cache: MemoryCache<String, Reentrant>
        let released: Counter

        init(_ cache: MemoryCache<String, Reentrant>, _ released: Counter) {
            self.cache = cache
            self.released = released
        }

        deinit {
            self.released.add()
            // Every key of the shard: with one shard, a lock that is held would be met.
            _ = self.cache.value(forKey: "a")
            self.cache.removeValue(forKey: "no such key")
        }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { self.count.withLock { $0 } }
        func add() { self.count.withLock { $0 += 1 } }
    }

    private let clock = ManualClock()
    private let released = Counter()

    private func makeCache(entries: Int) -> MemoryCache<String, Reentrant> {
        MemoryCache.checked(limit: .entries(entries), clock: CacheClock(self.clock))
    }

    @Test func whenEvicted() {
        let cache = self.makeCache(entries: 2)
        for number in 0..<10 { cache.insert(Reentrant(cache, self.released), forKey: "\(number)") }
        #expect(self.released.value == 8)
        cache.removeAll()
        #expect(self.released.value == 10)
    }

    @Test func whenReplacedOrRemoved() {
        let cache = self.makeCache(entries: 10)
        for _ in 0..<3 { cache.insert(Reentrant(cache, self.released), forKey: "a") }
        #expect(self.released.value == 2)
        cache.removeValue(forKey: "a")
        #expect(self.released.value == 3)
    }

    @Test func whenUpdated() {
        let cache = self.makeCache(entries: 10)
        let released = self.released
        cache.insert(Reentrant(cache, released), forKey: "a")
        cache.update(forKey: "a") { $0 = .init(Reentrant(cache, released)) }
        #expect(released.value == 1)
        cache.update(forKey: "a") { $0?.value = Reentrant(cache, released) }
        #expect(released.value == 2)
        cache.update(forKey: "a") { $0 = nil }
        #expect(released.value == 3)
    }

    @Test func whenExpired() {
        let cache = self.makeCache(entries: 10)
        for key in ["a", "b", "c"] { cache.insert(Reentrant(cache, self.released), forKey: key, ttl: .seconds(1)) }
        self.clock.advance(by: .seconds(1))
        _ = cache.value(forKey: "b")
        #expect(self.released.value >= 1)
        cache.removeExpired()
        #expect(self.released.value == 3)
    }

    @Test func whenChosenByAPredicate() {
        let cache = self.makeCache(entries: 10)
        for key in ["a", "b", "c"] { cache.insert(Reentrant(cache, self.released), forKey: key) }
        #expect(cache.removeAll { key, _ in key != "b" } == 2)
        #expect(self.released.value == 2)
        #expect(cache.checkInvariants() == [])
        cache.removeAll()
    }

    @Test func whenTheCacheGoes() {
        final class Value: Sendable {
            let released: Counter
            init(_ released: Counter) { self.released = released }
            deinit { self.released.add() }
        }
        do {
            let cache = MemoryCache<String, Value>.checked(limit: .entries(1_000), outlivesTest: false)
            for number in 0..<700 {
                cache.insert(Value(self.released), forKey: "a key that is longer than the cell \(number)")
            }
            #expect(cache.checkInvariants() == [])
        }
        #expect(self.released.value == 700)
    }

    @Test func aPredicateKeepsWhatChangedMeanwhile() {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(10))
        for key in 0..<5 { cache.insert(0, forKey: key) }
        let removed = cache.removeAll { key, _ in
            if key == 3 { cache.insert(1, forKey: 3) }
            return true
        }
        #expect(removed == 4)
        #expect(cache.value(forKey: 3) == 1)
    }
}
