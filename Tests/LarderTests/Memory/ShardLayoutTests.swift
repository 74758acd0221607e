import Larder
import Testing

@Suite struct ShardLayoutTests {
    @Test func partsAddUpToTheLimit() {
        for limit in [0, 1, 2, 10, 255, 256, 1_000, 99_999, 1_000_000, 50_000_000] {
            for layout in [ShardLayout(entries: limit, cores: 6), ShardLayout(cost: limit, cores: 6)] {
                #expect((0..<layout.shards).reduce(0) { $0 + layout.capacity(of: $1) } == limit)
                #expect(layout.shards & (layout.shards - 1) == 0)
            }
        }
    }

    @Test func shardsHoldEnoughForThePolicyAndFewEnoughToGrowQuickly() {
        for limit in [256, 1_000, 5_000, 100_000, 10_000_000] {
            let layout = ShardLayout(entries: limit, cores: 2)
            #expect(layout.capacity(of: layout.shards - 1) >= 128)
            #expect(layout.capacity(of: 0) <= 1 << 16)
        }
        #expect(ShardLayout(entries: 255, cores: 64).shards == 1)
        #expect(ShardLayout(entries: 100_000, cores: 2).shards == 16)
    }

    @Test func smallLimitsByCostAreInOneShard() {
        #expect(ShardLayout(cost: 100_000, cores: 64).shards == 1)
        #expect(ShardLayout(cost: 1 << 20, cores: 2).shards == 4)
        #expect(ShardLayout(cost: .max, cores: 2).shards == 1 << 16)
    }
}
