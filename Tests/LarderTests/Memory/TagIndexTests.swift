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
                if index.isFull { index.grow { hashes[$0] ?? 0 } }
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

    @Test func anEmptyTableEndsEverySearchAtTheFirstBucket() {
        var index = TagIndex()
        // Churn leaves no tombstones: after it, a look-up that finds nothing looks at nothing.
        for slot in UInt32(0)..<10_000 {
            let hash = slot &* 0x9E37_79B9
            index.insert(hash, slot: slot)
            index.remove(hash, slot: slot)
        }
        for hash in UInt32(0)..<1_000 {
            let found = index.find(hash) { _ in true }
            #expect(found == TagIndex.none)
        }
    }
}
