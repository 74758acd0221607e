import Foundation
import Larder
import Testing

@testable import Larder

@Suite(.integrity) struct S3FIFOTests {
    @Test func keepsMoreOfWhatIsAskedForThanLRUAndFIFO() {
        let trace = Self.zipfWithScans(requests: 200_000)
        for entries in [100, 1_000] {
            let cache = MemoryCache<Int, Int>.checked(limit: .entries(entries))
            var hits = 0
            for key in trace {
                if cache.value(forKey: key) != nil { hits += 1 } else { cache.insert(key, forKey: key) }
            }
            let ours = Double(hits) / Double(trace.count)
            let lru = Self.hitRatio(trace, entries: entries, isMovedByHits: true)
            let fifo = Self.hitRatio(trace, entries: entries, isMovedByHits: false)
            #expect(ours > lru + 0.04, "\(entries) entries: \(ours), LRU \(lru)")
            #expect(ours > fifo + 0.06, "\(entries) entries: \(ours), FIFO \(fifo)")
            #expect(cache.checkInvariants() == [])
        }
    }

    @Test func aScanDoesNotPushOutWhatIsInUse() {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(100))
        for key in 0..<50 { cache.insert(key, forKey: key) }
        for _ in 0..<3 { for key in 0..<50 { _ = cache.value(forKey: key) } }
        for key in 1_000..<1_300 { cache.insert(key, forKey: key) }
        #expect((0..<50).allSatisfy { cache.value(forKey: $0) != nil })
    }

    @Test func aKeyThatComesBackWhileItIsRememberedGoesToMain() {
        var policy = S3FIFO(capacity: 10, isWeighted: false)
        policy.reserve(slots: 64)
        for slot in UInt32(0)..<10 { policy.admit(slot, cost: 1, isRemembered: policy.remembers(slot)) }
        let victim = policy.evict(hash: { $0 }, isExpired: { _ in false })
        #expect(victim == 0)
        let isRemembered = policy.remembers(0)
        #expect(isRemembered)
        policy.admit(0, cost: 1, isRemembered: isRemembered)
        // It is in main now, so the hand takes all of the small queue down to a tenth before it.
        for expected in UInt32(1)..<9 {
            let victim = policy.evict(hash: { $0 }, isExpired: { _ in false })
            #expect(victim == expected)
        }
        let violations = policy.violations(live: [0, 9])
        #expect(violations == [])
    }

    @Test func theHandTakesTheExpiredWhateverTheirHits() {
        var policy = S3FIFO(capacity: 10, isWeighted: false)
        policy.reserve(slots: 10)
        for slot in UInt32(0)..<10 { policy.admit(slot, cost: 1, isRemembered: false) }
        for _ in 0..<3 { policy.recordHit(0) }
        let victim = policy.evict(hash: { $0 }, isExpired: { $0 == 0 })
        #expect(victim == 0)
        let isRemembered = policy.remembers(0)
        #expect(!isRemembered)
        let violations = policy.violations(live: Array(1..<10))
        #expect(violations == [])
    }

    @Test func theSlotToKeepIsKept() {
        var policy = S3FIFO(capacity: 100, isWeighted: true)
        policy.reserve(slots: 10)
        for slot in UInt32(0)..<10 { policy.admit(slot, cost: 10, isRemembered: slot.isMultiple(of: 2)) }
        policy.changeCost(of: 1, to: 100)
        var victims: Set<UInt32> = []
        while policy.cost > 100, let victim = policy.evict(keeping: 1, hash: { $0 }, isExpired: { _ in false }) {
            victims.insert(victim)
        }
        #expect(victims.count == 9)
        let another = policy.evict(keeping: 1, hash: { $0 }, isExpired: { _ in false })
        #expect(another == nil)
        let violations = policy.violations(live: [1])
        #expect(violations == [])
    }

    @Test func theSlotToKeepIsKeptWhereMainHoldsNothingElse() {
        var policy = S3FIFO(capacity: 100, isWeighted: true)
        policy.reserve(slots: 2)
        policy.admit(0, cost: 95, isRemembered: true)
        policy.admit(1, cost: 5, isRemembered: false)
        policy.changeCost(of: 0, to: 96)
        let victim = policy.evict(keeping: 0, hash: { $0 }, isExpired: { _ in false })
        #expect(victim == 1)
        let violations = policy.violations(live: [0])
        #expect(violations == [])
    }

    /// Zipf's law with exponent 1 over 10,000 keys, and now and then a scan of keys that never come again.
    private static func zipfWithScans(requests: Int) -> [Int] {
        var random = SeededGenerator(seed: 7)
        var sums: [Double] = []
        var sum = 0.0
        for rank in 1...10_000 {
            sum += 1 / Double(rank)
            sums.append(sum)
        }
        var trace: [Int] = []
        var fresh = 1_000_000
        while trace.count < requests {
            if Int.random(in: 0..<2_000, using: &random) == 0 {
                for _ in 0..<500 {
                    trace.append(fresh)
                    fresh += 1
                }
            }
            let target = Double.random(in: 0..<sum, using: &random)
            var low = 0
            var high = sums.count - 1
            while low < high {
                let middle = (low + high) / 2
                if sums[middle] > target { high = middle } else { low = middle + 1 }
            }
            trace.append(low)
        }
        return trace
    }

    /// LRU or FIFO, the plain way: the time of the last use (or of the insertion), and a queue of them with leftovers.
    private static func hitRatio(_ trace: [Int], entries: Int, isMovedByHits: Bool) -> Double {
        var lastUse: [Int: Int] = [:]
        var queue: [(key: Int, time: Int)] = []
        var oldest = 0
        var hits = 0
        for (time, key) in trace.enumerated() {
            if lastUse[key] != nil {
                hits += 1
                if isMovedByHits {
                    lastUse[key] = time
                    queue.append((key, time))
                }
                continue
            }
            while lastUse.count >= entries {
                let candidate = queue[oldest]
                oldest += 1
                if lastUse[candidate.key] == candidate.time { lastUse[candidate.key] = nil }
            }
            lastUse[key] = time
            queue.append((key, time))
        }
        return Double(hits) / Double(trace.count)
    }
}
