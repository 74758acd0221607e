import LarderTesting
import Testing

@testable import Larder

@Suite struct TagIndexTests {
    @Test(arguments: [UInt32.max, 0xFFF, 0x3FF, 0])
    func findsWhatIsThereAndNothingElse(_ spread: UInt32) {
        // The narrower the hashes, the longer the chains over full buckets.
        var random = SeededGenerator(seed: UInt64(spread))
        var index = TagIndex()
        var hashes: [UInt32: UInt32] = [:]
        for _ in 0..<20_000 {
            let slot = UInt32.random(in: 0..<(spread == 0 ? 200 : 2_000), using: &random)
            if let hash = hashes[slot] {
                let found = index.find(hash) { $0 == slot }
                #expect(found == slot)
                index.remove(hash, slot: slot)
                hashes[slot] = nil
                let foundAfter = index.find(hash) { $0 == slot }
                #expect(foundAfter == TagIndex.none)
            } else {
                let hash = UInt32.random(in: 0...UInt32.max, using: &random) & spread
                let found = index.find(hash) { $0 == slot }
                #expect(found == TagIndex.none)
                index.makeReady(limit: .max) { hashes[$0] ?? 0 }
                index.insert(hash, slot: slot)
                hashes[slot] = hash
            }
        }
        let count = Int(index.count)
        #expect(count == hashes.count)
        var all: Set<UInt32> = []
        index.forEach { all.insert($0) }
        #expect(all == Set(hashes.keys))
        for (slot, hash) in hashes { index.remove(hash, slot: slot) }
        let left = index.count
        #expect(left == 0)
    }

    @Test(arguments: [Int.max, 300_000, 65_536])
    func growsAFewBucketsAtATime(_ limit: Int) {
        var random = SeededGenerator(seed: 5)
        let hashes = (0..<min(limit, 200_000)).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) }
        var index = TagIndex()
        var mostMoved = 0
        var moved = 0
        for (slot, hash) in hashes.enumerated() {
            if index.needsWork {
                let now = index.makeReady(limit: limit) { hashes[Int($0)] }
                mostMoved = max(mostMoved, now)
                moved += now
            }
            index.insert(hash, slot: UInt32(slot))
        }
        // Four buckets have 24 places, and some of their entries lie farther on.
        #expect(mostMoved <= 48)
        #expect(moved < hashes.count * 3)
        let missing = hashes.indices.count { slot in
            index.find(hashes[slot]) { $0 == UInt32(slot) } == TagIndex.none
        }
        #expect(missing == 0)
        if limit == hashes.count {
            // Made to measure: five of six places taken, eight bytes for the tags of six.
            let bytes = index.bytes
            #expect(bytes <= limit * 65 / 10)
        }
    }

    @Test func becomesSmallerWhereMostHaveGone() {
        var random = SeededGenerator(seed: 6)
        let hashes = (0..<50_000).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) }
        var index = TagIndex()
        for (slot, hash) in hashes.enumerated() {
            index.makeReady(limit: .max) { hashes[Int($0)] }
            index.insert(hash, slot: UInt32(slot))
        }
        let most = index.bytes
        for slot in 1_000..<50_000 { index.remove(hashes[slot], slot: UInt32(slot)) }
        for slot in 1_000..<50_000 {
            index.makeReady(limit: .max) { hashes[Int($0)] }
            index.insert(hashes[slot], slot: UInt32(slot))
            index.remove(hashes[slot], slot: UInt32(slot))
        }
        let least = index.bytes
        #expect(least < most / 8)
        let missing = (0..<1_000).count { slot in index.find(hashes[slot]) { $0 == UInt32(slot) } == TagIndex.none }
        #expect(missing == 0)
    }

    @Test func anEmptyTableEndsEverySearchAtTheFirstBucket() {
        var index = TagIndex()
        // Churn leaves no tombstones: after it, a look-up that finds nothing looks at nothing.
        for slot in UInt32(0)..<10_000 {
            let hash = slot &* 0x9E37_79B9
            index.makeReady(limit: .max) { _ in 0 }
            index.insert(hash, slot: slot)
            index.remove(hash, slot: slot)
        }
        for hash in UInt32(0)..<1_000 {
            let found = index.find(hash) { _ in true }
            #expect(found == TagIndex.none)
        }
    }
}
