import Larder
import LarderTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct MemoryCollectionsConformanceTests {
    private static let checks =
        CollectionConformance.checks + LeaderboardConformance.checks + DistinctCountConformance.checks
        + StreamConformance.checks

    @Test(arguments: Self.checks)
    func memoryCollectionsConform(_ check: CollectionCheck) async throws {
        let clock = ManualClock()
        let store = MemoryCollections(clock: CacheClock(clock))
        try await check.run(on: CollectionStoreUnderTest(store) { clock.advance(by: $0) })
    }
}
