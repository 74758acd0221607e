import Larder
import LarderTesting
import Testing

@Suite struct MemoryStoreConformanceTests {
    @Test(arguments: StoreConformance.checks)
    func memoryStoreLimitedByEntriesConforms(_ check: StoreCheck) async throws {
        let clock = ManualClock()
        let store = MemoryStore(limit: .entries(10_000), clock: CacheClock(clock))
        try await check.run(on: StoreUnderTest(store) { clock.advance(by: $0) })
    }

    @Test(arguments: StoreConformance.checks)
    func memoryStoreLimitedByCostConforms(_ check: StoreCheck) async throws {
        let clock = ManualClock()
        let store = MemoryStore(limit: .cost(100_000) { _, _ in 1 }, clock: CacheClock(clock))
        try await check.run(on: StoreUnderTest(store) { clock.advance(by: $0) })
    }
}
