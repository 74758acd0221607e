import Foundation
import Larder
import LarderTesting
import Synchronization
import Testing

@Suite(.integrity) struct MemoryCacheBoundsTests {
    @Test(arguments: [1, 2, 3, 7, 10, 100, 1_000, 5_000])
    func holdsNeverMoreThanItsEntriesUnderEightWriters(_ limit: Int) {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(limit))
        let most = Mutex(0)
        inThreads(8) { thread in
            var random = SeededGenerator(seed: UInt64(thread))
            for number in 0..<4_000 {
                cache.insert(number, forKey: thread << 32 | number)
                if number.isMultiple(of: 5) {
                    cache.removeValue(forKey: thread << 32 | Int.random(in: 0...number, using: &random))
                }
                if number.isMultiple(of: 16) {
                    let count = cache.count
                    most.withLock { $0 = max($0, count) }
                }
            }
        }
        #expect(most.withLock { $0 } <= limit)
    }

    @Test(arguments: [1, 10, 1_000, 1 << 18])
    func holdsNeverMoreThanItsCostUnderEightWriters(_ limit: Int) {
        let cache = MemoryCache<String, Int>.checked(limit: .cost(limit) { _, value in value })
        let most = Mutex(0)
        inThreads(8) { thread in
            var random = SeededGenerator(seed: UInt64(thread))
            for number in 0..<4_000 {
                let cost = Int.random(in: 1...max(1, min(limit, 1_000)), using: &random)
                cache.insert(cost, forKey: "key \(Int.random(in: 0..<500, using: &random)) of \(thread)")
                if number.isMultiple(of: 16) {
                    let cost = cache.cost
                    most.withLock { $0 = max($0, cost) }
                }
            }
        }
        #expect(most.withLock { $0 } <= limit)
    }

    /// How many keys eight threads write: all of the ten million that the promise speaks of take a minute in release mode.
    private static let distinctKeys = ProcessInfo.processInfo.environment["LARDER_SOAK"] == nil ? 80_000 : 10_000_000

    @Test(arguments: [false, true])
    func anObserverNeverSeesMoreThanAThousand(_ isByCost: Bool) {
        let limit = isByCost ? 1_000_000 : 1_000
        let cache = MemoryCache<Int, Int>.checked(
            limit: isByCost ? .cost(limit) { key, _ in 500 + key % 1_000 } : .entries(limit)
        )
        let writers = Atomic<Int>(8)
        let most = Mutex(0)
        inThreads(9) { thread in
            if thread == 8 {
                while writers.load(ordering: .relaxed) > 0 {
                    let held = isByCost ? cache.cost : cache.count
                    most.withLock { $0 = max($0, held) }
                }
                return
            }
            for number in 0..<Self.distinctKeys / 8 { cache.insert(number, forKey: number * 8 + thread) }
            writers.subtract(1, ordering: .relaxed)
        }
        #expect(most.withLock { $0 } <= limit)
        #expect(most.withLock { $0 } > limit * 9 / 10)
    }

    @Test(arguments: [1, 2, 10, 127, 128, 1_000])
    func holdsAsMuchAsItMayWhereThereIsOneShard(_ limit: Int) {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(min(limit, 255)))
        for key in 0..<10_000 { cache.insert(key, forKey: key) }
        #expect(cache.count == min(limit, 255))
        #expect(cache.value(forKey: 9_999) == 9_999)
    }

    @Test(arguments: [0, -5])
    func holdsNothingWhereTheLimitIsNothing(_ limit: Int) {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(limit))
        guard case .tooHeavy = cache.insert(1, forKey: 1) else {
            Issue.record("It should not have been stored")
            return
        }
        #expect(cache.value(forKey: 1) == nil)
        #expect(cache.statistics.refusals == 1)
    }

    @Test func refusesWhatIsTooHeavyAndDropsTheOldValue() {
        let cache = MemoryCache<String, Int>.checked(limit: .cost(100) { _, value in value })
        cache.insert(100, forKey: "a")
        #expect(cache.heaviestEntry == 100)
        let result = cache.insert(101, forKey: "a")
        #expect(!result.isStored)
        #expect(cache.value(forKey: "a") == nil)
        #expect(cache.cost == 0)
    }

    @Test func keepsTheEntryThatGrowsAndDropsOthers() {
        let cache = MemoryCache<Int, Int>.checked(limit: .cost(100) { _, value in value })
        for key in 0..<10 { cache.insert(10, forKey: key) }
        guard case .replaced(10) = cache.insert(95, forKey: 0) else {
            Issue.record("It should have replaced 10")
            return
        }
        #expect(cache.value(forKey: 0) == 95)
        #expect(cache.count == 1)
        #expect(cache.statistics.evictions == 9)
    }

    @Test func countsACostBelowOneAsOne() {
        let cache = MemoryCache<Int, Int>.checked(limit: .cost(10) { _, _ in -3 })
        for key in 0..<100 { cache.insert(key, forKey: key) }
        #expect(cache.count == 10)
        #expect(cache.cost == 10)
    }

    @Test func staysSoundWhenThreadsDoEverythingAtOnce() {
        let cache = MemoryCache<String, Int>.checked(limit: .entries(300))
        inThreads(8) { thread in
            var random = SeededGenerator(seed: UInt64(thread))
            for number in 0..<5_000 {
                let key = "shared key number \(Int.random(in: 0..<600, using: &random))"
                switch number % 7 {
                case 0, 1: cache.insert(number, forKey: key, ttl: number.isMultiple(of: 2) ? .microseconds(50) : nil)
                case 2: cache.removeValue(forKey: key)
                case 3: cache.update(forKey: key) { $0 = .init(($0?.value ?? 0) + 1) }
                case 4 where number % 700 == 4: cache.removeAll()
                case 5 where number % 350 == 5: cache.removeAll { _, value in value.isMultiple(of: 2) }
                default: _ = cache.value(forKey: key)
                }
            }
        }
        #expect(cache.count <= 300)
    }

    @Test func updatesOfOneKeyDoNotLoseEachOther() {
        let cache = MemoryCache<String, Int>.checked(limit: .entries(10))
        inThreads(8) { _ in
            for _ in 0..<2_000 { cache.update(forKey: "counter") { $0 = .init(($0?.value ?? 0) + 1) } }
        }
        #expect(cache.value(forKey: "counter") == 16_000)
    }
}
