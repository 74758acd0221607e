import Replay
import Testing

/// A cache that expectations can ask: they do not take what mutates.
private final class Asked {
    private var cache: any SimulatedCache

    init(_ cache: any SimulatedCache) {
        self.cache = cache
    }

    func request(_ key: UInt64, size: Int = 1) -> Bool {
        self.cache.request(key, size: size)
    }
}

@Suite
struct SimulatedCacheTests {
    /// Which of the requests are hits, worked out by hand.
    private func hits(_ cache: any SimulatedCache, _ keys: [UInt64]) -> [Bool] {
        let cache = Asked(cache)
        return keys.map { cache.request($0) }
    }

    @Test
    func fifoForgetsTheOldestHoweverOftenItIsAskedFor() {
        #expect(self.hits(FIFO(room: 2), [1, 2, 1, 3, 1, 2]) == [false, false, true, false, false, false])
    }

    @Test
    func lruKeepsWhatWasAskedForLast() {
        #expect(self.hits(LRU(room: 2), [1, 2, 1, 3, 1, 2]) == [false, false, true, false, true, false])
    }

    @Test
    func lruAgreesWithAListInOrder() {
        var random = XorShift(seed: 7)
        let zipf = Zipf(ranks: 60, exponent: 0.7)
        let cache = Asked(LRU(room: 20))
        var list: [UInt64] = []
        for _ in 0..<20_000 {
            let key = UInt64(zipf.rank(at: random.double()))
            let index = list.firstIndex(of: key)
            if let index { list.remove(at: index) }
            list.append(key)
            if list.count > 20 { list.removeFirst() }
            #expect(cache.request(key) == (index != nil))
        }
    }

    @Test
    func lruMakesRoomForSizes() {
        let cache = Asked(LRU(room: 10))
        #expect(!cache.request(1, size: 4))
        #expect(!cache.request(2, size: 4))
        #expect(cache.request(1, size: 4))
        // Does not fit beside both: 2 has to go, 1 stays.
        #expect(!cache.request(3, size: 5))
        #expect(cache.request(1, size: 4))
        #expect(!cache.request(2, size: 4))
    }

    @Test
    func whatIsLargerThanTheRoomIsNeverHeld() {
        for cache in [Asked(LRU(room: 10)), Asked(FIFO(room: 10))] {
            #expect(!cache.request(1, size: 10))
            #expect(!cache.request(2, size: 11))
            #expect(!cache.request(2, size: 11))
            #expect(cache.request(1, size: 10))
        }
    }

    @Test
    func s3fifoTakesAKeyBackIntoMainThatReturnsSoon() {
        let cache = Asked(S3FIFO(entries: 10))
        // Ten fill it; the eleventh pushes 0 out of the small queue, and its ghost is remembered.
        for key in 0...10 { #expect(!cache.request(UInt64(key))) }
        #expect(!cache.request(0))
        // In main now: a scan passes it by.
        for key in 100..<200 { #expect(!cache.request(UInt64(key))) }
        #expect(cache.request(0))
    }

    @Test
    func s3fifoMovesWhatWasAskedForTwiceToMain() {
        let cache = Asked(S3FIFO(entries: 10))
        for _ in 0..<3 { _ = cache.request(1) }
        for _ in 0..<2 { _ = cache.request(2) }
        for key in 100..<200 { #expect(!cache.request(UInt64(key))) }
        #expect(cache.request(1))
        #expect(!cache.request(2))
    }

    @Test(arguments: SimulatedPolicy.allCases)
    func aCacheWithoutRoomHoldsNothing(policy: SimulatedPolicy) {
        #expect(self.hits(policy.cache(entries: 0), [1, 1, 1]) == [false, false, false])
    }

    @Test(arguments: SimulatedPolicy.allCases)
    func everythingIsHeldWhereThereIsRoom(policy: SimulatedPolicy) {
        let keys = (0..<100).map { UInt64($0) }
        #expect(self.hits(policy.cache(entries: 100), keys + keys).filter(\.self).count == 100)
    }
}
