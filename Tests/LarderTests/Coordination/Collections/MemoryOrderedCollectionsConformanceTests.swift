import Larder
import LarderTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct MemoryOrderedCollectionsConformanceTests {
    private static func run(_ check: CollectionCheck) async throws {
        let clock = ManualClock()
        let store = MemoryCollections(clock: CacheClock(clock))
        try await check.run(on: CollectionStoreUnderTest(store) { clock.advance(by: $0) })
    }

    @Test(arguments: LeaderboardConformance.checks)
    func leaderboardsInMemoryConform(_ check: CollectionCheck) async throws { try await Self.run(check) }

    @Test(arguments: DistinctCountConformance.checks)
    func distinctCountsInMemoryConform(_ check: CollectionCheck) async throws { try await Self.run(check) }

    @Test(arguments: StreamConformance.checks)
    func streamsInMemoryConform(_ check: CollectionCheck) async throws { try await Self.run(check) }
}
