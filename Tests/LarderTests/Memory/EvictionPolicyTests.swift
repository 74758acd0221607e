import Foundation
import Larder
import LarderTesting
import Testing

@testable import Larder

@Suite(.integrity) struct EvictionPolicyTests {
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
        #expect(cache.checkInvariants() == [])
    }

    @Test func aLoopLongerThanTheCacheIsHeldInPart() {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(100))
        var hits = 0
        for request in 0..<60_000 {
            let key = request % 150
            if cache.value(forKey: key) != nil { hits += 1 } else { cache.insert(key, forKey: key) }
        }
        // LRU and FIFO would have none; 66 % is the most there can be.
        #expect(hits > 60_000 * 60 / 100, "\(hits)")
        #expect(cache.checkInvariants() == [])
    }

    @Test func favouritesOfThePastMakeRoomForThoseOfToday() {
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(100))
        for _ in 0..<200 { for key in 0..<90 where cache.value(forKey: key) == nil { cache.insert(key, forKey: key) } }
        var hits = 0
        for round in 0..<40 {
            for key in 1_000..<1_090 {
                if cache.value(forKey: key) != nil { hits += 1 } else { cache.insert(key, forKey: key) }
                // Strangers, each of them once.
                cache.insert(0, forKey: 1_000_000 + round * 1_000 + key)
            }
        }
        #expect(hits > 40 * 90 / 2, "\(hits)")
        #expect(cache.checkInvariants() == [])
    }

    @Test func theWindowGrowsWhileRefusedKeysComeBack() {
        var traffic = Traffic(capacity: 1_000)
        for key in UInt32(0)..<1_000 { traffic.ask(key) }
        let before = traffic.policy.target
        // News: everything is asked for twice, when it is new, and never again.
        for wave in UInt32(0)..<40 {
            for _ in 0..<2 { for key in UInt32(0)..<60 { traffic.ask(10_000 + wave * 60 + key) } }
        }
        let afterwards = traffic.policy.target
        #expect(before == 20)
        #expect(afterwards >= 55 && afterwards <= 800, "\(afterwards)")
        let violations = traffic.policy.violations(live: Array(traffic.slots.values))
        #expect(violations == [])
    }

    @Test func theWindowStaysSmallInALoop() {
        var traffic = Traffic(capacity: 1_000)
        for _ in 0..<20 { for key in UInt32(0)..<1_500 { traffic.ask(key) } }
        let target = traffic.policy.target
        #expect(target < 60, "\(target)")
    }

    @Test func theSketchKnowsKeysThatLeft() {
        var sketch = FrequencySketch(lines: 2)
        for _ in 0..<3 { sketch.grow() }
        for key in UInt32(0)..<100 { for _ in 0...(key % 8) { sketch.add(key, entries: 1_000) } }
        for _ in 0..<3 { sketch.grow() }
        let wrong = (UInt32(0)..<100).count { key in sketch.estimate(key) != Int(key % 8) + 1 }
        // Two keys share all four of their counters now and then.
        #expect(wrong < 10)
    }

    @Test func theSketchForgets() {
        var sketch = FrequencySketch(lines: 16)
        for _ in 0..<15 { sketch.add(1, entries: 10) }
        let before = sketch.estimate(1)
        for key in UInt32(100)..<300 { sketch.add(key, entries: 10) }
        let afterwards = sketch.estimate(1)
        #expect(before == 15)
        #expect(afterwards < 8)
    }

    @Test func theHandTakesTheExpiredWhateverTheirHits() {
        var policy = EvictionPolicy(capacity: 10, isWeighted: false)
        policy.reserve(slots: 10)
        for slot in UInt32(0)..<10 { policy.admit(slot, cost: 1, cameBack: false) }
        for _ in 0..<3 { policy.recordHit(0) }
        let isFull = policy.arrive(100, cost: 1)
        let victim = policy.evict(hash: { $0 }, isExpired: { $0 == 0 })
        #expect(victim == 0)
        let cameBack = policy.arrive(0, cost: 1)
        #expect(!isFull && !cameBack)
        let violations = policy.violations(live: Array(1..<10))
        #expect(violations == [])
    }

    @Test func theSlotToKeepIsKept() {
        var policy = EvictionPolicy(capacity: 100, isWeighted: true)
        policy.reserve(slots: 10)
        for slot in UInt32(0)..<10 { policy.admit(slot, cost: 10, cameBack: slot.isMultiple(of: 2)) }
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

    @Test func theSlotToKeepIsKeptWhereItsQueueHoldsNothingElse() {
        for kept in UInt32(0)...1 {
            var policy = EvictionPolicy(capacity: 100, isWeighted: true)
            policy.reserve(slots: 2)
            // The first goes to main when the second comes.
            policy.admit(0, cost: 50, cameBack: false)
            policy.admit(1, cost: 50, cameBack: false)
            policy.changeCost(of: kept, to: 96)
            for _ in 0..<3 { policy.recordHit(0) }
            let victim = policy.evict(keeping: kept, hash: { $0 }, isExpired: { _ in false })
            #expect(victim == 1 - kept)
            let violations = policy.violations(live: [kept])
            #expect(violations == [])
        }
    }

    /// A policy with all that a cache has around it, for keys that are their own hashes.
    private struct Traffic: ~Copyable {
        var policy: EvictionPolicy
        var slots: [UInt32: UInt32] = [:]
        var keys: [UInt32]

        init(capacity: Int) {
            self.policy = EvictionPolicy(capacity: capacity, isWeighted: false)
            self.policy.reserve(slots: capacity)
            self.keys = Array(repeating: 0, count: capacity)
        }

        mutating func ask(_ key: UInt32) {
            if let slot = self.slots[key] {
                self.policy.recordHit(slot)
                return
            }
            let cameBack = self.policy.arrive(key, cost: 1)
            var slot = UInt32(self.slots.count)
            if self.policy.cost == self.policy.capacity {
                let keys = self.keys
                slot = self.policy.evict(hash: { keys[Int($0)] }, isExpired: { _ in false }) ?? .max
                self.slots[keys[Int(slot)]] = nil
            }
            self.slots[key] = slot
            self.keys[Int(slot)] = key
            self.policy.admit(slot, cost: 1, cameBack: cameBack)
        }
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
