import Larder
import LarderTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct MemoryCollectionsConformanceTests {
    @Test(arguments: CollectionConformance.checks)
    func memoryCollectionsConform(_ check: CollectionCheck) async throws {
        let clock = ManualClock()
        let store = MemoryCollections(clock: CacheClock(clock))
        try await check.run(on: CollectionStoreUnderTest(store) { clock.advance(by: $0) })
    }
}
