import Larder
import LarderFiles
import LarderTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct FileStoreConformanceTests {
    @Test(arguments: StoreConformance.checks)
    func fileStoreConforms(_ check: StoreCheck) async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let store = try folder.store { $0.clock = CacheClock(clock) }
        try await check.run(on: StoreUnderTest(store) { clock.advance(by: $0) })
        await store.shutdown()
    }
}
