import Replay
import Testing

// The whole sequences' digests are in Traces/SHA256SUMS and checked where they are generated, by scripts/hit-ratios.
@Suite
struct SyntheticWorkloadTests {
    @Test
    func zipfBeginsAsPublished() {
        var workload = SyntheticWorkload(.zipf)
        workload.requests = 3
        #expect(
            workload.trace().keys == [13_564_971_763_896_621_636, 6_044_530_020_488_044_865, 2_038_608_524_547_893_592]
        )
    }

    @Test
    func scanBringsFreshKeysBetween() {
        var workload = SyntheticWorkload(.scan)
        workload.exponent = 0.9
        workload.scanEvery = 3
        workload.scanLength = 2
        workload.requests = 6
        #expect(
            workload.trace().keys == [
                2_475_505_609_494_469_522, 2_678_883_606_364_532_500, 6_302_864_214_067_040_526,
                2_296_115_805_719_413_641, 7_882_709_430_234_828_229, 13_679_457_532_755_275_413,
            ]
        )
    }

    @Test
    func loopComesRound() {
        var workload = SyntheticWorkload(.loop)
        workload.keys = 3
        workload.requests = 4
        let keys = workload.trace().keys
        #expect(keys[0] == 16_294_208_416_658_607_535)
        #expect(keys[3] == keys[0])
        #expect(Set(keys).count == 3)
    }

    @Test
    func phaseChangesTwice() {
        var workload = SyntheticWorkload(.phase)
        workload.requests = 9
        let keys = workload.trace().keys
        #expect(keys[3] == 3_886_216_201_191_665_861)
        #expect(keys[6] == 1_332_786_401_090_877_013)
        #expect(keys.count == 9)
    }

    @Test(
        arguments: [
            (13_564_971_763_896_621_636, 2451), (16_294_208_416_658_607_535, 82), (12_996_684_108_577_263_389, 10_297),
        ] as [(UInt64, Int)]
    )
    func sizeIsAFunctionOfTheKey(key: UInt64, size: Int) {
        #expect(SyntheticWorkload.size(of: key) == size)
    }
}
