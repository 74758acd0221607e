import Larder
import LarderTesting
import Synchronization
import Testing

/// What a listener is told of entries that leave.
@Suite(.timeLimit(.minutes(10)), .integrity) struct MemoryCacheListenerTests {
    struct Departure: Sendable, Equatable {
        var key: String
        var value: Int
        var cause: RemovalCause

        init(_ key: String, _ value: Int, _ cause: RemovalCause) {
            self.key = key
            self.value = value
            self.cause = cause
        }
    }

    private final class Record: Sendable {
        private let state = Mutex<[Departure]>([])

        func add(_ key: String, _ value: Int, _ cause: RemovalCause) {
            self.state.withLock { $0.append(Departure(key, value, cause)) }
        }

        /// What has come since the last call.
        func take() -> [Departure] {
            self.state.withLock { departures in
                defer { departures = [] }
                return departures
            }
        }
    }

    private let clock = ManualClock()
    private let record = Record()

    private func makeCache(_ limit: MemoryCache<String, Int>.Limit = .entries(100)) -> MemoryCache<String, Int> {
        .checked(limit: limit, clock: CacheClock(self.clock), onRemoval: self.record.add)
    }

    // MARK: Causes

    @Test func tellsWhatWasReplaced() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a")
        #expect(self.record.take() == [])
        cache.insert(2, forKey: "a")
        #expect(self.record.take() == [.init("a", 1, .replaced)])
        cache.update(forKey: "a") { $0?.value = 3 }
        #expect(self.record.take() == [.init("a", 2, .replaced)])
    }

    @Test func tellsWhatWasRemoved() {
        let cache = self.makeCache()
        for key in ["a", "b", "c", "d"] { cache.insert(1, forKey: key) }
        cache.removeValue(forKey: "a")
        cache.removeValue(forKey: "no such key")
        #expect(self.record.take() == [.init("a", 1, .removed)])
        cache.update(forKey: "b") { $0 = nil }
        #expect(self.record.take() == [.init("b", 1, .removed)])
        cache.removeAll { key, _ in key == "c" }
        #expect(self.record.take() == [.init("c", 1, .removed)])
        cache.insert(2, forKey: "d", ttl: .zero)
        #expect(self.record.take() == [.init("d", 1, .removed)])
    }

    @Test func tellsWhatExpiredWhoeverFindsIt() {
        let cache = self.makeCache()
        func expire() {
            cache.insert(1, forKey: "a", ttl: .seconds(1))
            self.clock.advance(by: .seconds(1))
        }
        let finders: [() -> Void] = [
            { _ = cache.value(forKey: "a") },
            { cache.insert(2, forKey: "a") },
            { cache.removeValue(forKey: "a") },
            { cache.update(forKey: "a") { $0 = nil } },
            { cache.removeExpired() },
            { cache.insert(2, forKey: "b") },
        ]
        for find in finders {
            expire()
            find()
            #expect(self.record.take() == [.init("a", 1, .expired)])
            cache.removeAll()
            _ = self.record.take()
        }
    }

    @Test func tellsWhatWasEvicted() {
        let cache = self.makeCache(.entries(2))
        for number in 0..<5 { cache.insert(number, forKey: "\(number)") }
        let evicted = self.record.take()
        #expect(evicted.count == 3)
        #expect(evicted.allSatisfy { $0.cause == .evicted && $0.key == "\($0.value)" })
        #expect(cache.statistics.evictions == 3)
        #expect(cache.statistics.evictedCost == 3)
    }

    @Test func tellsWhatWasDroppedForAValueThatIsTooHeavy() {
        let cache = self.makeCache(.cost(100) { _, value in value })
        cache.insert(10, forKey: "a")
        cache.insert(101, forKey: "a")
        #expect(self.record.take() == [.init("a", 10, .tooHeavy)])
        cache.insert(102, forKey: "a")
        #expect(self.record.take() == [], "what was refused has never been in")
        cache.insert(20, forKey: "b")
        #expect(cache.update(forKey: "b") { $0?.value = 200 }.outcome == .tooHeavy)
        #expect(self.record.take() == [.init("b", 20, .tooHeavy)])
        #expect(cache.statistics.refusals == 3)
        #expect(cache.statistics.refusalDrops == 2)
    }

    @Test func tellsWhatWasEvictedForAValueThatGrew() {
        let cache = self.makeCache(.cost(100) { _, value in value })
        for number in 0..<10 { cache.insert(10, forKey: "\(number)") }
        cache.insert(95, forKey: "0")
        let departures = self.record.take()
        #expect(departures.filter { $0.cause == .evicted }.count == 9)
        #expect(departures.last == .init("0", 10, .replaced))
        #expect(cache.statistics.evictedCost == 90)
    }

    @Test func tellsWhatWasCleared() {
        let cache = self.makeCache(.entries(10_000))
        for number in 0..<1_000 { cache.insert(number, forKey: "a key that is longer than a cell \(number)") }
        cache.removeAll()
        let cleared = self.record.take()
        #expect(Set(cleared.map(\.value)) == Set(0..<1_000))
        #expect(cleared.allSatisfy { $0.cause == .cleared && $0.key.hasSuffix(" \($0.value)") })
        #expect(cache.statistics.clearances == 1_000)
        #expect(cache.statistics.removals == 0)
    }

    // MARK: Order, and no locks

    @Test func mayUseTheCacheAndIsToldOfThatAfterwards() {
        let cache = Box<MemoryCache<String, Int>>()
        let depth = Mutex(0)
        let record = self.record
        cache.value = .checked(limit: .entries(100)) { key, value, cause in
            depth.withLock { $0 += 1 }
            if value < 5 { cache.value?.insert(value + 1, forKey: key) }
            if value == 3 { cache.value?.removeAll() }
            record.add(key, value, cause)
            #expect(depth.withLock { $0 } == 1, "the listener was called within itself")
            depth.withLock { $0 -= 1 }
        }
        cache.value?.insert(0, forKey: "a")
        cache.value?.removeValue(forKey: "a")
        // Told of 0, it stores 1.
        #expect(self.record.take() == [.init("a", 0, .removed)])
        // Told of 1, it stores 2 over 3; told of 3, it stores 4 over 2, and clears; told of 2, it stores 3; and so on.
        cache.value?.insert(3, forKey: "a")
        #expect(
            self.record.take() == [
                .init("a", 1, .replaced), .init("a", 3, .replaced), .init("a", 2, .replaced), .init("a", 4, .cleared),
                .init("a", 3, .replaced), .init("a", 5, .replaced), .init("a", 4, .cleared),
            ]
        )
        #expect(cache.value?.value(forKey: "a") == 5)
        cache.value = nil
    }

    /// Each key's values count up, and are only ever replaced or removed.
    ///
    /// If a listener hears of them in the order in which
    /// they left, what it hears of a key counts up too.
    @Test func hearsOfAKeyInTheOrderInWhichItsValuesLeft() {
        let last = Mutex<[Int: Int]>([:])
        let disorder = Mutex(0)
        let heard = Mutex(0)
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(40)) { key, value, _ in
            last.withLock { last in
                if let before = last[key], before >= value { disorder.withLock { $0 += 1 } }
                last[key] = value
            }
            heard.withLock { $0 += 1 }
        }
        let stamps = Mutex(0)
        inThreads(4) { thread in
            var random = SeededGenerator(seed: UInt64(thread))
            for _ in 0..<Soak.operations(5_000, soak: 200_000) {
                let key = Int.random(in: 0..<60, using: &random)
                switch Int.random(in: 0..<10, using: &random) {
                case 0: cache.removeValue(forKey: key)
                case 1 where Int.random(in: 0..<20, using: &random) == 0: cache.removeAll()
                default:
                    // The number is drawn where nothing can come between it and its storing.
                    cache.update(forKey: key) { entry in
                        entry = .init(
                            stamps.withLock {
                                $0 += 1
                                return $0
                            }
                        )
                    }
                }
            }
        }
        #expect(disorder.withLock { $0 } == 0)
        let statistics = cache.statistics
        #expect(heard.withLock { $0 } == statistics.departures + statistics.replacements)
    }

    /// A listener that copies what it is told has, with what is still in the cache, all that was ever stored.
    @Test func hearsOfEverythingExactlyOnce() {
        let gone = Mutex<[Int: Int]>([:])
        let cache = MemoryCache<String, Int>.checked(limit: .entries(300), clock: CacheClock(self.clock)) {
            key,
            value,
            _ in
            #expect(key == "key \(value % 500)")
            gone.withLock { $0[value, default: 0] += 1 }
        }
        let count = 10_000
        inThreads(4) { thread in
            for number in stride(from: thread, to: count, by: 4) {
                let ttl: Duration? = number.isMultiple(of: 3) ? .milliseconds(1) : nil
                cache.insert(number, forKey: "key \(number % 500)", ttl: ttl)
                if number.isMultiple(of: 100) { self.clock.advance(by: .milliseconds(1)) }
            }
        }
        self.clock.advance(by: .seconds(1))
        cache.removeExpired()
        cache.forEach { _, entry in gone.withLock { $0[entry.value, default: 0] += 1 } }
        let wrong = gone.withLock { gone in (0..<count).filter { gone[$0] != 1 } }
        #expect(wrong == [])
    }

    /// A thread that holds the delivery up does not hold those up who write meanwhile.
    @Test func aSlowListenerHoldsOnlyItsOwnThreadUp() async throws {
        let isHeld = Mutex(true)
        let entered = Tally()
        let cache = MemoryCache<String, Int>.checked(limit: .entries(10)) { [record] key, value, cause in
            entered.add()
            while isHeld.withLock({ $0 }) { continue }
            record.add(key, value, cause)
        }
        cache.insert(1, forKey: "a")
        let waitForSlow = startThreads(1) { _ in cache.removeValue(forKey: "a") }
        try await eventually("the listener is called") { entered.count == 1 }
        cache.insert(2, forKey: "a")
        cache.removeValue(forKey: "a")
        #expect(cache.value(forKey: "a") == nil)
        #expect(self.record.take() == [])
        isHeld.withLock { $0 = false }
        waitForSlow()
        #expect(self.record.take() == [.init("a", 1, .removed), .init("a", 2, .removed)])
    }
}
