import LarderTesting
import Synchronization
import Testing

@testable import Larder

/// Looking at a whole cache while others write to it.
@Suite(.integrity) struct MemoryCacheIterationTests {
    /// A writer counts round by round, key by key.
    ///
    /// Key 0 is never behind key 1, and never more than one round ahead of the last key. Only a look at one instant sees that; copying key by key would not.
    @Test(arguments: [40, 4_000])
    func seesEachShardAsItIsAtOneInstant(_ keys: Int) {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(200_000))
        for key in 0..<keys { cache.insert(0, forKey: key) }
        let isOver = Mutex(false)
        let rounds = Tally()
        let waitForWriter = startThreads(1) { _ in
            while !isOver.withLock({ $0 }) {
                let round = rounds.add()
                for key in 0..<keys { cache.insert(round, forKey: key) }
            }
        }
        var looks = 0
        while looks < Soak.operations(200, soak: 5_000) || rounds.count < 10 {
            var byShard: [Int: [(key: Int, value: Int)]] = [:]
            cache.forEach { key, entry in
                byShard[Self.shard(of: key, cache), default: []].append((key, entry.value))
            }
            #expect(byShard.values.reduce(0) { $0 + $1.count } == keys)
            for entries in byShard.values {
                let values = entries.sorted { $0.key < $1.key }.map(\.value)
                let isFalling = zip(values, values.dropFirst()).allSatisfy { $0 >= $1 }
                #expect(isFalling && (values.first ?? 0) - (values.last ?? 0) <= 1, "\(values)")
            }
            looks += 1
        }
        isOver.withLock { $0 = true }
        waitForWriter()
    }

    @Test func theClosureMayUseTheCache() {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(100))
        for key in 0..<50 { cache.insert(key, forKey: key) }
        var visited = 0
        cache.forEach { key, _ in
            cache.removeValue(forKey: key)
            cache.insert(key, forKey: key + 1_000)
            visited += 1
        }
        #expect(visited == 50)
        #expect(cache.count == 50)
        #expect(cache.statistics.reads == 0, "a visit is not a read")
    }

    @Test func anErrorEndsTheVisit() {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(100))
        for key in 0..<50 { cache.insert(key, forKey: key) }
        var visited = 0
        #expect(throws: Failure.self) {
            try cache.forEach { _, _ in
                visited += 1
                if visited == 3 { throw Failure() }
            }
        }
        #expect(visited == 3)
    }

    private static func shard(of key: Int, _ cache: MemoryCache<Int, Int>) -> Int {
        HashableScheme<Int>.withProbe(key, seed: cache.hashables.seed) { cache.hashables.shards.index(of: $0.hash) }
    }
}
