import Foundation
import Larder
import LarderTesting
import Synchronization
import Testing

/// Limits that change, entries heavier than a shard's share, and memory that is given back.
@Suite(.integrity, .timeLimit(.minutes(10))) struct MemoryCacheLimitTests {
    /// Large enough for several shards.
    private static let manyShards = 1 << 20

    private static func byCost(_ limit: Int) -> MemoryCache<Int, Int> {
        MemoryCache.checked(limit: .cost(limit) { _, value in value })
    }

    // MARK: Heavy entries

    @Test(arguments: [1 << 17, 1 << 18, 1 << 19, (1 << 20) - 1, 1 << 20])
    func storesWhatIsHeavierThanAShardsShare(_ weight: Int) {
        let cache = Self.byCost(Self.manyShards)
        for key in 0..<4_000 { cache.insert(500, forKey: key) }
        for key in [-1, -2, -3] {
            guard case .inserted = cache.insert(weight, forKey: key) else {
                Issue.record("\(weight) was not stored")
                return
            }
            #expect(cache.value(forKey: key) == weight)
            #expect(cache.cost <= Self.manyShards)
            #expect(cache.checkInvariants() == [])
        }
        guard case .replaced(weight) = cache.insert(weight - 1, forKey: -3) else {
            Issue.record("\(weight) was not replaced")
            return
        }
        #expect(cache.value(forKey: -3) == weight - 1)
    }

    @Test func refusesWhatIsHeavierThanTheLimit() {
        let cache = Self.byCost(Self.manyShards)
        #expect(cache.heaviestEntry == Self.manyShards)
        cache.insert(7, forKey: 1)
        cache.insert(7, forKey: 2)
        guard case .tooHeavy = cache.insert(Self.manyShards + 1, forKey: 1) else {
            Issue.record("It should have been refused")
            return
        }
        #expect(cache.value(forKey: 1) == nil)
        #expect(cache.value(forKey: 2) == 7)
        cache.update(forKey: 2) { $0?.value = Self.manyShards + 1 }
        #expect(cache.value(forKey: 2) == nil)
        #expect(cache.statistics.refusals == 2)
    }

    @Test func roomFlowsBackWhenAHeavyEntryHasLeft() {
        let cache = Self.byCost(Self.manyShards)
        cache.insert(Self.manyShards, forKey: -1)
        #expect(cache.count == 1)
        cache.removeValue(forKey: -1)
        for key in 0..<20_000 { cache.insert(100, forKey: key) }
        // All but what does not divide evenly.
        #expect(cache.cost > Self.manyShards * 99 / 100)
    }

    @Test func aHeavyEntryLeavesWhenOthersNeedItsRoom() {
        let cache = Self.byCost(Self.manyShards)
        cache.insert(Self.manyShards, forKey: -1)
        for key in 0..<20_000 { cache.insert(100, forKey: key) }
        #expect(cache.value(forKey: -1) == nil)
        #expect(cache.cost > Self.manyShards / 2)
    }

    @Test func updatesStoreHeavyValuesToo() {
        let cache = Self.byCost(Self.manyShards)
        for key in 0..<4_000 { cache.insert(250, forKey: key) }
        cache.update(forKey: 17) { $0?.value = Self.manyShards / 2 }
        #expect(cache.value(forKey: 17) == Self.manyShards / 2)
        cache.update(forKey: 18) { $0 = .init(Self.manyShards / 2) }
        #expect(cache.value(forKey: 18) == Self.manyShards / 2)
        #expect(cache.cost <= Self.manyShards)
    }

    @Test func valuesThatGoWhileRoomIsMadeMayStoreHeavyOnes() {
        final class Recursive: Sendable {
            let cache: MemoryCache<Int, Recursive>
            let depth: Int
            init(_ cache: MemoryCache<Int, Recursive>, _ depth: Int) {
                self.cache = cache
                self.depth = depth
            }
            deinit {
                guard self.depth < 3 else { return }
                self.cache.insert(Recursive(self.cache, self.depth + 1), forKey: self.depth)
            }
        }
        let limit = Self.manyShards
        let cache = MemoryCache<Int, Recursive>.checked(limit: .cost(limit) { _, _ in limit * 2 / 3 })
        for key in 0..<10 { cache.insert(Recursive(cache, 0), forKey: key) }
        #expect(cache.count == 1)
        #expect(cache.checkInvariants() == [])
        while cache.count > 0 { cache.removeAll() }
    }

    @Test func heavyWritersOnAllThreadsEndAndNeverPassTheLimit() {
        let limit = 1 << 18
        let cache = Self.byCost(limit)
        let most = Mutex(0)
        inThreads(8) { thread in
            var random = SeededGenerator(seed: UInt64(thread))
            for number in 0..<200 {
                let key = Int.random(in: 0..<50, using: &random)
                let weight = Int.random(in: 1...(number.isMultiple(of: 4) ? limit : 500), using: &random)
                switch number % 5 {
                case 0: cache.update(forKey: key) { $0 = .init(weight) }
                case 1: cache.removeValue(forKey: key)
                default: cache.insert(weight, forKey: key)
                }
                let cost = cache.cost
                most.withLock { $0 = max($0, cost) }
            }
        }
        #expect(most.withLock { $0 } <= limit)
    }

    // MARK: Changing the limit

    @Test(arguments: [0, 1, 7, 1_000, 20_000])
    func holdsNoMoreThanANewLimit(_ limit: Int) {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(5_000))
        for key in 0..<10_000 { cache.insert(key, forKey: key) }
        #expect(cache.count == 5_000)
        cache.setLimit(limit)
        #expect(cache.limit == limit)
        #expect(cache.count == min(limit, 5_000))
        #expect(cache.checkInvariants() == [])
        for key in 100_000..<110_000 { cache.insert(key, forKey: key) }
        #expect(cache.count <= limit)
        #expect(cache.count >= min(limit, 15_000) * 9 / 10)
        #expect(cache.checkInvariants() == [])
        cache.setLimit(5_000)
        for key in 0..<10_000 { cache.insert(key, forKey: key) }
        #expect(cache.count == 5_000)
    }

    @Test func keepsTheMostValuableWhenItShrinks() {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(20_000))
        for key in 0..<10_000 { cache.insert(key, forKey: key) }
        for _ in 0..<3 { for key in 0..<500 { _ = cache.value(forKey: key) } }
        cache.setLimit(1_500)
        #expect((0..<500).count { cache.contains($0) } > 450)
    }

    @Test func neverPassesTheLimitsWhileTheyChangeUnderWriters() {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(4_000))
        let isOver = Atomic<Bool>(false)
        let mistakes = Mutex<[String]>([])
        inThreads(6) { thread in
            guard thread > 0 else {
                var random = SeededGenerator(seed: 1)
                for _ in 0..<30 {
                    let old = cache.limit
                    let limit = Int.random(in: 0...4_000, using: &random)
                    cache.setLimit(limit)
                    // Writers may be quick, but the bound holds from here on.
                    for _ in 0..<20 where cache.count > limit {
                        mistakes.withLock { $0.append("\(cache.count) entries, from \(old) to \(limit)") }
                    }
                }
                isOver.store(true, ordering: .relaxed)
                return
            }
            var key = thread << 32
            while !isOver.load(ordering: .relaxed) {
                cache.insert(key, forKey: key)
                key += 1
            }
        }
        #expect(mistakes.withLock { $0 } == [])
    }

    @Test func theLaterOfTwoChangesCounts() {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(8_000))
        for key in 0..<8_000 { cache.insert(key, forKey: key) }
        inThreads(4) { thread in
            for round in 1...20 { cache.setLimit(thread.isMultiple(of: 2) ? round * 100 : 8_000 - round * 100) }
        }
        cache.setLimit(3_000)
        #expect(cache.limit == 3_000)
        #expect(cache.count <= 3_000)
    }

    // MARK: Giving memory back

    @Test func shedsTheLeastValuable() {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(20_000))
        for key in 0..<10_000 { cache.insert(key, forKey: key) }
        for _ in 0..<3 { for key in 0..<1_000 { _ = cache.value(forKey: key) } }
        let left = cache.trim(toShare: 0.5)
        #expect(cache.count == 10_000 - left)
        #expect((4_900...5_000).contains(cache.count))
        #expect((0..<1_000).count { cache.contains($0) } > 950)
        cache.relieve(.critical)
        #expect((1_200...1_250).contains(cache.count))
        #expect(cache.limit == 20_000)
        #expect(cache.trim(toShare: 0) > 0)
        #expect(cache.count == 0)
    }

    @Test(arguments: [0, 1, .max])
    func anyLimitWillDo(_ limit: Int) {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(100))
        for key in 0..<200 { cache.insert(key, forKey: key) }
        cache.setLimit(limit)
        cache.removeAll()
        for key in 0..<200 { cache.insert(key, forKey: key) }
        #expect(cache.count == min(limit, 200))
    }
}
